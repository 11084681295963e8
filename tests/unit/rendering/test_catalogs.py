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
from app.rendering.catalog import LANGUAGES, language_or_default, letter_speaker

FOLDER = Path(app.rendering.__path__[0])
CATALOGS = ("sms", "letter", "words")


def used_messages(*catalogs: str) -> set[str]:
    """Every English text that the code says or marks from these catalogs (all of them), found in its syntax trees."""
    sources = (source for source in FOLDER.rglob("*.py") if catalog_of(source) in (catalogs or CATALOGS))
    return {message for source in sources for message in _messages(ast.parse(source.read_text(encoding="utf-8")))}


def catalog_of(source: Path) -> str:
    """Which catalog has the texts of that module: SMS and letters have their own, what they share is in `words`."""
    room = source.relative_to(FOLDER).parts[0].removesuffix(".py")
    return {"sms": "sms", "letter": "letter", "email": "letter"}.get(room, "words")


def _messages(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"say", "marked"}
        if named and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def catalog(language: str, domain: str) -> Catalog:
    source = files("app.rendering") / "catalogs" / language / "LC_MESSAGES" / f"{domain}.po"
    with source.open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_holds_exactly_the_messages_that_are_used(language: str, domain: str) -> None:
    assert {message.id for message in catalog(language, domain) if message.id} == used_messages(domain)


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_message_has_a_text_in_every_language(language: str, domain: str) -> None:
    assert [message.id for message in catalog(language, domain) if not message.string] == []


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_fuzzy_or_fills_in_other_values_than_its_message(language: str, domain: str) -> None:
    texts = catalog(language, domain)
    assert [(message.id, errors) for message, errors in texts.check() if errors] == []
    assert [message.id for message in texts if message.id and message.fuzzy] == []


def test_a_text_says_its_values() -> None:
    assert letter_speaker("pl")("When: %(when)s", when="%(x)s {{7*7}}") == "Kiedy: %(x)s {{7*7}}"
    assert letter_speaker("en")("When: %(when)s", when="today") == "When: today"


@pytest.mark.parametrize(("language", "spoken"), [("pl", "pl"), ("en", "en"), ("uk", "pl"), ("xx", "pl"), ("", "pl")])
def test_a_language_without_a_catalog_becomes_polish(language: str, spoken: str) -> None:
    assert language_or_default(language) == spoken


def test_every_file_that_rendering_reads_is_packaged() -> None:
    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    read = {file for file in FOLDER.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}
    assert len(read) == 2 + 9
    assert [file.name for file in read if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []
