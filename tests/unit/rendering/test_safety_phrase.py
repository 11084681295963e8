"""Which words may stand in each message as a person's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.free_text import plain
from app.rendering.safety_phrase import LENGTH_MAX, PhraseFault, safety_phrase


@pytest.mark.parametrize(
    "text", ["kot Filemon", "Żółty kot", "Їжак", "x", "rok 1984", "42", "🐻 🌲", "a" * LENGTH_MAX, "Ala ma kota!"]
)
def test_a_few_visible_characters_are_taken_as_they_are(text: str) -> None:
    assert safety_phrase(text) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("  kot   Filemon ", "kot Filemon"), ("Zo\u0301ltv", "Zóltv"), ("ｋｏｔ", "kot")]
)
def test_one_phrase_has_one_form(text: str, shown: str) -> None:
    assert safety_phrase(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a" * (LENGTH_MAX + 1),
        "kot\nFilemon",
        "kot\u202e",
        "kot\u2028",
        "k\u200bot",
        "\u0301",
        "...",
        "\ufdfa" * 20,
    ],
)
def test_what_cannot_be_seen_or_is_too_long_is_no_phrase(text: str) -> None:
    assert safety_phrase(text) is PhraseFault.NOT_VISIBLE


@pytest.mark.parametrize(
    "text", ["awizo.pl", "www.kot", "http://kot", "jan@kot.pl", "600 100 200", "kot.pies", "x://y"]
)
def test_what_a_phone_would_make_tappable_is_no_phrase(text: str) -> None:
    assert safety_phrase(text) is PhraseFault.LINK


@pytest.mark.parametrize(
    "text", ["482913", "4829", "48 29 13", "48-29-13", "٤٨٢٩١٣", "kod 482913", "4 8 2 9 1 3", "#1234"]
)
def test_what_could_pass_for_a_confirmation_code_is_no_phrase(text: str) -> None:
    assert safety_phrase(text) is PhraseFault.CODE


@given(st.text(max_size=30))
def test_a_phrase_that_is_taken_is_shown_as_it_is_kept(text: str) -> None:
    phrase = safety_phrase(text)
    if isinstance(phrase, str):
        assert plain(phrase) == phrase
        assert safety_phrase(phrase) == phrase
        assert 1 <= len(phrase) <= LENGTH_MAX
