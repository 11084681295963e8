"""The page of a notice as people meet it: from the letter to a reference, any screen, light, dark, on paper."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.builders import OPERATOR, SHIPMENT
from tests.e2e.notice_links import notice_link, post_end
from tests.e2e.proofs import check
from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting
from tests.integration.api.service import fresh_event, now

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE, DESKTOP = {"width": 360, "height": 760}, {"width": 1100, "height": 800}
NARROWEST = {"width": 320, "height": 640}
REPORT = "Zgłoś brak awiza"
BYTES_MAX = 60_000  # of the page with its stylesheet, without the typeface, which is kept

State = Callable[[Page, Site], Awaitable[None]]


async def waiting(page: Page, site: Site) -> None:
    await page.goto(await notice_link(site))
    await page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
    await expect(page.get_by_role("button")).to_have_count(3)


async def reported(page: Page, site: Site) -> None:
    await page.goto(await notice_link(site))
    await page.get_by_role("button", name=REPORT).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Zapisano: nie masz papierowego awiza")


async def reported_before(page: Page, site: Site) -> None:
    await reported(page, site)
    await page.get_by_role("link", name="Wróć do zawiadomienia").click()
    await expect(page.get_by_role("button")).to_have_count(2)


async def collected(page: Page, site: Site) -> None:
    link = await notice_link(site)
    await post_end(site, fresh_event("delivered", id="end", at=now() - timedelta(seconds=1)))
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Już odebrano lub doręczono")


async def damaged(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/n/damaged")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


every_state = pytest.mark.parametrize(
    "state", [waiting, reported, reported_before, collected, damaged], ids=lambda state: state.__name__
)


@every_state
async def test_no_state_has_a_barrier_in_light_or_dark(browser: Browser, site: Site, state: State) -> None:
    async with visiting(browser, site.origins, color_scheme="light", reduced_motion="reduce") as page:
        await state(page, site)
        found = {"light": await barriers(page)}
        await page.emulate_media(color_scheme="dark")
        found["dark"] = await barriers(page)
        assert found == {"light": [], "dark": []}


@every_state
async def test_no_state_scrolls_sideways_on_the_narrowest_screen(browser: Browser, site: Site, state: State) -> None:
    async with visiting(browser, site.origins, viewport=NARROWEST) as page:
        await state(page, site)
        widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths == [320, 320]


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["javascript", "no-javascript"])
async def test_a_missing_slip_is_reported_from_the_letter_and_the_reference_is_what_support_sees(
    browser: Browser, site: Site, viewport: dict[str, int], *, java_script_enabled: bool
) -> None:
    link = await notice_link(site)
    async with visiting(browser, site.origins, java_script_enabled=java_script_enabled, viewport=viewport) as page:
        await page.goto(site.sandbox.base_url)
        letter = page.frame_locator(".letter iframe")
        async with page.expect_popup() as opened:
            await letter.get_by_role("link", name=REPORT).click()
        notice = await opened.value
        assert notice.url == link
        await expect(notice.get_by_role("heading", level=1)).to_contain_text("UP Warszawa 32")
        await notice.get_by_role("button", name=REPORT).click()
        reference = await notice.locator(".number").text_content()
        assert re.fullmatch(r"AW-\w{4}-\w{4}", reference or "")
        await notice.reload()
        await expect(notice.locator(".number")).to_have_text(reference or "")
    answer = (await site.client.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}")).json()
    (told,) = [entry for entry in answer["timeline"] if entry["kind"] == "statement"]
    assert (told["statement"], told["reference"]) == ("disputed", reference)
    assert "paper_notice_missing" in [each["code"] for each in answer["anomalies"]]


async def test_nothing_on_the_page_is_larger_than_the_place_and_the_day(browser: Browser, site: Site) -> None:
    sizes = "all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
    async with visiting(browser, site.origins, viewport=PHONE) as page:
        await waiting(page, site)
        headlines = await page.locator("main .headline").evaluate_all(sizes)
        others = await page.locator("main :not(.headline)").evaluate_all(sizes)
        assert len(headlines) == 2
        assert min(headlines) > max(others)


async def test_the_proof_of_a_reported_notice_is_verified_in_the_browser_and_names_the_act(
    browser: Browser, site: Site
) -> None:
    async with visiting(browser, site.origins, locale="en-GB") as page:
        await reported(page, site)
        (letter,) = (await site.client.get("/v1/notifications?channel=email&kind=notice_left")).json()["items"]
        bundle = await published(site, letter["id"], b"recipient.disputed")
        await page.goto(f"{site.url}/verify")
        await check(page, bundle, (await site.client.get("/log/vkey")).text)
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.get_by_text("The person objected").first).to_be_visible()


async def published(site: Site, notification: str, fact: bytes) -> bytes:
    """Its proof once that fact is published."""
    async with asyncio.timeout(60):
        while True:
            bundle = (await site.client.get(f"/v1/notifications/{notification}/proof")).content
            if fact in bundle:
                return bundle
            await asyncio.sleep(0.1)


async def test_by_keyboard_the_answers_are_reached_in_their_order(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await page.goto(await notice_link(site))
        passed = []
        while not passed or passed[-1] != REPORT:
            await page.keyboard.press("Tab")
            focused = page.locator(":focus")
            assert await focused.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
            passed.append((await focused.inner_text()).strip())
            assert len(passed) < 20
        assert passed == ["Polski", "English", "Українська", "Dodaj ten dzień do kalendarza", "Dalsze dni", REPORT]
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Zapisano: nie masz papierowego awiza")


async def test_on_paper_all_days_stand_and_nothing_can_be_pressed(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins, color_scheme="dark") as page:
        await page.goto(await notice_link(site))
        await page.emulate_media(media="print")
        for table in await page.get_by_role("table").all():
            await expect(table).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)
        assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


async def test_the_calendar_file_is_handed_over_as_a_file(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await page.goto(await notice_link(site))
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Dodaj ten dzień do kalendarza").click()
        file = await downloading.value
        assert file.suggested_filename == "awizo.ics"
        assert (await file.path()).read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


async def test_the_language_chosen_on_the_page_stays_through_an_answer_and_back(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await page.goto(await notice_link(site))
        await page.get_by_role("link", name="English").click()
        await page.get_by_role("button", name="Got it").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Recorded: the message reached you")
        await page.get_by_role("link", name="Back to the notice").click()
        await expect(page.get_by_role("button", name="Not for me")).to_be_visible()
        assert await page.context.cookies() == []


async def test_the_page_is_light(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        link = await notice_link(site)
        await page.goto(link)
        stylesheet = await page.locator("link[rel=stylesheet]").get_attribute("href")
        answers = [await page.request.get(address) for address in (link, f"{site.url}{stylesheet}")]
        assert sum([len(await answer.body()) for answer in answers]) < BYTES_MAX
