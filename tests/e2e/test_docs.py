"""The description of the API can be read on a machine without a way to the internet."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.site import Site
from tests.e2e.visit import watched

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["javascript", "no-javascript"])
async def test_the_page_asks_for_nothing_but_itself(browser: Browser, site: Site, *, java_script_enabled: bool) -> None:
    async with watched(browser, [site.url], java_script_enabled=java_script_enabled) as (page, watch):
        await page.goto(f"{site.url}/docs")
        operation = page.locator("details", has=page.locator("summary", has_text="POST /v1/events"))
        await expect(operation.get_by_role("heading", name="Answers")).to_be_hidden()
        await operation.locator("summary").click()
        await expect(operation.get_by_role("heading", name="Answers")).to_be_visible()
        assert (watch.requests, watch.faults) == ([f"{site.url}/docs"], [])
