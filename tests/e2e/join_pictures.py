"""Takes pictures of joining, as screens show it: `python -m tests.e2e.join_pictures`.

Needs Chromium, and writes `docs/pictures/join-*.png`.
"""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, ViewportSize, async_playwright

from tests.e2e.conftest import FLAGS
from tests.e2e.people import type_code
from tests.e2e.site import Site, open_site

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SCREENS: Mapping[str, ViewportSize] = {
    "desktop": {"width": 1100, "height": 800},
    "phone": {"width": 360, "height": 760},
}
WANTED = frozenset({"form-desktop", "messages-phone", "code-phone"})


async def take(browser: Browser, site: Site, contact: str, *, device: str, scheme: Literal["light", "dark"]) -> None:
    """The form, the first page after the code, and the code for an operator."""
    page = await browser.new_page(viewport=SCREENS[device], color_scheme=scheme, locale="pl", reduced_motion="reduce")

    async def picture(name: str) -> None:
        await page.evaluate("document.fonts.ready")
        if f"{name}-{device}" in WANTED:
            await page.screenshot(path=PICTURES / f"join-{name}-{device}.png", full_page=True)

    await page.goto(f"{site.url}/preferences/join")
    await picture("form")
    await page.locator("#contact").fill(contact)
    await page.locator("main form button").click()
    await type_code(page, site, contact)
    await page.locator('[id="sms.delivery"]').wait_for()
    await picture("messages")
    await page.goto(f"{site.url}/preferences/bind-code")
    await page.locator("main form button").last.click()
    await page.locator("main .to-show").wait_for()
    await picture("code")
    await page.close()


async def take_all() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures are taken in Chromium, which is missing: apt-get install chromium")
    with tempfile.TemporaryDirectory() as directory:
        async with open_site(Path(directory)) as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            await take(browser, site, "+48600100201", device="desktop", scheme="light")
            await take(browser, site, "+48600100202", device="phone", scheme="dark")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take_all())
