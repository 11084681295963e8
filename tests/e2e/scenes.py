"""Every page in every state that people meet, so that what must hold for all of them is tested on all of them."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.e2e.site import Site

Scene = Callable[[Page, Site], Awaitable[None]]


async def inbox_empty(page: Page, site: Site) -> None:
    await page.goto(site.sandbox.base_url)
    await expect(page.locator("#phones-empty")).to_be_visible()


async def inbox_full(page: Page, site: Site) -> None:
    """Two people, two languages, a delivered text and a failed one, and everything that can be unfolded unfolded."""
    await site.register()
    await site.register("anna", language="en", phone="+48505550008", email="anna.maria.kowalska-nowak@firm.example")
    await site.post()
    await site.post("second", shipment="another-item", recipient="anna")
    await site.arrived(sms=2, emails=2)
    await page.goto(site.sandbox.base_url)
    await unfold(page)
    await expect(page.locator(".status.bad")).to_be_visible()
    await expect(page.locator("#live.on")).to_be_visible()


async def letter(page: Page, site: Site) -> None:
    """The e-mail by itself, as a mail program shows it."""
    await site.unsubscribe_link()
    await page.set_content(site.sandbox.emails[-1].html)


async def asking(page: Page, site: Site) -> None:
    await page.goto(await site.unsubscribe_link())
    await expect(page.get_by_role("button")).to_be_visible()


async def done(page: Page, site: Site) -> None:
    await asking(page, site)
    await page.get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Gotowe.")


async def done_before(page: Page, site: Site) -> None:
    await done(page, site)
    await page.goto(await site.unsubscribe_link())
    await expect(page.get_by_role("heading", level=1)).to_have_text("Te e-maile są już wyłączone")


async def not_found(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/u/damaged")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def api_description(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/docs")
    await unfold(page)


async def unfold(page: Page) -> None:
    """Open everything that can be opened."""
    await page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")


every_scene = pytest.mark.parametrize(
    "scene",
    [inbox_empty, inbox_full, letter, asking, done, done_before, not_found, api_description],
    ids=lambda scene: scene.__name__,
)
