"""The page's verifier and the Python one find the same, word for word, on whatever they are given."""

import base64
import shutil
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from app.evidence.verifier import NoteError, PolicyError, Report, parse_policy, parse_vkeys, verify_bundle, verify_file
from app.web.verify_page import verify_page
from tests.e2e.mutants import TEXT_TRICKS, WITNESSES, Mutant, mutants
from tests.e2e.visit import visiting
from tests.property.mutation import with_digest
from tests.property.stated_shipments import Files, at, others, places, stated_files
from tests.unit.evidence.builder import Key

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SEED, NUMBER, TOGETHER = 20261123, 1500, 100
VERIFY_ALL = """async (pairs) => {
  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const reports = [];
  for (const [data, vkeys, policy] of pairs) reports.push(await awizoVerify(bytes(data), vkeys, policy));
  return reports;
}"""


KEY, LOG_KEY = str(WITNESSES[0].key), str(Key.of("log.example").vkey)
BAD_POLICIES = (
    "# nothing\n",
    "quorum none\r\n",
    "quorum\n",
    "quorum none none\n",
    "quorum none\nquorum none\n",
    "quorum w\n",
    "witnesses w\nquorum none\n",
    "log\nquorum none\n",
    f"log {KEY}\nquorum none\n",
    f"log {LOG_KEY}\nlog {LOG_KEY} https://log.example/\nquorum none\n",
    f"witness w {LOG_KEY}\nquorum none\n",
    f"witness none {KEY}\nquorum none\n",
    f"witness w {KEY} a b\nquorum none\n",
    f"witness w {KEY}\nwitness v {KEY}\nquorum none\n",
    f"witness w {KEY}\ngroup g any\nquorum g\n",
    f"witness w {KEY}\ngroup g any v\nquorum g\n",
    f"witness w {KEY}\ngroup g 2 w\nquorum g\n",
    f"witness w {KEY}\ngroup g 01 w\nquorum g\n",
    f"witness w {KEY}\ngroup w any w\nquorum w\n",
    f"witness w {KEY}\ngroup g any w\ngroup h any w\nquorum h\n",
)
BAD_KEYS = ("nonsense", "a+b", "a+b+c", "a+00000000+AQ==", LOG_KEY.replace("log.", "dog."), f"{LOG_KEY}\n\n{KEY}")
WHY_NOT = """async ([vkeys, policy]) => {
  try {
    return await awizoVerify(new Uint8Array(), vkeys, policy);
  } catch (error) {
    return error.message;
  }
}"""


async def by_the_page(page: Page, tried: list[Mutant]) -> list[dict[str, Any]]:
    pairs = [[base64.b64encode(mutant.data).decode(), mutant.vkeys, mutant.policy] for mutant in tried]
    reports: list[dict[str, Any]] = await page.evaluate(VERIFY_ALL, pairs)
    return reports


def by_python(mutant: Mutant) -> Report:
    return verify_bundle(
        mutant.data,
        vkeys=parse_vkeys(mutant.vkeys) if mutant.vkeys else (),
        policy=parse_policy(mutant.policy.encode()) if mutant.policy else None,
    )


async def test_page_and_python_agree_on_every_mutant(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "verify.html"
    file.write_bytes(verify_page().html)
    tried = list(mutants(SEED, NUMBER))
    verdicts: Counter[str] = Counter()
    failed: set[str] = set()
    async with visiting(browser, ["file://"]) as page:
        await page.goto(file.as_uri())
        for start in range(0, len(tried), TOGETHER):
            batch = tried[start : start + TOGETHER]
            for mutant, found in zip(batch, await by_the_page(page, batch), strict=True):
                expected = by_python(mutant).as_json()
                assert found == expected
                verdicts[expected["verdict"]] += 1
                failed |= {check["name"] for check in expected["checks"] if check["outcome"] == "fails"}
    # Else the agreement would be about little.
    assert set(verdicts) == {"verified", "refused", "sound_unvouched"}
    every_check = {check.name for check in by_python(tried[0]).checks}
    assert failed == every_check - {"pending"}


def statements(files: Files) -> Iterator[tuple[bytes, str]]:
    """Statements about a shipment, each with the keys brought: some that are right, and of each value another."""
    keys, chance = "\n".join(files.vkeys), Random(SEED)
    for raw in (files.file, files.empty, files.other):
        data = with_digest(raw)
        yield from ((data, brought) for brought in (keys, files.vkeys[0], ""))
        yield from ((data.replace(old, new), keys) for old, new in TEXT_TRICKS)
        for path in places(raw):
            for value in others(at(raw, path), chance):
                mutant = deepcopy(raw)
                at(mutant, path[:-1])[path[-1]] = value
                yield with_digest(mutant), keys
            missing = deepcopy(raw)
            del at(missing, path[:-1])[path[-1]]
            yield with_digest(missing), keys


async def test_page_and_python_agree_on_statements_about_shipments(
    browser: Browser, migrated_sqlite: Path, tmp_path: Path
) -> None:
    file, database = tmp_path / "verify.html", tmp_path / "stated" / "awizo.db"
    file.write_bytes(verify_page().html)
    database.parent.mkdir()
    shutil.copyfile(migrated_sqlite, database)
    tried = list(statements(await stated_files(database)))
    failed: set[str] = set()
    async with visiting(browser, ["file://"]) as page:
        await page.goto(file.as_uri())
        for start in range(0, len(tried), TOGETHER):
            batch = tried[start : start + TOGETHER]
            pairs = [[base64.b64encode(data).decode(), vkeys, ""] for data, vkeys in batch]
            for (data, vkeys), found in zip(batch, await page.evaluate(VERIFY_ALL, pairs), strict=True):
                expected = verify_file(data, vkeys=parse_vkeys(vkeys) if vkeys else ()).as_json()
                assert found == expected
                failed |= {check["name"] for check in expected["checks"] if check["outcome"] == "fails"}
    every_check = {check.name for check in verify_file(tried[0][0]).checks}
    assert failed == every_check - {"pending", "witnesses"}


async def test_page_and_python_say_the_same_of_keys_and_policies_that_cannot_be_used(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "verify.html"
    file.write_bytes(verify_page().html)
    async with visiting(browser, ["file://"]) as page:
        await page.goto(file.as_uri())
        for vkeys in BAD_KEYS:
            with pytest.raises(NoteError) as why:
                parse_vkeys(vkeys)
            assert await page.evaluate(WHY_NOT, [vkeys, ""]) == str(why.value)
        for policy in BAD_POLICIES:
            with pytest.raises(PolicyError) as not_why:
                parse_policy(policy.encode())
            assert await page.evaluate(WHY_NOT, ["", policy]) == str(not_why.value)
