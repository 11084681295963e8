"""Which characters are shown, and that none is lost or can hide."""

import unicodedata
from importlib.resources import files

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.statement_pdf.letters import LETTERS, grouped, lines_of, printable, shortened


@pytest.mark.parametrize("weight", ["400", "600"])
def test_the_typeface_has_exactly_the_letters_that_are_shown(weight: str) -> None:
    font = TTFont(str(files("app.rendering.statement_pdf") / f"inter-{weight}.ttf"))
    assert font.getBestCmap().keys() == LETTERS


@pytest.mark.parametrize("weight", ["400", "600"])
def test_figures_are_all_of_one_width(weight: str) -> None:
    font = TTFont(str(files("app.rendering.statement_pdf") / f"inter-{weight}.ttf"))
    widths = {font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
    assert len(widths) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Zażółć Gęślą-Jaźń",
        "Їжакевич Ґалаґан Єва",
        "Ёлка Ўладзімір Ђорђе Ѓоре Љиљана",
        "Čapek Dvořák Žižka Ľubomír",
        "Ștefan Țepeș",
    ],
)
def test_names_of_the_neighbourhood_are_shown_as_they_are(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("📦", "‹U+1F4E6›"),
        ("a\u202eb", "a‹U+202E›b"),
        ("\x00\x1b[31m", "‹U+0000›‹U+001B›[31m"),
        ("a\u00adb\u200bc", "a‹U+00AD›b‹U+200B›c"),
        ("e\u0301 и\u0306", "é й"),
        ("one\r\ntwo\nthree", "one two three"),
        ("\ud800", "‹U+D800›"),
    ],
)
def test_what_the_typeface_lacks_is_written_by_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_but_letters_of_the_typeface_is_shown_and_nothing_is_dropped(text: str) -> None:
    shown = printable(text)
    assert {ord(character) for character in shown} <= LETTERS
    assert len(shown) >= len(unicodedata.normalize("NFC", text).replace("\r\n", "\n"))


@given(st.text())
def test_lines_are_parted_where_the_text_breaks(text: str) -> None:
    assert len(lines_of(text)) == text.replace("\r\n", "\n").count("\n") + 1


def test_a_long_text_says_how_much_it_lacks() -> None:
    assert shortened("abcdef", 4) == ("abcd", 2)
    assert shortened("abc", 4) == ("abc", 0)


def test_digits_stand_in_groups() -> None:
    assert grouped("00759007734123456789") == "0075 9007 7341 2345 6789"
