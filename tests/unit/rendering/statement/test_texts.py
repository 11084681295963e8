"""The catalogs of statements: complete, and nothing left over."""

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.unit.rendering.test_catalogs import FOLDER, used_messages, used_plurals


def catalog(language: str) -> Catalog:
    source = FOLDER / "statement_pdf" / "catalogs" / language / "LC_MESSAGES" / "statement.po"
    with source.open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


@pytest.mark.parametrize("language", ["pl", "en"])
def test_a_catalog_holds_exactly_the_messages_that_are_used(language: str) -> None:
    held = {message.id for message in catalog(language) if message.id}
    assert held == used_messages("statement") | used_plurals("statement")


def test_every_message_has_a_polish_text() -> None:
    said = {message.id: message.string for message in catalog("pl")}
    assert [name for name, text in said.items() if not (all(text) if isinstance(text, tuple) else text)] == []


@pytest.mark.parametrize("language", ["pl", "en"])
def test_no_text_fills_in_other_values_than_its_message(language: str) -> None:
    assert [(message.id, errors) for message, errors in catalog(language).check() if errors] == []
