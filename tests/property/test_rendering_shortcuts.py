"""What rendering does once for many messages is what it would do for each."""

import binascii
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from app.rendering import free_text, mime, sms_segments
from app.rendering.sms_segments import transliterate
from app.rendering.transliteration import romanised

_BREAKS = st.sampled_from(["\n", "\r\n", "\r", " \n", "\t\n", ".\n", "=\n", " ", "."])
_TEXTS = st.lists(st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=90), _BREAKS), max_size=12).map(
    "".join
)


@given(text=_TEXTS)
def test_lines_encoded_one_by_one_are_the_text_encoded_whole(text: str) -> None:
    whole = binascii.b2a_qp(text.replace("\r\n", "\n").replace("\r", "\n").encode(), istext=True)

    part = mime._part(b"plain", text)

    assert part.partition(b"\r\n\r\n")[2] == whole.replace(b"\n", b"\r\n")


@given(text=st.text(max_size=40), language=st.sampled_from(["pl", "en"]))
def test_a_text_is_spelled_as_letter_by_letter(text: str, language: str) -> None:
    letter_by_letter = "".join(sms_segments._spell(char, language) for char in romanised(text))
    while "??" in letter_by_letter:
        letter_by_letter = letter_by_letter.replace("??", "?")

    assert transliterate(text, language) == (" ".join(letter_by_letter.split()) or "?")


@given(text=st.text(st.characters(max_codepoint=0x7F), max_size=40))
def test_ascii_that_can_be_printed_is_shown_as_letter_by_letter(text: str) -> None:
    assert free_text._visible(text) == "".join(free_text._shown(char) for char in unicodedata.normalize("NFKC", text))
