import ast
import tomllib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import app.rendering
from app.domain.recipient import LANGUAGES
from app.rendering.catalog import language_or_default, letter_speaker

FOLDER = Path(app.rendering.__path__[0])
CATALOGS = ("sms", "letter", "words")


def used_messages(*catalogs: str) -> set[str]:
    """Every English text that the code says or marks from these catalogs (all of them), found in its syntax trees."""
    return {args[0] for args in _said(catalogs, _is_say_or_marked)}


def used_plurals(*catalogs: str) -> set[tuple[str, str]]:
    """Every pair of English texts, for one and for many, that the code says from these catalogs (all of them)."""
    return {(args[0], args[1]) for args in _said(catalogs, _is_plural)}


def catalog_of(source: Path) -> str:
    """Which catalog has the texts of that module.

    SMS, letters and statements have their own, what the former two share is in `words`.
    """
    room = source.relative_to(FOLDER).parts[0].removesuffix(".py").partition("_")[0]
    return {"sms": "sms", "letter": "letter", "email": "letter", "statement": "statement"}.get(room, "words")


def _said(catalogs: Sequence[str], wanted: Callable[[ast.expr], bool]) -> Iterator[list[str]]:
    """The literal arguments of every call of a wanted function in the modules of these catalogs."""
    for source in FOLDER.rglob("*.py"):
        if catalog_of(source) not in (catalogs or CATALOGS):
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and wanted(node.func):
                literals = [
                    each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                if literals:
                    yield literals


def _is_say(function: ast.expr) -> bool:
    """`say`, or an attribute of that name."""
    match function:
        case ast.Name(id="say") | ast.Attribute(attr="say"):
            return True
        case _:
            return False


def _is_say_or_marked(function: ast.expr) -> bool:
    return _is_say(function) or (isinstance(function, ast.Name) and function.id == "marked")


def _is_plural(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "plural" and _is_say(function.value)


def catalog(language: str, domain: str) -> Catalog:
    source = files("app.rendering") / "catalogs" / language / "LC_MESSAGES" / f"{domain}.po"
    with source.open("rb") as lines:
        return read_po(lines, locale=language, abort_invalid=True)


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_holds_exactly_the_messages_that_are_used(language: str, domain: str) -> None:
    held = {message.id for message in catalog(language, domain) if message.id}
    assert held == used_messages(domain) | used_plurals(domain)


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_message_has_a_text_in_every_language(language: str, domain: str) -> None:
    texts = catalog(language, domain)
    said = {message.id: message.string for message in texts}
    assert [name for name, text in said.items() if not (all(text) if isinstance(text, tuple) else text)] == []
    assert {len(text) for text in said.values() if isinstance(text, tuple)} <= {texts.num_plurals}


@pytest.mark.parametrize("domain", CATALOGS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_fuzzy_or_fills_in_other_values_than_its_message(language: str, domain: str) -> None:
    texts = catalog(language, domain)
    assert [(message.id, errors) for message, errors in texts.check() if errors] == []
    assert [message.id for message in texts if message.id and message.fuzzy] == []


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", {1: "1 item", 2: "2 items", 5: "5 items", 21: "21 items"}),
        ("pl", {1: "1 przesyłka", 2: "2 przesyłki", 5: "5 przesyłek", 12: "12 przesyłek", 22: "22 przesyłki"}),
        ("uk", {1: "1 відправлення", 2: "2 відправлення", 5: "5 відправлень", 21: "21 відправлення"}),
    ],
)
def test_a_number_of_things_stands_in_the_form_that_its_language_wants(language: str, forms: dict[int, str]) -> None:
    say = letter_speaker(language)
    assert {count: say.plural("%(count)s item", "%(count)s items", count) for count in forms} == forms


def test_a_text_says_its_values() -> None:
    assert letter_speaker("pl")("When: %(when)s", when="%(x)s {{7*7}}") == "Kiedy: %(x)s {{7*7}}"
    assert letter_speaker("en")("When: %(when)s", when="today") == "When: today"


@pytest.mark.parametrize(("language", "spoken"), [("pl", "pl"), ("en", "en"), ("uk", "uk"), ("xx", "pl"), ("", "pl")])
def test_a_language_without_a_catalog_becomes_polish(language: str, spoken: str) -> None:
    assert language_or_default(language) == spoken


def test_every_file_that_rendering_reads_is_packaged() -> None:
    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    read = {file for file in FOLDER.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc"}}
    assert len(read) == (2 + 9) + (2 + 2 + 1)  # templates and catalogs; a statement's catalogs, typeface and licence
    assert [file.name for file in read if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []
