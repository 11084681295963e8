"""Reasons are words: something to read, not too long, and nothing that steers a screen."""

import pytest

from app.domain.reason import REASON_MAX, is_reason


@pytest.mark.parametrize("text", ["complaint 17/2026", "Zażółć gęślą jaźń – скарга", "x", "ż" * REASON_MAX, "👩‍👩‍👧"])
def test_words_are_a_reason(text: str) -> None:
    assert is_reason(text)


@pytest.mark.parametrize(
    "text", ["", " ", "x" * (REASON_MAX + 1), "a\x00b", "\x1b[31mred", "a\nb", "a\u202eb", "a\u2028b", "\u2066x"]
)
def test_what_steers_or_shows_nothing_is_none(text: str) -> None:
    assert not is_reason(text)
