"""Nobody is kept out: WCAG 2.1 AA as far as a machine can tell, and everything by keyboard on the narrowest screen."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.scenes import Scene, asking, every_scene, inbox_full
from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NARROWEST = {"width": 320, "height": 640}  # CSS pixels, WCAG 2.1 success criterion 1.4.10


@every_scene
async def test_no_page_has_a_barrier_in_light_or_dark(browser: Browser, site: Site, scene: Scene) -> None:
    # Without motion, so that no colour is seen half-way between light and dark.
    async with visiting(browser, site.origins, color_scheme="light", reduced_motion="reduce") as page:
        await scene(page, site)
        found = {"light": await barriers(page)}
        await page.emulate_media(color_scheme="dark")
        found["dark"] = await barriers(page)
        assert found == {"light": [], "dark": []}


@every_scene
async def test_no_page_scrolls_sideways_on_the_narrowest_screen(browser: Browser, site: Site, scene: Scene) -> None:
    async with visiting(browser, site.origins, viewport=NARROWEST) as page:
        await scene(page, site)
        widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths == [320, 320]


async def focus_by_tab(page: Page, name: str) -> list[str]:
    """Press Tab until what is called `name` has the focus; the names on the way, that one included."""
    passed: list[str] = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        passed.append((await focused.inner_text()).strip())
        # Whoever cannot see where the focus is cannot use the keyboard (success criterion 2.4.7).
        assert await focused.evaluate("(element) => getComputedStyle(element).outlineStyle") == "solid"
        if passed[-1] == name:
            return passed
    raise AssertionError(f"Tab never reaches {name!r}, only {passed}")


async def test_only_the_choice_of_a_language_comes_before_the_button_to_leave(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await asking(page, site)
        button = "Zrezygnuj z tych e-maili"
        assert await focus_by_tab(page, button) == ["Polski", "English", "Українська", button]
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Gotowe.")


async def test_the_first_key_in_the_inbox_offers_to_skip_to_the_messages(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await inbox_full(page, site)
        skip = "Skip to the messages"
        assert await focus_by_tab(page, skip) == [skip]
        await expect(page.get_by_role("link", name=skip)).to_be_in_viewport()
        await page.keyboard.press("Enter")
        assert page.url.endswith("#phones")


async def test_the_inbox_can_be_walked_through_by_keyboard_to_its_end(browser: Browser, site: Site) -> None:
    async with visiting(browser, site.origins) as page:
        await page.goto(site.sandbox.base_url)
        passed = await focus_by_tab(page, "The inbox as JSON")
        assert "How to send something here" in passed
        assert "Numbers and mailboxes that misbehave on purpose" in passed


async def test_nothing_moves_for_those_who_asked_for_less_motion(browser: Browser, site: Site) -> None:
    duration = "(button) => getComputedStyle(button).transitionDuration"
    async with visiting(browser, site.origins, reduced_motion="reduce") as page:
        await asking(page, site)
        assert await page.get_by_role("button").evaluate(duration) == "0s"
        await page.emulate_media(reduced_motion="no-preference")
        assert await page.get_by_role("button").evaluate(duration) == "0.12s"
