"""The page of honest figures as people meet it: any screen, light, dark, on paper, by keyboard, without JavaScript."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting
from tests.unit.web.figures import PAST, PRESENT, not_counted, nothing_happened, some_figures
from tests.unit.web.status_site import Records

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 360, "height": 760}
COUNTING_SECONDS = 60.0
NARROWEST = {"width": 320, "height": 640}

Given = Callable[[], Records]
STATES: dict[str, Given] = {
    "full": lambda: Records(ended=PAST, ongoing=PRESENT),
    "nothing happened": lambda: Records(figures=nothing_happened()),
    "not counted": lambda: Records(figures=not_counted(), operators=()),
    "away": lambda: Records(away=True),
}
every_state = pytest.mark.parametrize("state", STATES)

# Words of a chart that stand in each other's way, or outside their picture.
COLLIDING = """() => [...document.querySelectorAll("svg.chart")].flatMap((chart) => {
  const frame = chart.getBoundingClientRect();
  const words = [...chart.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const outside = words.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1);
  const over = words.filter(([, box], index) => words.slice(index + 1).some(([, other]) =>
    box.right > other.left && other.right > box.left && box.bottom > other.top && other.bottom > box.top));
  return [...outside, ...over].map(([text]) => text);
})"""
FONTS = "async () => { await document.fonts.ready; return [...document.fonts].map((font) => font.status); }"


async def unfold(page: Page) -> None:
    await page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")


@every_state
async def test_no_state_has_a_barrier_in_light_or_dark(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    STATES[state]().tell(monkeypatch)
    async with visiting(browser, site.origins, color_scheme="light", reduced_motion="reduce") as page:
        await page.goto(f"{site.url}/status")
        await unfold(page)
        found = {"light": await barriers(page)}
        await page.emulate_media(color_scheme="dark")
        found["dark"] = await barriers(page)
        assert found == {"light": [], "dark": []}


@every_state
async def test_no_state_scrolls_sideways_on_the_narrowest_screen(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    STATES[state]().tell(monkeypatch)
    async with visiting(browser, site.origins, viewport=NARROWEST) as page:
        await page.goto(f"{site.url}/status")
        await unfold(page)
        widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths == [320, 320]


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
async def test_the_words_of_the_charts_find_room_on_a_telephone_even_for_large_numbers(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    figures = some_figures()
    many = tuple(
        replace(day, sent=day.sent * 1000, suppressed={name: 20 * count for name, count in day.suppressed.items()})
        for day in figures.days
    )
    Records(figures=replace(figures, days=many)).tell(monkeypatch)
    async with visiting(browser, site.origins, viewport=PHONE) as page:
        await page.goto(f"{site.url}/status?lang={language}")
        assert await page.evaluate(FONTS) == ["loaded", "loaded"]
        assert await page.evaluate(COLLIDING) == []


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["javascript", "no-javascript"])
async def test_the_numbers_behind_a_chart_are_unfolded_with_and_without_javascript(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch, *, java_script_enabled: bool
) -> None:
    Records().tell(monkeypatch)
    async with visiting(browser, site.origins, java_script_enabled=java_script_enabled, locale="en-GB") as page:
        await page.goto(f"{site.url}/status")
        sent = page.get_by_role("region", name="Sent", exact=True)
        await expect(sent.get_by_role("img", name="Sent")).to_be_visible()
        await expect(sent.get_by_role("table")).to_be_hidden()
        await sent.get_by_text("The numbers").click()
        await expect(sent.get_by_role("row")).to_have_count(31)
        await expect(sent.get_by_role("row").last).to_contain_text("Monday, 23 November")


async def test_one_operator_is_chosen_and_the_language_stays_the_readers_choice(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    Records().tell(monkeypatch)
    async with visiting(browser, site.origins, locale="en-GB") as page:
        await page.goto(f"{site.url}/status")
        await page.get_by_role("link", name="Українська").click()
        await page.get_by_role("link", name="Poczta Polska").click()
        await expect(page.get_by_role("heading", level=2).first).to_have_text("30 днів стисло: Poczta Polska")
        assert page.url == f"{site.url}/status?operator=poczta-polska&lang=uk"
        await page.get_by_role("link", name="Polski").click()
        await expect(page.get_by_role("heading", level=2).first).to_have_text("30 dni w skrócie: Poczta Polska")
        assert await page.context.cookies() == []


async def test_by_keyboard_the_numbers_can_be_reached_and_unfolded(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    Records(operators=("inpost",)).tell(monkeypatch)
    async with visiting(browser, site.origins, locale="en-GB") as page:
        await page.goto(f"{site.url}/status")
        passed = []
        while not passed or not passed[-1].startswith("The numbers"):
            await page.keyboard.press("Tab")
            focused = page.locator(":focus")
            assert await focused.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
            passed.append(await focused.text_content() or "")
        assert passed == ["Polski", "English", "Українська", "All operators", "InPost", "The numbers: Sent"]
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("table").first).to_be_visible()


async def test_on_paper_all_numbers_stand_below_their_charts_and_nothing_can_be_pressed(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    Records(ended=PAST).tell(monkeypatch)
    async with visiting(browser, site.origins, color_scheme="dark") as page:
        await page.goto(f"{site.url}/status")
        await page.emulate_media(media="print")
        tables = page.get_by_role("table")
        await expect(tables).to_have_count(5)
        for table in await tables.all():
            await expect(table).to_be_visible()
        await expect(page.locator("nav").first).to_be_hidden()
        await expect(page.locator("summary").first).to_be_hidden()
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


async def test_what_a_running_service_sent_is_shown_with_a_checkpoint_that_can_be_followed(
    browser: Browser, site: Site
) -> None:
    await site.register()
    await site.post()
    await site.arrived(sms=1, emails=1)
    async with visiting(browser, site.origins, locale="en-GB") as page:
        sent = page.locator("dl.sums > div", has_text="messages sent").locator("dd")
        async for _ in _looks(page, f"{site.url}/status"):
            if await sent.count() and await sent.inner_text() == "2":
                break
        origin = await page.locator("dl:not(.sums) dd").first.inner_text()
        await page.get_by_role("link", name="The newest checkpoint of the log").click()
        assert (await page.locator("body").inner_text()).startswith(f"{origin}\n")


async def _looks(page: Page, url: str) -> AsyncIterator[None]:
    """The page again and again, for as long as counting may take."""
    async with asyncio.timeout(COUNTING_SECONDS):
        while True:
            await page.goto(url)
            yield
            await asyncio.sleep(0.5)
