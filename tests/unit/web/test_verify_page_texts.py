"""Everything that the page for checking proofs says, it says in Polish, English and Ukrainian."""

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from app.domain.recipient import LANGUAGES
from app.evidence.catalogue import CATALOGUE, CONSENT_FACTS, EVENT_FACTS, GRADE_WORDS, SEALED_NAMES, Chain
from app.evidence.verifier import verify_bundle
from app.web.verify_page import SCRIPTS
from tests.unit.evidence.builder import delivered_log

SOURCES = files("app.web") / "verifier_page"
LITERAL = r'"(?:[^"\\]|\\.)*"'
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def scripts() -> str:
    return "\n".join((SOURCES / name).read_text("utf-8") for name in SCRIPTS)


class Marked(HTMLParser):
    """The texts of elements that are marked to be said."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._marked = False
        self.feed((SOURCES / "page.html").read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._marked = "data-say" in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._marked:
            self.texts.add(data)
        self._marked = False


def used() -> set[str]:
    """Every English text that the page can say."""
    calls = re.findall(rf"\bmessage\(\s*({LITERAL}(?:\s*\+\s*{LITERAL})*)", scripts())
    in_code = {"".join(json.loads(part) for part in re.findall(LITERAL, call)) for call in calls}
    kinds = {kind.name for row in CATALOGUE.values() for kind in row.data.values()}
    of_values = {name for name in kinds if not name.startswith("one of ")}
    return in_code | Marked().texts | set(GRADE_WORDS) | SEALED_NAMES | of_values


def texts(language: str) -> dict[str, str]:
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    loaded: dict[str, str] = json.loads(
        (SOURCES / "texts" / f"{language}.json").read_text("utf-8"), object_pairs_hook=distinct
    )
    return loaded


def table(name: str) -> set[str]:
    """The keys of a table in the scripts."""
    (body,) = re.findall(rf"export const {name} = \{{\n(.*?)\n\}};", scripts(), re.DOTALL)
    return set(re.findall(r'^  "?([a-z0-9_.]+)"?: ', body, re.MULTILINE))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_exactly_the_texts_that_are_used(language: str) -> None:
    assert texts(language).keys() == used()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_fills_in_the_same_values(language: str) -> None:
    for english, text in texts(language).items():
        assert text not in {"", english} or english == "null"
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english)), english


def test_ukrainian_has_no_letters_of_russian_and_polish_none_of_either() -> None:
    assert not re.search(r"[ыэъёЫЭЪЁ]", "".join(texts("uk").values()))
    assert not re.search(r"[а-яіїєґ]", "".join(texts("pl").values()), re.IGNORECASE)


def test_every_element_that_is_marked_holds_text_alone() -> None:
    page = (SOURCES / "page.html").read_text("utf-8")
    assert page.count("data-say") == len(re.findall(r"data-say>[^<]+</", page))


def test_every_fact_that_a_proof_can_hold_is_told_in_words() -> None:
    chained = {name for name, row in CATALOGUE.items() if row.chain is not Chain.NEVER}
    assert table("FACT_WORDS") == chained | EVENT_FACTS | CONSENT_FACTS


def test_every_sealed_field_and_every_signature_is_told_in_words() -> None:
    assert table("FIELD_WORDS") == SEALED_NAMES
    signature = CATALOGUE["receipt.delivered"].data["signature"]
    assert all(signature.accepts(word) for word in table("REPORT_WORDS"))
    assert len(table("REPORT_WORDS")) == len(signature.name.split(", "))


def test_every_check_has_its_claim_in_the_order_of_the_command() -> None:
    (listed,) = re.findall(r"export const CHECKS = \[\n(.*?)\n\];", scripts(), re.DOTALL)
    names = re.findall(r'"(\w+)"', listed)
    log = delivered_log()
    assert names == [check.name for check in verify_bundle(log.bundle(), vkeys=log.vkeys()).checks]
    assert table("CLAIMS") == set(names)
