"""Takes pictures of people's settings, as screens show them: `python -m tests.e2e.preferences_pictures`.

Needs Chromium, and writes `docs/pictures/preferences-*.png`.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.builders import EMAIL, PHONE
from tests.e2e.conftest import FLAGS
from tests.e2e.people import codes_at, new_code, sign_in
from tests.e2e.site import Site, open_site

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP, PHONE_SIZE = {"width": 1100, "height": 800}, {"width": 360, "height": 760}
# Each in another light, so that all are seen in both.
SHOWN = (
    ("overview", "", "light"),
    ("messages", "/messages", "light"),
    ("agree", "/agree?want=sms.incident", "dark"),
    ("contacts", "/contacts", "dark"),
    ("sent", "/sent", "light"),
    ("erase", "/erase", "light"),
)


async def picture(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=PICTURES / f"preferences-{name}.png", full_page=True)


async def take(browser: Browser, site: Site, *, size: dict[str, int], device: str, flip: bool) -> None:
    """Every page once on that screen; `flip` has the dark ones light and the light ones dark."""
    page = await browser.new_page(viewport=size, color_scheme="light", locale="pl", reduced_motion="reduce")
    await page.goto(f"{site.url}/preferences")
    await picture(page, f"sign-in-{device}")
    known = len(codes_at(site, PHONE))
    await page.locator("#contact").fill(PHONE)
    await page.locator("main form button").click()
    await new_code(site, PHONE, known=known)
    await sign_in(page, site, EMAIL if flip else PHONE)
    for name, path, scheme in SHOWN:
        await page.emulate_media(color_scheme="dark" if (scheme == "dark") != flip else "light")
        await page.goto(f"{site.url}/preferences{path}")
        if name == "messages":
            await page.locator("details").first.evaluate("each => { each.open = true; }")
        await picture(page, f"{name}-{device}")
    await page.goto(f"{site.url}/preferences/quiet")
    await page.locator("#rule-default" if flip else "#rule-own").check()
    await page.locator("main form button").last.click()
    await picture(page, f"saved-{device}")
    await page.close()


async def take_all() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures are taken in Chromium, which is missing: apt-get install chromium")
    with tempfile.TemporaryDirectory() as directory:
        async with open_site(Path(directory)) as site, async_playwright() as playwright:
            await site.register()
            await site.post()
            await site.arrived(sms=1, emails=1)
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            await take(browser, site, size=DESKTOP, device="desktop", flip=False)
            await take(browser, site, size=PHONE_SIZE, device="phone", flip=True)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take_all())
