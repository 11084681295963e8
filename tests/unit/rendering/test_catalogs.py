import ast
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import app.rendering
from app.rendering.catalog import LANGUAGES, language_or_default, speaker

SOURCES = sorted(Path(app.rendering.__path__[0]).glob("*.py"))


def used_messages() -> set[str]:
    """Every English text that the code says or marks, found in its syntax trees."""
    return {message for source in SOURCES for message in _messages(ast.parse(source.read_text(encoding="utf-8")))}


def _messages(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"say", "marked"}
        if named and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def catalog(language: str) -> Catalog:
    source = files("app.rendering") / "catalogs" / language / "LC_MESSAGES" / "awizo.po"
    with source.open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_holds_exactly_the_messages_that_are_used(language: str) -> None:
    assert {message.id for message in catalog(language) if message.id} == used_messages()


def test_every_message_has_a_polish_text() -> None:
    assert [message.id for message in catalog("pl") if not message.string] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_fuzzy_or_fills_in_other_values_than_its_message(language: str) -> None:
    assert [(message.id, errors) for message, errors in catalog(language).check() if errors] == []
    assert [message.id for message in catalog(language) if message.id and message.fuzzy] == []


def test_a_text_says_its_values() -> None:
    assert speaker("pl")("When: %(when)s", when="%(x)s {{7*7}}") == "Kiedy: %(x)s {{7*7}}"
    assert speaker("en")("When: %(when)s", when="today") == "When: today"


@pytest.mark.parametrize(("language", "spoken"), [("pl", "pl"), ("en", "en"), ("uk", "pl"), ("xx", "pl"), ("", "pl")])
def test_a_language_without_a_catalog_becomes_polish(language: str, spoken: str) -> None:
    assert language_or_default(language) == spoken


def test_every_file_that_rendering_reads_is_packaged() -> None:
    folder = Path(app.rendering.__path__[0])
    project = tomllib.loads((folder.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    read = {file for file in folder.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}
    assert len(read) == 4
    assert [file.name for file in read if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []
