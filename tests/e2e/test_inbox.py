"""Whoever posts an event sees at once, in the sandbox's inbox, what people were sent."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.site import Site
from tests.e2e.visit import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def expect_both_messages(page: Page) -> None:
    phone = page.locator(".phone")
    await expect(phone.get_by_role("heading")).to_have_text("+48 600 100 200")
    await expect(phone.locator(".bubble")).to_contain_text("UP Warszawa 32")
    await expect(phone.locator(".parts")).to_have_text(re.compile(r"1 part · GSM-7 · \d+ of 160 characters"))
    letter = page.locator(".letter")
    await expect(letter.get_by_role("heading")).to_contain_text("list polecony")
    await expect(letter.frame_locator("iframe").get_by_role("heading", level=1)).to_contain_text("Czeka na Ciebie")
    await expect(page.locator("#summary")).to_have_text(re.compile(r"1 text message\s+1 e-mail"))


async def test_what_an_event_sends_appears_by_itself(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins) as page:
        await page.goto(site.sandbox.base_url)
        await expect(page.locator("#phones-empty")).to_be_visible()
        await expect(page.locator("#live")).to_have_text("Live: new messages appear by themselves.")
        await page.evaluate("window.neverLoadedAgain = true")
        await site.post()
        await expect_both_messages(page)
        await expect(page.locator(".phone .status")).to_have_text("delivered")
        await expect(page.locator("#phones-empty")).to_be_hidden()
        assert await page.evaluate("window.neverLoadedAgain")


async def test_without_javascript_it_is_there_after_loading_again(browser: Browser, site: Site) -> None:
    await site.register()
    async with visiting(browser, site.origins, java_script_enabled=False) as page:
        await page.goto(site.sandbox.base_url)
        # By its element: Playwright's search for texts passes over <noscript>.
        await expect(page.locator("noscript p")).to_be_visible()
        await site.post()
        await site.arrived(sms=1, emails=1)
        await expect(page.locator(".phone, .letter")).to_have_count(0)
        await page.reload()
        await expect_both_messages(page)


async def test_details_that_are_open_stay_open_when_more_arrives(browser: Browser, site: Site) -> None:
    await site.unsubscribe_link()
    async with visiting(browser, site.origins) as page:
        await page.goto(site.sandbox.base_url)
        await page.get_by_text("Text version", exact=True).click()
        await site.post("second", shipment="another-item")
        await expect(page.locator(".letter")).to_have_count(2)
        await expect(page.locator(".letter").last.locator("details pre")).to_be_visible()
