"""Draws a sheet of letters, one of each kind, as people see them: `python -m tests.e2e.message_pictures`.

Needs Chromium, and writes `docs/pictures/messages.png`.
"""

import asyncio
import html
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import async_playwright

from tests.e2e.conftest import FLAGS
from tests.unit.rendering.golden import rendered

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "messages.png"

# Column by column. Most are Polish and light; the others are no afterthought, either.
SHEET = (
    ("notice_left_first_with_closure", "pl", "light"),
    ("reminder_of_three", "pl", "light"),
    ("last_day_tomorrow", "pl", "dark"),
    ("out_for_delivery_with_window", "pl", "light"),
    ("ready_for_pickup_locker", "pl", "light"),
    ("terms_changed_moved", "en", "dark"),
    ("delivered_by_hand", "uk", "light"),
    ("delayed_with_new_date", "uk", "dark"),
    ("address_problem", "pl", "light"),
    ("corrected_replaced_handover", "pl", "light"),
    ("facility_unavailable_instead", "pl", "light"),
    ("facility_unavailable_digest_of_kinds", "en", "dark"),
    ("resolved", "uk", "light"),
)
PHONE_PIXELS = 320
COLUMNS = 6

_STYLE = f"""
body {{ margin: 12px; columns: {COLUMNS}; column-gap: 12px; background: #8b949e; font: 10px sans-serif; }}
figure {{ margin: 0 0 12px; break-inside: avoid; }}
figcaption {{ padding: 0 0 2px; color: #0d1117; overflow-wrap: anywhere; }}
iframe {{ width: {PHONE_PIXELS}px; border: 0; zoom: .5; }}
"""
_FIT = "frame => { frame.style.height = frame.contentDocument.documentElement.scrollHeight + 'px'; }"


def figures() -> Iterator[str]:
    """Each letter in a frame of its own, which takes the frame's colour scheme for the reader's."""
    for name, language, scheme in SHEET:
        letter = html.escape(rendered()[f"{language}/{name}.email.html"])
        yield (
            f"<figure><figcaption>{name} · {language} · {scheme}</figcaption>"
            f'<iframe srcdoc="{letter}" style="color-scheme: {scheme}"></iframe></figure>'
        )


async def draw() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures are taken in Chromium, which is missing: apt-get install chromium")
    width = COLUMNS * (int(PHONE_PIXELS * 0.5) + 12) + 12
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(viewport={"width": width, "height": 800}, color_scheme="null")
        await page.set_content(f"<!DOCTYPE html><style>{_STYLE}</style>{''.join(figures())}", wait_until="load")
        await page.locator("iframe").evaluate_all(f"frames => frames.forEach({_FIT})")
        await page.screenshot(path=PICTURE, full_page=True)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(draw())
