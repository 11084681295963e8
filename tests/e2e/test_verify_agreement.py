"""The page's verifier and the Python one find the same, word for word, on whatever they are given."""

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from app.evidence.verifier import Report, parse_vkeys, verify_bundle
from app.web.verify_page import verify_page
from tests.e2e.mutants import Mutant, mutants
from tests.e2e.visit import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SEED, NUMBER, TOGETHER = 20261123, 1500, 100
VERIFY_ALL = """async (pairs) => {
  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const reports = [];
  for (const [data, vkeys] of pairs) reports.push(await awizoVerify(bytes(data), vkeys));
  return reports;
}"""


async def by_the_page(page: Page, tried: list[Mutant]) -> list[dict[str, Any]]:
    pairs = [[base64.b64encode(mutant.data).decode(), mutant.vkeys] for mutant in tried]
    reports: list[dict[str, Any]] = await page.evaluate(VERIFY_ALL, pairs)
    return reports


def by_python(mutant: Mutant) -> Report:
    return verify_bundle(mutant.data, vkeys=parse_vkeys(mutant.vkeys) if mutant.vkeys else ())


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
    assert failed == every_check - {"pending", "witnesses"}, "these two never fail"
