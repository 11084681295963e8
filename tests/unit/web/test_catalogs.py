"""Every text of the pages exists in every language, and the reader gets the language that fits."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.ext import extract_from_ast

import app.web
from app.domain.recipient import LANGUAGES
from app.web.catalog import language_for, speaker

FOLDER = Path(app.web.__path__[0])


def used_messages() -> set[str]:
    """Every English text that code or templates say or mark, found in their syntax trees."""
    code = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.rglob("*.py")))
    templates = sorted((FOLDER / "templates").rglob("*.html"))
    return {message for tree in code for message in _of_code(tree)} | {
        message for path in templates for message in _of_template(path.read_text(encoding="utf-8"))
    }


def _of_code(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"say", "marked"}
        if named and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def _of_template(source: str) -> Iterator[str]:
    environment = Environment(autoescape=True)
    for _line, _function, message in extract_from_ast(environment.parse(source), gettext_functions=("say",)):
        first = message[0] if isinstance(message, tuple) else message
        if isinstance(first, str):
            yield first


def catalog(language: str) -> Catalog:
    with (files("app.web") / "catalogs" / language / "LC_MESSAGES" / "pages.po").open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_holds_exactly_the_messages_that_are_used(language: str) -> None:
    assert {message.id for message in catalog(language) if message.id} == used_messages()


@pytest.mark.parametrize("language", ["pl", "uk"])
def test_every_message_has_a_text_of_its_own(language: str) -> None:
    same_in_polish = {"Operator", "SMS", "E-mail"}
    texts = {message.id: message.string for message in catalog(language) if message.id}
    assert {said for said, text in texts.items() if text in ("", said)} - same_in_polish == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_fuzzy_or_fills_in_other_values_than_its_message(language: str) -> None:
    assert [(message.id, errors) for message, errors in catalog(language).check() if errors] == []
    assert [message.id for message in catalog(language) if message.id and message.fuzzy] == []


def test_ukrainian_is_written_in_its_own_letters() -> None:
    texts = [re.sub(r"%\([a-z]+\)s", "", str(message.string)) for message in catalog("uk") if message.id]
    assert set(re.findall(r"[A-Za-z]+", " ".join(texts))) == {"SMS"}
    # Letters of Russian that Ukrainian does not have.
    assert not re.search(r"[ыэъёЫЭЪЁ]", "".join(texts))


def test_a_text_says_its_values() -> None:
    assert speaker("pl")("Recorded: %(moment)s.", moment="%(x)s {{7*7}}") == "Zapisano: %(x)s {{7*7}}."
    assert speaker("en")("Recorded: %(moment)s.", moment="today") == "Recorded: today."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "pl"),
        ("en", "en"),
        ("uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        ("de-DE, de;q=0.9, en-GB;q=0.8", "en"),
        ("en;q=0.5, uk;q=0.7", "uk"),
        ("en;q=0, uk;q=0.1", "uk"),
        ("EN-us", "en"),
        ("de, fr", "pl"),
        ("*", "pl"),
        ("en;q=nan, uk;q=inf", "pl"),
        ("en;q=2", "pl"),
        (";;;,,,q=1", "pl"),
        (", ".join(["de"] * 30 + ["en"]), "pl"),
    ],
)
def test_a_stranger_gets_the_language_the_browser_asks_for_or_polish(header: str, language: str) -> None:
    assert language_for(header) == language


@pytest.mark.parametrize(("own", "language"), [("uk", "uk"), ("pl", "pl"), (None, "en"), ("xx", "en"), ("", "en")])
def test_the_persons_own_language_goes_before_the_browsers(own: str | None, language: str) -> None:
    assert language_for("en", preferred=own) == language


@given(st.text())
def test_any_header_gives_a_language_that_we_have(header: str) -> None:
    assert language_for(header) in LANGUAGES
