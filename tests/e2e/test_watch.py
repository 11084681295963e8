"""The watch over a visit sees what it is there to see; else all other tests here would prove less than they say."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser

from tests.e2e.scenes import not_found
from tests.e2e.site import Site
from tests.e2e.visit import barriers, watched

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_request_to_elsewhere_is_stopped_and_a_fault(browser: Browser) -> None:
    async with watched(browser, []) as (page, watch):
        await page.set_content('<img src="https://elsewhere.example/pixel.png">')
    assert "outside: https://elsewhere.example/pixel.png" in watch.faults


@pytest.mark.parametrize(
    "script",
    [
        "console.error('something is wrong')",
        "setTimeout(() => { throw new Error('something is wrong'); })",
        "document.body.setAttribute('style', 'color: red')",
        "document.body.insertAdjacentHTML('beforeend', '<img src=/pixel.png>')",
    ],
)
async def test_errors_and_breaches_of_the_policy_are_faults(browser: Browser, site: Site, script: str) -> None:
    async with watched(browser, site.origins) as (page, watch):
        await not_found(page, site)
        assert watch.faults == []
        async with page.context.expect_event("weberror" if "throw" in script else "console"):
            await page.evaluate(script)
    assert watch.faults != []


async def test_what_a_letter_tries_to_load_is_a_fault(browser: Browser, site: Site) -> None:
    await site.unsubscribe_link()
    (sent,) = site.sandbox.emails
    site.sandbox.inbox.add_email(replace(sent, id="hostile", html='<img src="https://elsewhere.example/pixel.png">'))
    async with watched(browser, site.origins) as (page, watch):
        async with page.expect_console_message():
            await page.goto(site.sandbox.base_url)
        assert "https://elsewhere.example/pixel.png" not in watch.requests
    assert "Content Security Policy" in " ".join(watch.faults)


async def test_a_barrier_is_found(browser: Browser) -> None:
    async with watched(browser, []) as (page, _watch):
        await page.set_content('<p style="color: #ccc; background: #fff">pale words</p><input>')
        found = " ".join(await barriers(page))
    assert "color-contrast: p: " in found
    assert "label: input: " in found
