"""Ukrainian in Latin letters, by the official table (resolution 55 of the Cabinet of Ministers, 27 January 2010)."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = {
    "а": "a",
    "б": "b",
    "в": "v",
    "г": "h",
    "ґ": "g",
    "д": "d",
    "е": "e",
    "є": "ie",
    "ж": "zh",
    "з": "z",
    "и": "y",
    "і": "i",
    "ї": "i",
    "й": "i",
    "к": "k",
    "л": "l",
    "м": "m",
    "н": "n",
    "о": "o",
    "п": "p",
    "р": "r",
    "с": "s",
    "т": "t",
    "у": "u",
    "ф": "f",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ь": "",
    "ю": "iu",
    "я": "ia",
}
_WORD_INITIAL = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_APOSTROPHES = "'’ʼ"

_ALPHABET = "".join(_LETTERS) + "".join(_LETTERS).upper()
_ANY = re.compile(f"[{_ALPHABET}]")
# An apostrophe belongs to a word only between two of its letters.
_WORD = re.compile(f"[{_ALPHABET}]+(?:[{_APOSTROPHES}][{_ALPHABET}]+)*")


def romanised(text: str) -> str:
    """`text` (NFC) with its Ukrainian words in Latin letters; what is not Ukrainian stays as it is.

    `зг` becomes `zgh`, the soft sign and the apostrophe go, Є, Ї, Й, Ю and Я depend on whether a word begins with
    them. A letter that becomes several is wholly in capitals among capitals: ЩО is SHCHO, Що is Shcho.
    """
    text = unicodedata.normalize("NFC", text)
    return _WORD.sub(_replaced, text) if _ANY.search(text) else text


def _replaced(found: re.Match[str]) -> str:
    start = found.start()
    return _romanised_word(found.group(), begins=start == 0 or not found.string[start - 1].isalpha())


@lru_cache(maxsize=4096)
def _romanised_word(word: str, *, begins: bool) -> str:
    capitals = len(word) > 1 and word.isupper()
    latin, before = "", "" if begins else word[0]
    for letter in word:
        lower = letter.lower()
        spelled = _spelled(lower, before)
        latin += (spelled.upper() if capitals else spelled.capitalize()) if letter != lower else spelled
        before = lower
    return latin


def _spelled(letter: str, before: str) -> str:
    """One small letter after another; `before` is empty where a word begins."""
    if letter in _APOSTROPHES:
        return ""
    if not before:
        return _WORD_INITIAL.get(letter, _LETTERS[letter])
    return "gh" if (before, letter) == ("з", "г") else _LETTERS[letter]
