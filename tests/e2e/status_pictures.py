"""Takes pictures of the page of figures, as screens and paper show it: `python -m tests.e2e.status_pictures`.

Needs Chromium, and writes `docs/pictures/status-*.png`.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright

from tests.e2e.conftest import FLAGS
from tests.unit.web.figures import PAST, PRESENT, not_counted
from tests.unit.web.status_site import Records, status_app

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP, PHONE = {"width": 1100, "height": 800}, {"width": 360, "height": 760}
PAPER = {"width": 794, "height": 1123}  # A4 at 96 dpi
MARGINS = "@media print { body { padding: 16mm 18mm !important; } }"  # a picture has none of its own


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address of the page."""
    server = uvicorn.Server(uvicorn.Config(status_app(), port=0, log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 – uvicorn has a flag and no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/status"
    server.should_exit = True
    await running


async def take(browser: Browser, url: str, name: str, *, scheme: str, size: dict[str, int], records: Records) -> None:
    """One picture of the whole page; `scheme` is light, dark or print."""
    with pytest.MonkeyPatch.context() as patch:
        records.tell(patch)
        colours = "dark" if scheme == "dark" else "light"
        page = await browser.new_page(viewport=size, color_scheme=colours, bypass_csp=True)
        await page.emulate_media(media="print" if scheme == "print" else "screen")
        await page.goto(url)
        await page.add_style_tag(content=MARGINS)
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=PICTURES / f"status-{name}.png", full_page=True)
        await page.close()


async def take_all() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures are taken in Chromium, which is missing: apt-get install chromium")
    past, now, new = Records(ended=PAST), Records(ended=PAST, ongoing=PRESENT), Records(figures=not_counted())
    new.operators = ()
    async with async_playwright() as playwright, serving() as url:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        await take(browser, f"{url}?lang=pl", "desktop-light", scheme="light", size=DESKTOP, records=past)
        await take(browser, f"{url}?lang=en", "desktop-dark", scheme="dark", size=DESKTOP, records=past)
        await take(browser, f"{url}?lang=pl&operator=inpost", "phone-light", scheme="light", size=PHONE, records=now)
        await take(browser, f"{url}?lang=uk", "phone-dark", scheme="dark", size=PHONE, records=past)
        await take(browser, f"{url}?lang=en", "nothing-counted", scheme="light", size=PHONE, records=new)
        await take(browser, f"{url}?lang=pl", "print", scheme="print", size=PAPER, records=past)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take_all())
