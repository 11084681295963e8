"""A person's safety phrase: a few words of their own that stand in each message, so that a forged one shows."""

import re
import unicodedata
from enum import Enum

from app.rendering.free_text import plain

LENGTH_MAX = 20
_READ_MAX = 200
_CODE_DIGITS = 4

# As many digits as a confirmation code has, however they are grouped.
_LIKE_A_CODE = re.compile(r"\d(?:[ -]?\d){5}")


class PhraseFault(Enum):
    """Why a text is no safety phrase; the value completes the sentence that begins with the field's name."""

    NOT_VISIBLE = f"Must be 1 to {LENGTH_MAX} visible characters on one line"
    LINK = "Must not look like a link, an address or a phone number"
    CODE = "Must not look like a confirmation code"


def safety_phrase(text: str) -> str | PhraseFault:
    """`text` as it will be shown (NFKC, single blanks), or what is wrong with it.

    Nothing invisible, nothing that a phone would make tappable, and no digits that pass for a code.
    """
    if len(text) > _READ_MAX or any(_is_unsafe(char) for char in text):
        return PhraseFault.NOT_VISIBLE
    phrase = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(phrase) <= LENGTH_MAX or not any(unicodedata.category(char)[0] in "LNS" for char in phrase):
        return PhraseFault.NOT_VISIBLE
    if plain(phrase) != phrase:
        return PhraseFault.LINK
    return PhraseFault.CODE if _is_like_a_code(phrase) else phrase


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"


def _is_like_a_code(phrase: str) -> bool:
    said = [char for char in phrase if char.isalnum()]
    only_digits = len(said) >= _CODE_DIGITS and all(char.isdecimal() for char in said)
    return only_digits or _LIKE_A_CODE.search(phrase) is not None
