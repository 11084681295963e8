"""Somebody who signs in to their settings in the browser, with the code that the sandbox was handed."""

import asyncio
import re

from playwright.async_api import Page

from tests.builders import PHONE
from tests.e2e.site import ARRIVAL_SECONDS, Site

_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


def codes_at(site: Site, contact: str) -> list[str]:
    """Every code that was sent to that contact point, the oldest first."""
    inbox = site.sandbox.inbox
    said = [sms.body for sms in inbox.sms if sms.to == contact]
    said += [letter.text for letter in inbox.emails if contact in letter.envelope_to]
    return [found[1] for text in said if (found := _CODE.search(text))]


async def new_code(site: Site, contact: str, *, known: int) -> str:
    """The code that comes to that contact point after the first `known` ones."""
    async with asyncio.timeout(ARRIVAL_SECONDS):
        while len(codes_at(site, contact)) <= known:  # noqa: ASYNC110 – the inbox tells of changes, not of counts
            await asyncio.sleep(0.05)
    return codes_at(site, contact)[-1]


async def type_code(page: Page, site: Site, contact: str, *, known: int = 0) -> None:
    """Type in the code that comes to that contact point."""
    await page.locator("#code").fill(await new_code(site, contact, known=known))
    await page.locator("main form button").last.click()


async def sign_in(page: Page, site: Site, contact: str = PHONE, *, query: str = "") -> None:
    """Go to the settings and sign in there."""
    known = len(codes_at(site, contact))
    await page.goto(f"{site.url}/preferences{query}")
    await page.locator("#contact").fill(contact)
    await page.locator("main form button").click()
    await type_code(page, site, contact, known=known)
    await page.wait_for_url(re.compile(r"/preferences(\?.*)?$"))
