"""Whoever was given a proof checks it in their own browser, from the service or from their own disk."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from app.evidence.verifier import NoteError, parse_vkeys, verify_bundle
from app.web.verify_page import verify_page
from tests.e2e.proofs import DISK, check, choose, forged, keys, log, on_disk, proof
from tests.e2e.site import Site
from tests.e2e.visit import visiting, watched
from tests.unit.evidence.builder import SMS, delivered_log

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

WATCH_CHECKS = """() => {
  globalThis.seen = new Set();
  const note = () => {
    for (const row of document.querySelectorAll('#checks [data-state="checking"] code')) seen.add(row.textContent);
  };
  new MutationObserver(note).observe(document.getElementById("checks"), { childList: true, subtree: true });
}"""
BREAK_TEXTS = "() => { TextEncoder.prototype.encode = () => { throw new Error('broken on purpose'); }; }"
DROP = """([id, contents]) => {
  const dropped = new DataTransfer();
  for (const [name, text] of contents) dropped.items.add(new File([text], name));
  const event = (type) => new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true });
  for (const type of ["dragover", "drop"]) document.getElementById(id).dispatchEvent(event(type));
}"""


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


async def test_a_verdict_goes_as_soon_as_something_else_is_chosen(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), keys())
        await choose(page, forged(), "")
        await expect(page.locator("#result")).to_be_hidden()


async def test_a_failure_of_the_page_itself_is_no_verdict(browser: Browser, tmp_path: Path) -> None:
    async with watched(browser, DISK) as (page, watch):
        await page.goto(on_disk(tmp_path))
        await choose(page, proof(), keys())
        await page.evaluate(BREAK_TEXTS)
        await page.locator("#check").click()
        await expect(page.locator("#bundle-problem")).to_have_text("The page itself failed, so nothing was judged.")
        await expect(page.locator("#result")).to_be_hidden()
        await expect(page.locator("#check")).to_be_enabled()
    assert "broken on purpose" in " ".join(watch.faults)


async def test_without_a_key_a_sound_proof_is_vouched_for_by_nobody(browser: Browser, tmp_path: Path) -> None:
    async with visiting(browser, DISK) as page:
        await page.goto(on_disk(tmp_path))
        await check(page, proof(), "")
        await expect(page.locator("#verdict")).to_have_text("Sound, but nobody vouches for who signed it")
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
