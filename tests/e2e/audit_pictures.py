"""Takes pictures of the auditors' pages, as screens and paper show them: `python -m tests.e2e.audit_pictures`.

Needs Chromium and poppler's `pdftoppm`, and writes `docs/pictures/audit-*.png`.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.builders import SHIPMENT
from tests.e2e.auditing import bring_key, find, set_story, sign_in, vkeys_of
from tests.e2e.conftest import FLAGS
from tests.e2e.site import Site, open_site

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP, PHONE_SIZE = {"width": 1100, "height": 800}, {"width": 360, "height": 760}


async def picture(page: Page, name: str) -> None:
    await page.evaluate("document.fonts.ready")
    await page.evaluate("document.activeElement.blur()")
    await page.screenshot(path=PICTURES / f"audit-{name}.png", full_page=True)


async def story(page: Page, site: Site) -> None:
    await find(page, SHIPMENT)
    await expect(page.locator("#verdict-box")).to_have_attribute("data-verdict", "own_key")


async def take(browser: Browser, site: Site, *, size: dict[str, int], device: str, scheme: str, language: str) -> None:
    page = await browser.new_page(
        viewport=size,
        color_scheme="dark" if scheme == "dark" else "light",
        locale=language,
        reduced_motion="reduce",
    )
    await page.goto(f"{site.url}/audit")
    if device == "desktop" and scheme == "light":
        await picture(page, "sign-in")
    await sign_in(page, site)
    if device == "desktop" and scheme == "light":
        await picture(page, "search")
    await story(page, site)
    if scheme == "light":
        await bring_key(page, await vkeys_of(site))
    await page.locator("#fact-6 > details").evaluate("each => { each.open = true; }")
    await picture(page, f"story-{device}-{scheme}")
    if device == "desktop" and scheme == "light":
        await print_story(page)
    await page.close()


async def print_story(page: Page) -> None:
    """The story with its fields open, on paper."""
    await page.locator("#reason").fill("skarga 17/2026")
    await page.locator("form.open button").click()
    await expect(page.locator("#verdict-box")).to_have_attribute("data-verdict", "own_key")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "story.pdf"
        await page.pdf(path=file, format="A4", prefer_css_page_size=True)
        command = ["pdftoppm", "-png", "-r", "80", str(file), str(PICTURES / "audit-print")]
        await asyncio.to_thread(subprocess.run, command, check=True)


async def take_all() -> None:
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("pdftoppm") is None:
        sys.exit("The pictures are taken with Chromium and pdftoppm: apt-get install chromium poppler-utils")
    with tempfile.TemporaryDirectory() as directory:
        async with open_site(Path(directory)) as site, async_playwright() as playwright:
            await set_story(site)
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            await take(browser, site, size=DESKTOP, device="desktop", scheme="light", language="pl")
            await take(browser, site, size=DESKTOP, device="desktop", scheme="dark", language="en")
            await take(browser, site, size=PHONE_SIZE, device="phone", scheme="light", language="uk")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take_all())
