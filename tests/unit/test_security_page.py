"""docs/security.md names controls and tests that are there, and says so where one is not."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
FILE = re.compile(r"`((?:app|adapters|scripts|deploy|requirements)/[\w/.]*|Dockerfile)`")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in re.findall(r"^\| \d+ \|.*$", PAGE, re.MULTILINE)
]


@cache
def defined_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions))


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_a_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert name in defined_in(file)


def test_a_test_that_was_renamed_is_missed() -> None:
    assert "test_a_test_that_the_page_names_exists" in defined_in("tests/unit/test_security_page.py")
    assert "test_a_test_that_the_page_named_once" not in defined_in("tests/unit/test_security_page.py")
    assert defined_in("tests/unit/test_no_such_page.py") == frozenset()


@pytest.mark.parametrize("file", sorted(set(FILE.findall(PAGE))))
def test_a_file_that_the_page_names_exists(file: str) -> None:
    assert (ROOT / file).exists()


def test_every_row_is_there_in_order() -> None:
    assert [row[0].strip("| ") for row in ROWS] == [str(number) for number in range(1, 18)]
    assert {len(row) for row in ROWS} == {5}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_a_row_has_control_and_proof_or_says_what_is_missing(row: list[str]) -> None:
    _, _, control, proof, state = row
    if re.match(r"(?:Partial|Missing): \w", state):
        return
    assert state.startswith("Whole")
    assert FILE.search(control)
    assert TEST.search(proof)
