"""Every letter as a mail program shows it: no barriers in light or dark, no scrolling sideways on a narrow screen."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from playwright.async_api import Browser

from app.domain.recipient import LANGUAGES
from app.rendering.email import render_email
from app.rendering.notice import TEMPLATE_VERSIONS
from tests.e2e.visit import barriers, visiting
from tests.unit.rendering.area_samples import EVERY_SAMPLE
from tests.unit.rendering.golden import body
from tests.unit.rendering.samples import ENVELOPE, OFFICE, notice_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NARROWEST = {"width": 320, "height": 640}  # CSS pixels, WCAG 2.1 success criterion 1.4.10
WITH_SETTINGS = replace(ENVELOPE, preferences_url="https://example.org/preferences")
LONG = "Konstancin-Jeziorna-Międzynarodowe-Centrum-Logistyczne-123/125"


def letter(name: str, language: str) -> str:
    """The HTML of that sample, with every part that a letter can have at its top and bottom."""
    notice = replace(notice_of(EVERY_SAMPLE[name], language), safety_phrase="zielony czajnik")
    message = message_from_bytes(render_email(notice, WITH_SETTINGS).mime, policy=default)
    assert isinstance(message, EmailMessage)
    return body(message, "html")


def of_kind(kind: str) -> list[str]:
    """The samples of a template; no other template's name begins with its name."""
    return [name for name in EVERY_SAMPLE if name.startswith(kind)]


@pytest.mark.parametrize("kind", TEMPLATE_VERSIONS)
async def test_no_letter_has_a_barrier_or_scrolls_sideways(browser: Browser, kind: str) -> None:
    found = {}
    async with visiting(browser, [], viewport=NARROWEST, color_scheme="light") as page:
        for name in of_kind(kind):
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
                await page.set_content(letter(name, "pl"))
                width = await page.evaluate("document.documentElement.scrollWidth")
                found[name, scheme] = (await barriers(page), width)
    assert found == {(name, scheme): ([], 320) for name in of_kind(kind) for scheme in ("light", "dark")}
    assert found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_letters_in_every_language_fit_a_narrow_screen(browser: Browser, language: str) -> None:
    async with visiting(browser, [], viewport=NARROWEST) as page:
        widths = {}
        for name in EVERY_SAMPLE:
            await page.set_content(letter(name, language))
            widths[name] = await page.evaluate("document.documentElement.scrollWidth")
        assert widths == dict.fromkeys(EVERY_SAMPLE, 320)
        assert await barriers(page) == []


async def test_a_place_with_a_long_name_does_not_push_the_letter_aside(browser: Browser) -> None:
    office = replace(OFFICE, name=LONG, street=LONG, city=LONG)
    notice = replace(notice_of(EVERY_SAMPLE["last_day_of_three"]), facility=office, safety_phrase="x" * 120)
    message = message_from_bytes(render_email(notice, ENVELOPE).mime, policy=default)
    assert isinstance(message, EmailMessage)
    async with visiting(browser, [], viewport=NARROWEST) as page:
        await page.set_content(body(message, "html"))
        assert await page.evaluate("document.documentElement.scrollWidth") == 320


async def test_dark_letters_are_dark(browser: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with visiting(browser, [], color_scheme="light") as page:
        await page.set_content(letter("last_day_tomorrow", "pl"))
        assert await page.evaluate(ground) == "rgb(255, 255, 255)"
        await page.emulate_media(color_scheme="dark")
        assert await page.evaluate(ground) == "rgb(20, 24, 29)"


async def test_a_screen_reader_hears_a_heading_for_the_letter_and_one_for_each_part(browser: Browser) -> None:
    async with visiting(browser, []) as page:
        await page.set_content(letter("notice_left_first", "uk"))
        levels = await page.get_by_role("heading").evaluate_all("all => all.map((heading) => heading.tagName)")
        assert levels == ["H1", *["H2"] * 6]
        hours = page.get_by_role("row", name="субота, 28 листопада")
        assert await hours.get_by_role("rowheader").count() == 1
        assert await hours.get_by_role("cell").inner_text() == "зачинено"
        assert await page.get_by_role("article").get_attribute("lang") == "uk"
