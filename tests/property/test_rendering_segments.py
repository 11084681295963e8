"""Counting parts and transliterating, for any text."""

from hypothesis import given
from hypothesis import strategies as st

from app.rendering.free_text import LENGTH_MAX, plain, plain_number
from app.rendering.sms_segments import GSM7, count_parts, encoding_of, transliterate, units
from tests.unit.rendering.rules import links

languages = st.sampled_from(["pl", "en"])


@given(text=st.text(), language=languages)
def test_transliterated_text_is_gsm7_one_septet_a_character_and_never_empty(text: str, language: str) -> None:
    result = transliterate(text, language)
    assert result
    assert encoding_of(result) == GSM7
    assert units(result) == len(result)
    assert result == " ".join(result.split())


@given(text=st.text(), language=languages)
def test_transliterating_twice_changes_nothing_more(text: str, language: str) -> None:
    once = transliterate(text, language)
    assert transliterate(once, language) == once


@given(text=st.text(max_size=700))
def test_parts_hold_the_text_and_no_fewer_would(text: str) -> None:
    single, concatenated = (160, 153) if encoding_of(text) == GSM7 else (70, 67)
    parts, length = count_parts(text), units(text)
    if length <= single:
        assert parts == 1
    else:
        # A part may leave one unit unused where a character of two would be split.
        assert -(-length // concatenated) <= parts <= -(-length // (concatenated - 1))


@given(text=st.text(), more=st.text())
def test_more_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert count_parts(text + more) >= count_parts(text)


@given(text=st.text() | st.text(alphabet="aZ1.:/@ -。\u0332\u200b\n+", max_size=60))
def test_plain_text_is_one_short_printable_line_without_links(text: str) -> None:
    result = plain(text)
    assert len(result) <= LENGTH_MAX
    assert all(char.isprintable() for char in result)
    assert links(result) == []


@given(text=st.text(alphabet="aZ1.:/@ -。\u0332\u200b\n+", max_size=60))
def test_a_plain_number_is_one_line_without_links(text: str) -> None:
    assert links(plain_number(text)) == []
