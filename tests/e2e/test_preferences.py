"""People and their settings in a browser: any screen, with and without JavaScript, by keyboard, light and dark."""

import json
import re

import httpx
import pytest
from playwright.async_api import Browser, Page, Response, expect

from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.e2e.people import codes_at, sign_in, type_code
from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting
from tests.second_verifier import verify

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SCREENS = {"phone": {"width": 360, "height": 760}, "desktop": {"width": 1100, "height": 800}}
NARROWEST = {"width": 320, "height": 640}
PAGES = (
    *("", "/messages", "/agree?want=sms.incident", "/quiet", "/pause", "/wording", "/contacts", "/sent"),
    *("/data", "/erase", "/again"),
)
NEW = "+48600100333"

every_screen = pytest.mark.parametrize("screen", SCREENS)
with_and_without_javascript = pytest.mark.parametrize(
    "java_script_enabled", [True, False], ids=["javascript", "no-javascript"]
)


async def heading(page: Page, text: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)
    await page.wait_for_load_state()  # with its stylesheet, by which one sees where the focus is


@every_screen
@with_and_without_javascript
async def test_somebody_signs_in_ends_something_and_takes_it_back(
    browser: Browser, site: Site, screen: str, *, java_script_enabled: bool
) -> None:
    await site.register()
    options = {"viewport": SCREENS[screen], "java_script_enabled": java_script_enabled, "locale": "pl"}
    async with visiting(browser, site.origins, **options) as page:
        await sign_in(page, site)
        await page.get_by_role("link", name="Zmień, co wysyłamy").click()
        waiting = page.get_by_role("group", name="Przesyłki, które na Ciebie czekają", exact=True)
        box = waiting.get_by_role("checkbox", name="E-mail")
        await expect(box).to_be_checked()
        await box.uncheck()
        await page.get_by_role("button", name="Zapisz, co wysyłamy").click()
        await expect(page.get_by_role("status")).to_contain_text(
            "Wyłączono: Przesyłki, które na Ciebie czekają (E-mail)"
        )
        await expect(box).not_to_be_checked()
        told = await site.post()
        assert (told["email"]["status"], told["email"]["reason"]) == ("suppressed", "opted_out")
        await page.get_by_role("button", name="Cofnij").click()
        await heading(page, "Na co się zgadzasz")
        await page.get_by_role("button", name="Zgadzam się").click()
        await expect(page.get_by_role("status")).to_contain_text("Włączono")
        await expect(box).to_be_checked()


@every_screen
@with_and_without_javascript
async def test_somebody_pauses_changes_quiet_hours_and_goes_back(
    browser: Browser, site: Site, screen: str, *, java_script_enabled: bool
) -> None:
    await site.register(language="en")
    options = {"viewport": SCREENS[screen], "java_script_enabled": java_script_enabled, "locale": "en-GB"}
    async with visiting(browser, site.origins, **options) as page:
        await sign_in(page, site)
        await page.get_by_role("link", name="Change the pause").click()
        day = page.get_by_label("First day with messages again")
        await day.fill(await day.get_attribute("max") or "")
        await page.get_by_role("button", name="Pause until that day").click()
        await expect(page.get_by_role("status")).to_contain_text("No messages before")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("status")).to_contain_text("The pause has ended")
        await page.get_by_role("link", name="All settings").click()
        await page.get_by_role("link", name="Change quiet hours").click()
        await page.get_by_label("In my own hours").check()
        await page.get_by_label("My quiet hours begin").fill("21:30")
        await page.get_by_role("button", name="Save quiet hours").click()
        await expect(page.get_by_role("status")).to_contain_text("From 21:30 to 8:00")
        await page.reload()
        await expect(page.get_by_role("status")).to_have_count(0)  # said once, and nothing is sent twice


@every_screen
@with_and_without_javascript
async def test_somebody_adds_a_number_and_confirms_it(
    browser: Browser, site: Site, screen: str, *, java_script_enabled: bool
) -> None:
    await site.register()
    options = {"viewport": SCREENS[screen], "java_script_enabled": java_script_enabled, "locale": "pl"}
    async with visiting(browser, site.origins, **options) as page:
        await sign_in(page, site)
        await page.get_by_role("link", name="Dodaj lub usuń kontakt").click()
        await page.locator("#contact").fill("600 100 333")
        await page.get_by_role("button", name="Dodaj ten kontakt").click()
        await heading(page, "Wpisz kod")
        await page.locator("#code").fill("12")
        await page.get_by_role("button", name="Dalej").click()
        await expect(page.get_by_role("alert")).to_contain_text("Pozostałe próby: 4")
        await type_code(page, site, NEW)
        await heading(page, "Ten kontakt jest potwierdzony")
        await page.get_by_role("link", name="Przejdź do ustawień").click()
        await expect(page.locator("main")).to_contain_text("+48*****333")


@with_and_without_javascript
async def test_somebody_downloads_a_proof_and_the_data_and_is_erased(
    browser: Browser, site: Site, *, java_script_enabled: bool
) -> None:
    await site.register()
    await site.post()
    await site.arrived(sms=1, emails=1)
    options = {"viewport": SCREENS["phone"], "java_script_enabled": java_script_enabled, "locale": "pl"}
    async with visiting(browser, site.origins, **options) as page:
        await sign_in(page, site)
        await page.goto(f"{site.url}/preferences/sent")
        told = page.get_by_role("listitem").filter(has_text="Zostawiono papierowe awizo").filter(has_text="SMS")
        async with page.expect_download() as started:
            await told.get_by_role("link", name="Pobierz dowód").click()
        bundle = (await (await started.value).path()).read_bytes()
        async with httpx.AsyncClient(base_url=site.url, trust_env=False) as client:
            vkeys = (await client.get("/log/vkey")).text.splitlines()
        assert verify(bundle, vkeys).accepted

        await page.goto(f"{site.url}/preferences/data")
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Pobierz moje dane").click()
        export = json.loads((await (await started.value).path()).read_bytes())
        assert export["recipient"] == RECIPIENT

        await page.goto(f"{site.url}/preferences/erase")
        await page.get_by_role("button", name="Usuń", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Zaznacz")
        await page.get_by_label("Tak, usuńcie wszystko o mnie").check()
        await page.get_by_role("button", name="Usuń", exact=True).click()
        await heading(page, "Usunęliśmy wszystko o Tobie")
        assert await page.context.cookies() == []
    assert (await site.client.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}")).status_code == 404


async def test_the_cookie_is_one_that_only_this_host_can_have_set(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins) as page:
        await sign_in(page, site)
        (cookie,) = await page.context.cookies()
        assert cookie["name"] == "__Host-awizo"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
        assert cookie["expires"] == -1
        assert await page.evaluate("document.cookie") == ""


async def test_by_keyboard_alone_somebody_signs_in_and_ends_something(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins, locale="pl", viewport=SCREENS["phone"]) as page:
        await page.goto(f"{site.url}/preferences")
        await tab_to(page, "#contact")
        await page.keyboard.type(PHONE)
        await page.keyboard.press("Enter")
        await heading(page, "Wpisz kod")
        await tab_to(page, "#code")
        known = 0
        while len(codes_at(site, PHONE)) <= known:
            await page.wait_for_timeout(50)
        await page.keyboard.type(codes_at(site, PHONE)[-1])
        await page.keyboard.press("Enter")
        await heading(page, "Twoje ustawienia powiadomień")
        await tab_to(page, 'a[href="/preferences/messages"]')
        await page.keyboard.press("Enter")
        await heading(page, "Co Ci wysyłamy")
        await tab_to(page, '[id="sms.delivery"]')
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Wyłączono")


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has the focus; where the focus is must always be seen."""
    wanted = page.locator(selector).first
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await focused.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {selector}")


async def unfold(page: Page) -> None:
    await page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
async def test_no_page_has_a_barrier_or_scrolls_sideways(browser: Browser, site: Site, language: str) -> None:
    await site.register(language=language)
    await site.post()
    await site.arrived(sms=1, emails=1)
    options = {"viewport": NARROWEST, "reduced_motion": "reduce", "locale": language}
    async with visiting(browser, site.origins, **options) as page:
        await look_at(page, f"{site.url}/preferences")
        await look_at(page, f"{site.url}/preferences/sign-in/01a20056-46a6-7777-b896-71029894000f")
        await sign_in(page, site)
        for path in PAGES:
            await look_at(page, f"{site.url}/preferences{path}")


async def look_at(page: Page, url: str) -> None:
    await page.goto(url)
    await unfold(page)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert await barriers(page) == [], (url, scheme)
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths == [320, 320], url


async def test_mistakes_are_summed_up_with_links_to_their_fields(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins, locale="pl", reduced_motion="reduce") as page:
        await page.goto(f"{site.url}/preferences")
        await page.locator("#contact").fill("nobody")
        await page.get_by_role("button", name="Wyślij mi kod").click()
        assert await barriers(page) == []
        await page.get_by_role("alert").get_by_role("link").click()
        await expect(page.locator("#contact")).to_be_focused()
        await sign_in(page, site, EMAIL)
        await page.goto(f"{site.url}/preferences/wording")
        await page.locator("#phrase").fill("482913")
        await page.get_by_role("button", name="Zapisz, jak piszemy").click()
        assert await barriers(page) == []
        await expect(page.get_by_role("alert")).to_contain_text("nasz kod")


async def test_a_page_with_its_stylesheet_is_light_and_loads_nothing_else(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins, locale="pl") as page:
        await sign_in(page, site)
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 – it takes no builtin
        await page.goto(f"{site.url}/preferences/messages", wait_until="networkidle")
        sizes = {re.sub(r"\?.*", "", each.url.removeprefix(site.url)): len(await each.body()) for each in answers}
        typefaces = {"/static/inter-400.woff2", "/static/inter-600.woff2"}
        assert sizes.keys() - typefaces == {"/preferences/messages", "/static/awizo.css"}
        assert sum(size for path, size in sizes.items() if path not in typefaces) < 60_000
