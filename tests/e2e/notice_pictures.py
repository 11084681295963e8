"""Takes pictures of the page of a notice, as screens and paper show it: `python -m tests.e2e.notice_pictures`.

Needs Chromium, and writes `docs/pictures/notice-*.png`.
"""

import asyncio
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.e2e.conftest import FLAGS
from tests.e2e.notice_links import notice_link, post_end
from tests.e2e.site import Site, open_site
from tests.integration.api.service import fresh_event, now

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP, PHONE = {"width": 1100, "height": 800}, {"width": 360, "height": 760}
PAPER = {"width": 794, "height": 1123}  # A4 at 96 dpi
MARGINS = "@media print { body { padding: 16mm 18mm !important; } }"  # a picture has none of its own


async def take(browser: Browser, url: str, name: str, *, scheme: str, size: dict[str, int]) -> None:
    """One picture of the whole page; `scheme` is light, dark or print."""
    colours = "dark" if scheme == "dark" else "light"
    page = await browser.new_page(viewport=size, color_scheme=colours, bypass_csp=True)
    await page.emulate_media(media="print" if scheme == "print" else "screen")
    await page.goto(url)
    await page.add_style_tag(content=MARGINS)
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=PICTURES / f"notice-{name}.png", full_page=True)
    await page.close()


async def take_all_of(browser: Browser, site: Site) -> None:
    link = await notice_link(site)
    await take(browser, link, "phone-light", scheme="light", size=PHONE)
    await take(browser, f"{link}?lang=uk", "phone-dark", scheme="dark", size=PHONE)
    await take(browser, f"{link}?lang=en", "desktop-dark", scheme="dark", size=DESKTOP)
    page = await browser.new_page(viewport=PHONE)
    await page.goto(link)
    await page.get_by_role("button", name="Zgłoś brak awiza").click()
    await take(browser, page.url, "receipt-phone", scheme="light", size=PHONE)
    await take(browser, page.url, "receipt-print", scheme="print", size=PAPER)
    await take(browser, link, "desktop-light", scheme="light", size=DESKTOP)
    await take(browser, link, "print", scheme="print", size=PAPER)
    await post_end(site, fresh_event("delivered", id="end", at=now() - timedelta(seconds=1)))
    await take(browser, link, "collected-phone", scheme="light", size=PHONE)
    await page.close()


async def take_all() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures are taken in Chromium, which is missing: apt-get install chromium")
    with tempfile.TemporaryDirectory() as directory:
        async with async_playwright() as playwright, open_site(Path(directory)) as site:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            await take_all_of(browser, site)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take_all())
