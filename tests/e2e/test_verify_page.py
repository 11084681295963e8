"""Whoever was given a proof checks it in their own browser, from the service or from their own disk."""

import asyncio
import json
from functools import cache
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from app.domain.recipient import LANGUAGES
from app.evidence.verifier import NoteError, parse_vkeys, verify_bundle
from app.web.verify_page import verify_page
from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting, watched
from tests.unit.evidence.builder import SMS, Log, delivered_log, edited

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

DISK = ["file://"]
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
NO_ED25519 = """
const importKey = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
  if (algorithm === "Ed25519") return Promise.reject(new DOMException("unknown", "NotSupportedError"));
  return importKey.call(this, format, key, algorithm, ...rest);
};
"""
NO_HASHES = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"
WATCH_CHECKS = """() => {
  globalThis.seen = new Set();
  const note = () => {
    for (const row of document.querySelectorAll('#checks [data-state="checking"] code')) seen.add(row.textContent);
  };
  new MutationObserver(note).observe(document.getElementById("checks"), { childList: true, subtree: true });
}"""
# An input for a file is too small to be seen; the label beside it shows the focus.
OUTLINE = """(element) => {
  const seen = element.type === "file" ? element.nextElementSibling : element;
  return getComputedStyle(seen).outlineStyle;
}"""
DROP = """([id, contents]) => {
  const dropped = new DataTransfer();
  for (const [name, text] of contents) dropped.items.add(new File([text], name));
  const event = (type) => new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true });
  for (const type of ["dragover", "drop"]) document.getElementById(id).dispatchEvent(event(type));
}"""


@cache
def log() -> Log:
    return delivered_log()


@cache
def proof() -> bytes:
    return log().bundle()


def keys() -> str:
    return "\n".join(map(str, log().vkeys()))


def forged() -> bytes:
    """The same with another phone number in it."""
    return edited(proof(), lambda raw: raw["facts"][0]["openings"]["contact"].update(value="+48600100201"))


def on_disk(directory: Path, *, language: str = "en") -> str:
    """The address of the page, saved as a file."""
    file = directory / "verify.html"
    file.write_bytes(verify_page().html)
    return f"{file.as_uri()}?lang={language}"


async def choose(page: Page, data: bytes, vkeys: str) -> None:
    await page.set_input_files("#bundle", {"name": "proof.json", "mimeType": "application/json", "buffer": data})
    if vkeys:
        await page.set_input_files("#vkey", {"name": "vkey.txt", "mimeType": "text/plain", "buffer": vkeys.encode()})


async def check(page: Page, data: bytes, vkeys: str) -> None:
    await choose(page, data, vkeys)
    await page.locator("#check").click()
    await expect(page.locator("#verdict")).to_be_focused()


async def test_the_service_hands_out_the_very_file_and_the_page_asks_for_nothing_else(
    browser: Browser, site: Site
) -> None:
    url = f"{site.url}/verify"
    async with watched(browser, site.origins) as (page, watch):
        await page.goto(url)
        await check(page, proof(), keys())
        await expect(page.locator("#verdict")).to_be_visible()
        assert (watch.requests, watch.faults) == ([url], [])
        async with page.expect_download() as saving:
            await page.locator("#save").click()
        saved = await saving.value
        assert saved.suggested_filename == "awizo-verify.html"
        assert (await saved.path()).read_bytes() == (await site.client.get("/verify")).content == verify_page().html


async def test_a_proof_of_the_running_service_is_verified_under_the_key_that_it_publishes(
    browser: Browser, site: Site
) -> None:
    await site.register()
    told = await site.post()
    await site.arrived(sms=1, emails=1)
    bundle = await published(site.client, f"/v1/notifications/{told['sms']['id']}/proof")
    vkeys = (await site.client.get("/log/vkey")).text
    async with visiting(browser, site.origins, locale="en-GB") as page:
        await page.goto(f"{site.url}/verify")
        await check(page, bundle, vkeys)
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#keys")).to_contain_text(vkeys.split()[0])


async def published(client: httpx.AsyncClient, path: str) -> bytes:
    """What the service answers once there is something to answer."""
    async with asyncio.timeout(15):
        while True:
            answer = await client.get(path)
            if answer.status_code != 409:
                return answer.raise_for_status().content
            await asyncio.sleep(0.1)


async def test_from_disk_a_good_proof_is_verified_and_tells_what_it_shows(browser: Browser, tmp_path: Path) -> None:
    async with watched(browser, DISK) as (page, watch):
        url = on_disk(tmp_path)
        await page.goto(url)
        await check(page, proof(), keys())
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#about")).to_contain_text("the file proof.json")
        await expect(page.locator("#keys")).to_contain_text("You gave: the file vkey.txt.")
        report = verify_bundle(proof(), vkeys=log().vkeys())
        shown = await page.locator("#facts .whose").all_inner_texts()
        expected = [f"What this shows: {fact.grade_words}" for fact in report.facts if fact.section == "facts"]
        assert [text for text in shown if text.startswith("What this shows")] == expected
        await expect(page.locator("#facts")).to_contain_text(SMS)
        await expect(page.locator("#facts")).to_contain_text("to anybody else that proves nothing")
        assert (watch.requests, watch.faults) == ([url], [])


async def test_the_checks_are_those_of_the_command_in_their_order(browser: Browser, tmp_path: Path) -> None:
    report = verify_bundle(proof(), vkeys=log().vkeys())
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await page.evaluate(WATCH_CHECKS)
        await check(page, proof(), keys())
        rows = page.locator("#checks li")
        assert await rows.locator("code").all_inner_texts() == [found.name for found in report.checks]
        assert await rows.locator(".finding").all_inner_texts() == [found.sentence for found in report.checks]
        states = await rows.evaluate_all("(all) => all.map((row) => row.dataset.state)")
        assert states == [found.outcome for found in report.checks]
        # Form and documents are read in one go.
        assert set(await page.evaluate("[...seen]")) == {found.name for found in report.checks} - {"documents"}


async def test_a_forged_proof_is_refused_with_the_reason_and_shows_nothing_of_it(
    browser: Browser, tmp_path: Path
) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), keys())
        await check(page, forged(), keys())
        await expect(page.locator("#verdict")).to_have_text("Refused")
        await expect(page.locator("#verdict-words")).to_contain_text("The opened contact of fact 0")
        await expect(page.locator("#proven")).to_be_hidden()
        assert "+48600100201" not in await page.locator("#result").inner_text()


async def test_what_is_no_proof_is_refused_and_further_checks_are_not_reached(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, b"{not json", "")
        await expect(page.locator("#verdict")).to_have_text("Refused")
        states = await page.locator("#checks li").evaluate_all("(all) => all.map((row) => row.dataset.state)")
        assert states == ["fails", *["not_reached"] * 14]


async def test_without_a_key_a_sound_proof_is_vouched_for_by_nobody(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), "")
        await expect(page.locator("#verdict")).to_have_text(TITLES["sound_unvouched"]["en"])
        await expect(page.locator("#keys")).to_contain_text("You gave no key.")
        await expect(page.locator("#keys")).to_contain_text(str(log().vkeys()[0]))


@pytest.mark.parametrize(
    "vkeys", ["nonsense", "name+00000000+AA=A", str(delivered_log().vkeys()[0]).replace("+0cd1", "+1dc0")]
)
async def test_a_key_that_cannot_be_read_is_said_beside_it_and_nothing_is_judged(
    browser: Browser, tmp_path: Path, vkeys: str
) -> None:
    with pytest.raises(NoteError) as why:
        parse_vkeys(vkeys)
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await choose(page, proof(), vkeys)
        await page.locator("#check").click()
        await expect(page.locator("#vkey")).to_be_focused()
        await expect(page.locator("#vkey-problem")).to_have_text(f"The key cannot be used: {why.value}.")
        await expect(page.locator("#result")).to_be_hidden()


async def test_proof_and_key_can_be_dropped_together(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await page.evaluate(DROP, ["form", [["vkey.txt", keys()], ["proof.json", proof().decode()]]])
        await expect(page.locator("#bundle-chosen")).to_have_text("the file proof.json")
        await expect(page.locator("#vkey-chosen")).to_have_text("the file vkey.txt")
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_have_text("Verified")


async def test_a_policy_brings_the_logs_keys_and_asks_for_witnesses(browser: Browser, tmp_path: Path) -> None:
    logs = "".join(f"log {vkey}\n" for vkey in log().vkeys())
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await page.evaluate(DROP, ["form", [["policy.txt", f"{logs}quorum none\n"], ["proof.json", proof().decode()]]])
        await page.locator("#check").click()
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#keys")).to_contain_text("You gave: the file policy.txt.")
        await page.evaluate(DROP, ["form", [["policy.txt", f"{logs}quorum nobody\n"]]])
        await page.locator("#check").click()
        await expect(page.locator("#policy")).to_be_focused()
        await expect(page.locator("#policy-problem")).to_contain_text("the quorum is not defined before it")


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


async def test_markup_in_a_proof_is_text(browser: Browser, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    hostile_log = delivered_log()
    hostile_log.write(
        "recipient.disputed", {"method": "page", "reference": hostile}, {"statement": hostile.encode()}, chained=True
    )
    hostile_log.publish()
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, hostile_log.bundle(), "\n".join(map(str, hostile_log.vkeys())))
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#facts")).to_contain_text(hostile)
        assert await page.locator("img, #facts script").count() == 0


async def test_a_bundle_of_megabytes_is_verified(browser: Browser, tmp_path: Path) -> None:
    large = delivered_log()
    large.write(
        "recipient.disputed",
        {"method": "e-mail"},
        {"statement": json.dumps({"said": "x" * 8_000_000}).encode()},
        chained=True,
    )
    large.publish()
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, large.bundle(), "\n".join(map(str, large.vkeys())))
        await expect(page.locator("#verdict")).to_have_text("Verified")
        await expect(page.locator("#facts")).to_contain_text("characters more")
