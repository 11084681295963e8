"""The page for checking proofs keeps nobody out: three languages, keyboard, small screens, old browsers, paper."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from app.domain.recipient import LANGUAGES
from tests.e2e.proofs import DISK, check, forged, keys, on_disk, proof
from tests.e2e.visit import barriers, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NARROWEST = {"width": 320, "height": 640}  # CSS pixels, WCAG 2.1 success criterion 1.4.10
TITLES = {
    "verified": {"pl": "Potwierdzony", "en": "Verified", "uk": "Підтверджено"},
    "refused": {"pl": "Odrzucony", "en": "Refused", "uk": "Відхилено"},
    "sound_unvouched": {
        "pl": "Spójny, ale nikt nie ręczy za to, kto go podpisał",
        "en": "Sound, but nobody vouches for who signed it",
        "uk": "Цілісний, але ніхто не ручається за того, хто його підписав",
    },
}
TITLES = {
    "verified": {"pl": "Potwierdzony", "en": "Verified", "uk": "Підтверджено"},
    "refused": {"pl": "Odrzucony", "en": "Refused", "uk": "Відхилено"},
    "sound_unvouched": {
        "pl": "Spójny, ale nikt nie ręczy za to, kto go podpisał",
        "en": "Sound, but nobody vouches for who signed it",
        "uk": "Цілісний, але ніхто не ручається за того, хто його підписав",
    },
}
NO_ED25519 = """
const importKey = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
  if (algorithm === "Ed25519") return Promise.reject(new DOMException("unknown", "NotSupportedError"));
  return importKey.call(this, format, key, algorithm, ...rest);
};
"""
NO_HASHES = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
# An input for a file is too small to be seen; the label beside it shows the focus.
OUTLINE = """(element) => {
  const seen = element.type === "file" ? element.nextElementSibling : element;
  return getComputedStyle(seen).outlineStyle;
}"""


async def focus_by_tab(page: Page, selector: str) -> None:
    """Press Tab until what `selector` finds has the focus, and can be seen to have it (success criterion 2.4.7)."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await focused.evaluate(OUTLINE) == "solid"
        if await focused.evaluate("(element, selector) => element.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


async def test_everything_can_be_done_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    saved = tmp_path / "proof.json"
    saved.write_bytes(proof())
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path, language="pl"))
        await focus_by_tab(page, "button[value=en]")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Check a proof")
        await focus_by_tab(page, "#bundle")
        async with page.expect_file_chooser() as choosing:
            await page.keyboard.press("Space")
        await (await choosing.value).set_files(saved)
        await focus_by_tab(page, "section[aria-labelledby=vkey-title] summary")
        await page.keyboard.press("Enter")
        await focus_by_tab(page, "#vkey-text")
        await page.keyboard.insert_text(keys() + "\n")
        await focus_by_tab(page, "#check")
        await page.keyboard.press("Enter")
        await expect(page.locator("#verdict")).to_be_focused()
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#keys")).to_contain_text("You gave: pasted text.")
        await focus_by_tab(page, "#facts summary")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["empty", *TITLES])
async def test_no_state_in_any_language_has_a_barrier_or_scrolls_sideways(
    browser: Browser, tmp_path: Path, language: str, state: str
) -> None:
    async with visiting(
        browser, DISK, viewport=NARROWEST, color_scheme="light", reduced_motion="reduce", has_touch=True
    ) as page:
        await page.goto(on_disk(tmp_path, language=language))
        if state != "empty":
            await check(page, forged() if state == "refused" else proof(), "" if "sound" in state else keys())
            await expect(page.locator("#verdict")).to_have_text(TITLES[state][language])
        await page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")
        found = {"light": await barriers(page)}
        await page.emulate_media(color_scheme="dark")
        found["dark"] = await barriers(page)
        assert found == {"light": [], "dark": []}
        widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths == [320, 320]


@pytest.mark.parametrize(
    ("query", "locale", "language"),
    [("", "uk-UA", "uk"), ("", "de-DE", "pl"), ("?lang=en", "uk-UA", "en"), ("?lang=xx", "en-US", "en")],
)
async def test_the_page_speaks_the_language_asked_for_or_the_browsers_or_polish(
    browser: Browser, tmp_path: Path, query: str, locale: str, language: str
) -> None:
    async with visiting(browser, DISK, locale=locale) as page:
        await page.goto(on_disk(tmp_path).partition("?")[0] + query)
        assert await page.locator("html").get_attribute("lang") == language
        await expect(page.locator(f"button[value={language}]")).to_have_attribute("aria-pressed", "true")


async def test_another_language_keeps_what_was_found(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, forged(), keys())
        for language in LANGUAGES:
            await page.locator(f"button[value={language}]").click()
            await expect(page.locator("#verdict")).to_have_text(TITLES["refused"][language])
            await expect(page).to_have_title(
                {"pl": "Sprawdź dowód", "en": "Check a proof", "uk": "Перевірте доказ"}[language]
            )


async def test_a_browser_without_ed25519_judges_nothing_and_says_so(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.add_init_script(NO_ED25519)
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), keys())
        await expect(page.locator("#verdict")).to_have_text("Not judged")
        for name in ("checkpoints", "signature", "completeness"):
            row = page.locator("#checks li", has=page.locator(f"code:text-is('{name}')"))
            await expect(row).to_have_attribute("data-state", "not_judged")
        await check(page, forged(), keys())
        await expect(page.locator("#verdict")).to_have_text("Refused")


async def test_where_nothing_can_be_hashed_the_page_says_so_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, DISK) as page:
        await page.add_init_script(NO_HASHES)
        await page.goto(on_disk(tmp_path))
        await expect(page.locator("#unable")).to_contain_text("not a secure one")
        await expect(page.locator("#form")).to_be_hidden()


async def test_without_javascript_the_page_says_what_to_do_instead(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK, java_script_enabled=False) as page:
        await page.goto(on_disk(tmp_path))
        await expect(page.get_by_text("awizo verify")).to_have_count(len(LANGUAGES))
        await expect(page.get_by_text("awizo verify").first).to_be_visible()
        await expect(page.locator("#form")).to_be_hidden()


async def test_what_is_printed_is_the_finding_and_not_the_form(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), keys())
        await page.emulate_media(media="print")
        await expect(page.locator("#form")).to_be_hidden()
        for shown in ("#verdict", "#about", "#checks", "#keys", "#facts", ".limits"):
            await expect(page.locator(shown)).to_be_visible()
