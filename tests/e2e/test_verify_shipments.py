"""A statement about one shipment on the page for checking proofs: also that there is no event about it."""

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.builders import SHIPMENT
from tests.e2e.proofs import DISK, check, on_disk
from tests.e2e.visit import watched
from tests.property.mutation import with_digest
from tests.property.stated_shipments import Files, stated_files

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def files_in(directory: Path, empty: Path) -> Files:
    shutil.copyfile(empty, directory / "awizo.db")
    return await stated_files(directory / "awizo.db")


@pytest.mark.parametrize(
    ("language", "verified", "none"),
    [
        ("en", "Verified", "there was no event about this shipment"),
        ("pl", "Potwierdzony", "nie było żadnego zdarzenia dotyczącego tej przesyłki"),
        ("uk", "Підтверджено", "не було жодної події про це відправлення"),
    ],
)
async def test_the_page_says_what_was_stated_and_until_when(
    browser: Browser, migrated_sqlite: Path, tmp_path: Path, language: str, verified: str, none: str
) -> None:
    files = await files_in(tmp_path, migrated_sqlite)
    keys = "\n".join(files.vkeys)
    async with watched(browser, DISK) as (page, watch):
        await page.goto(on_disk(tmp_path, language=language))
        await check(page, with_digest(files.file), keys)
        await expect(page.locator("#verdict")).to_have_text(verified)
        await expect(page.locator("#about")).to_contain_text(f"poczta-polska / {SHIPMENT}")
        await expect(page.locator("#about")).to_contain_text(files.file["notifications"][0]["notification"])
        await expect(page.locator("#facts > li")).to_have_count(2)
        await expect(page.locator('#checks [data-state="holds"] code')).to_have_count(11)
        await check(page, with_digest(files.empty), keys)
        await expect(page.locator("#verdict-words")).to_contain_text(none)
        await expect(page.locator("#proven")).to_be_hidden()
        assert watch.faults == []


async def test_an_event_that_is_left_out_is_refused(browser: Browser, migrated_sqlite: Path, tmp_path: Path) -> None:
    files = await files_in(tmp_path, migrated_sqlite)
    raw = files.empty | {"subject": files.file["subject"]}
    async with watched(browser, DISK) as (page, watch):
        await page.goto(on_disk(tmp_path))
        await check(page, with_digest(raw), "\n".join(files.vkeys))
        await expect(page.locator("#verdict")).to_have_text("Refused")
        await expect(page.locator("#about")).not_to_contain_text(SHIPMENT)
        assert watch.faults == []
