"""An auditor's way in a browser, from the number of an item to a verified court pack; the same by curl and awizo."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.builders import PHONE, RECIPIENT, SHIPMENT
from tests.e2e.auditing import bring_key, find, set_story, sign_in, vkeys_of
from tests.e2e.site import Site
from tests.e2e.visit import barriers, visiting, watched

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE_SCREEN, NARROWEST = {"width": 360, "height": 760}, {"width": 320, "height": 640}
GROUPED = "0075 9007 7341 2345 6789"
DOCS = Path(__file__).parents[2] / "docs" / "audit.md"


async def verdict(page: Page, name: str) -> None:
    await expect(page.locator("#verdict-box")).to_have_attribute("data-verdict", name)


def contacts_in(pack: Path) -> set[str]:
    """The open contacts of an unpacked court pack."""
    return {path.read_text() for path in pack.rglob("fields/contact.bin")}


async def running(command: list[str], given: dict[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """In a thread, because the service runs on this loop."""
    return await asyncio.to_thread(
        subprocess.run, command, env=given, cwd=directory, capture_output=True, text=True, check=False
    )


async def test_from_a_number_to_a_verified_court_pack(browser: Browser, site: Site, tmp_path: Path) -> None:
    await set_story(site)
    vkeys = await vkeys_of(site)
    async with visiting(browser, site.origins, locale="en", viewport=PHONE_SCREEN) as page:
        await sign_in(page, site)
        await find(page, f" {GROUPED} ")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(GROUPED)
        await verdict(page, "own_key")
        await expect(page.locator("#verdict-words")).to_contain_text(f"{site.url}/log/vkey")
        await bring_key(page, vkeys)
        await verdict(page, "verified")
        await expect(page.locator("#verdict-words")).to_contain_text("the file log.vkey")
        await expect(page.locator("main")).to_contain_text("Not sent: consent was withdrawn")
        assert PHONE not in await page.content()

        await page.locator("#reason").fill("complaint 17/2026")
        await page.get_by_role("button", name="Open all fields").click()
        await verdict(page, "own_key")
        await bring_key(page, vkeys)
        await verdict(page, "verified")
        started = page.locator("[data-type='attempt.started']")
        await started.locator("summary").first.click()
        await expect(started.locator("[data-field='contact']")).to_have_text(PHONE)
        await expect(started).to_contain_text("our own record")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Court pack (zip)").click()
        with ZipFile(await (await download.value).path()) as archive:
            archive.extractall(tmp_path)

    (tmp_path / "log.vkey").write_text(vkeys)
    run = await running(["sh", "verify.sh", "log.vkey"], dict(os.environ), tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert contacts_in(tmp_path) == {PHONE}


async def test_the_same_by_curl_and_awizo_as_the_docs_tell_it(site: Site, tmp_path: Path) -> None:
    await set_story(site)
    (script,) = re.findall(r"```sh\n(.*?)```", DOCS.read_text(encoding="utf-8").split("## From a number")[1], re.DOTALL)
    key = await site.auditors_key()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "awizo").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n')
    (tools / "awizo").chmod(0o755)
    given = {
        "AWIZO": site.url,
        "KEY": key,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(DOCS.parents[1]),
        "NO_PROXY": "*",
    }
    assert shutil.which("curl"), "curl is missing: apt-get install curl"
    run = await running(["sh", "-eu", "-c", script], given, tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("VERIFIED under a key you gave.") == 2
    assert PHONE in (tmp_path / "proof.json").read_text()


async def test_a_proof_that_was_changed_on_its_way_is_refused_and_so_is_a_page(browser: Browser, site: Site) -> None:
    await set_story(site)

    async def other_proof(route: Route) -> None:
        answer = await route.fetch()
        body = (await answer.text()).replace('"provider":"twilio"', '"provider":"twilix"')
        await route.fulfill(response=answer, body=body)

    async def other_page(route: Route) -> None:
        answer = await route.fetch()
        body = re.sub(r'data-type="attempt\.started"', 'data-type="attempt.refused"', await answer.text())
        await route.fulfill(response=answer, body=body)

    async with watched(browser, site.origins, locale="en") as (page, _):
        await sign_in(page, site)
        await find(page, SHIPMENT)
        await verdict(page, "own_key")
        await page.route("**/audit/proof/*", other_proof)
        await page.reload()
        await verdict(page, "refused")
        await page.unroute("**/audit/proof/*")
        await page.route("**/audit/story/*", other_page)
        await page.reload()
        await verdict(page, "differs")


async def test_a_key_that_signed_nothing_refuses_and_one_that_is_none_is_said_to_be(
    browser: Browser, site: Site
) -> None:
    await set_story(site)
    other = "other.example/log+f8a1f1c4+AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh"
    async with visiting(browser, site.origins, locale="en") as page:
        await sign_in(page, site)
        await find(page, SHIPMENT)
        await verdict(page, "own_key")
        await page.get_by_text("Paste it instead").click()
        await page.locator("#vkey-text").fill(other)
        await page.get_by_role("button", name="Check with this key").click()
        await expect(page.get_by_role("alert")).to_contain_text("The key cannot be used")
        await verdict(page, "own_key")


async def test_without_javascript_the_page_says_what_was_not_checked_and_gives_the_proof(
    browser: Browser, site: Site
) -> None:
    await set_story(site)
    async with visiting(browser, site.origins, locale="en", java_script_enabled=False) as page:
        await sign_in(page, site)
        await find(page, SHIPMENT)
        await expect(page.locator("#verdict-box")).to_contain_text("Not checked by your browser")
        await expect(page.locator("#verdict-box")).to_contain_text("awizo verify")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Proof (JSON)").click()
        assert PHONE.encode() not in (await (await download.value).path()).read_bytes()


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
async def test_no_page_has_a_barrier_or_scrolls_sideways(browser: Browser, site: Site, language: str) -> None:
    await set_story(site)
    options = {"viewport": NARROWEST, "reduced_motion": "reduce", "locale": language}
    async with visiting(browser, site.origins, **options) as page:
        await page.goto(f"{site.url}/audit")
        await look_at(page)
        await page.locator("#key").fill("awz_wrong")
        await page.locator("main form button").click()
        await look_at(page)
        await sign_in(page, site)
        await look_at(page)
        await find(page, RECIPIENT)
        await look_at(page)
        await find(page, RECIPIENT, reason="a complaint")
        await look_at(page)
        await page.locator("ol.messages a").first.click()
        await verdict(page, "own_key")
        await look_at(page)
        await page.locator("form.open input[name=reason]").fill("a complaint")
        await page.locator("form.open button").click()
        await verdict(page, "own_key")
        await look_at(page)


async def look_at(page: Page) -> None:
    await page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert await barriers(page) == [], (page.url, scheme)
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths == [320, 320], page.url


async def test_by_keyboard_alone_an_auditor_finds_an_item_and_opens_a_fact(browser: Browser, site: Site) -> None:
    await set_story(site)
    async with visiting(browser, site.origins, locale="en", viewport=PHONE_SCREEN) as page:
        await page.goto(f"{site.url}/audit")
        await tab_to(page, "#key")
        await page.keyboard.type(await site.auditors_key())
        await page.keyboard.press("Enter")
        await expect(page.locator("#term")).to_be_visible()
        await tab_to(page, "#term")
        await page.keyboard.type(SHIPMENT)
        await page.keyboard.press("Enter")
        await verdict(page, "own_key")
        await tab_to(page, "#fact-1 > details > summary")
        await page.keyboard.press("Enter")
        await expect(page.locator("#fact-1 dl")).to_be_visible()


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has the focus; where the focus is must always be seen."""
    wanted = page.locator(selector).first
    for _ in range(40):
        await page.keyboard.press("Tab")
        # A file's own control is not seen: the label beside it shows the focus in its place.
        seen = "(each) => getComputedStyle(each.type === 'file' ? each.nextElementSibling : each).outlineStyle"
        assert await page.locator(":focus").evaluate(seen) == "solid"
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {selector}")


async def test_a_story_prints_on_two_sheets(browser: Browser, site: Site) -> None:
    await set_story(site)
    await site.post("the same once more")  # two more messages that are not sent
    async with visiting(browser, site.origins, locale="pl") as page:
        await sign_in(page, site)
        await find(page, SHIPMENT)
        await verdict(page, "own_key")
        await page.locator("form.open input[name=reason]").fill("skarga")
        await page.locator("form.open button").click()
        await verdict(page, "own_key")
        printed = await page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 2
