"""A newcomer leaves by the link of a letter, and gets no more of them."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.site import Site
from tests.e2e.visit import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def leave(page: Page) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text("Zrezygnować z tych e-maili?")
    await page.get_by_role("button", name="Zrezygnuj z tych e-maili").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Gotowe. Nie będziesz już dostawać tych e-maili.")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("e-mail")


async def expect_no_more_letters(site: Site) -> None:
    told = await site.post("second", shipment="another-item")
    assert (told["email"]["status"], told["email"]["reason"]) == ("suppressed", "opted_out")
    await site.arrived(sms=2, emails=1)


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["javascript", "no-javascript"])
async def test_the_link_inside_the_letter_leads_out_of_it(
    browser: Browser, site: Site, *, java_script_enabled: bool
) -> None:
    link = await site.unsubscribe_link()
    async with visiting(browser, site.origins, java_script_enabled=java_script_enabled) as page:
        await page.goto(site.sandbox.base_url)
        letter = page.frame_locator(".letter iframe")
        async with page.expect_popup() as opened:
            await letter.get_by_role("link", name="Zrezygnuj z tych e-maili").click()
        asked = await opened.value
        assert asked.url == link
        await leave(asked)
    await expect_no_more_letters(site)


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["javascript", "no-javascript"])
async def test_the_link_below_the_letter_leads_there_as_well(
    browser: Browser, site: Site, *, java_script_enabled: bool
) -> None:
    link = await site.unsubscribe_link()
    async with visiting(browser, site.origins, java_script_enabled=java_script_enabled) as page:
        await page.goto(site.sandbox.base_url)
        async with page.expect_popup() as opened:
            await page.locator(".letter .links").get_by_role("link", name=link).click()
        await leave(await opened.value)
    await expect_no_more_letters(site)
