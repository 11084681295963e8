"""How many parts an SMS takes (3GPP TS 23.038, GSM 7 bit default alphabet and UCS-2), and text that fits the former."""

import unicodedata
from collections.abc import Iterable
from functools import cache

from app.rendering.transliteration import romanised

GSM7 = "gsm7"
UCS2 = "ucs2"

# 3GPP TS 23.038 §6.2.1 without ESC (0x1B), which only introduces the extension table.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038 §6.2.1.1: each takes ESC and one more septet.
_EXTENSION = frozenset("\f^{}\\[~]|€")

_SINGLE = {GSM7: 160, UCS2: 70}
_CONCATENATED = {GSM7: 153, UCS2: 67}

FALLBACK = "?"
_REMEMBERED_MAX = 4096

_SIGNS = {
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "ı": "i",
    "Œ": "OE",
    "œ": "oe",
    "Þ": "Th",
    "þ": "th",
    "ð": "d",
    "Ð": "D",
    "‘": "'",
    "’": "'",
    "‚": "'",
    "‛": "'",
    "′": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "‟": '"',
    "″": '"',
    "«": '"',
    "»": '"',
    "‹": "'",
    "›": "'",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "―": "-",
    "−": "-",
    "·": "-",
    "•": "-",
    "…": "...",
    "×": "x",
    "÷": "/",
    "⁄": "/",
    "©": "(c)",
    "®": "(R)",
    "°": "o",
    "€": "EUR",
    "^": "'",
    "{": "(",
    "}": ")",
    "[": "(",
    "]": ")",
    "\\": "/",
    "|": "/",
    "~": "-",
}
_NUMERO = {"pl": "nr", "en": "No"}


def encoding_of(text: str) -> str:
    """`gsm7` when every character is in the default alphabet or its extension table, else `ucs2`."""
    return GSM7 if all(char in _BASIC or char in _EXTENSION for char in text) else UCS2


def units(text: str) -> int:
    """The length that counts against a part's limit: septets for GSM-7, UTF-16 code units for UCS-2."""
    return sum(_widths(text, encoding_of(text)))


def count_parts(text: str) -> int:
    """How many parts the text takes: 1 up to 160 septets (70 code units), then 153 (67) for each part.

    A character of two units is never split over two parts. An empty text takes one part.
    """
    encoding = encoding_of(text)
    widths = list(_widths(text, encoding))
    if sum(widths) <= _SINGLE[encoding]:
        return 1
    room = _CONCATENATED[encoding]
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def transliterate(text: str, language: str) -> str:
    """`text` in the GSM-7 default alphabet alone: one septet a character, one line, never empty.

    Ukrainian is romanised, marks are taken off letters that the alphabet lacks, signs become their nearest ASCII
    (№ is a word of `language`), white space and control characters a blank, other scripts one `?` a run.
    """
    spelled = romanised(text).translate(_spelling(language))
    while FALLBACK * 2 in spelled:
        spelled = spelled.replace(FALLBACK * 2, FALLBACK)
    return " ".join(spelled.split()) or FALLBACK


def _widths(text: str, encoding: str) -> Iterable[int]:
    if encoding == GSM7:
        return (2 if char in _EXTENSION else 1 for char in text)
    return (2 if ord(char) > 0xFFFF else 1 for char in text)


class _Spelling(dict[int, str]):
    """A table for `str.translate` that fills itself: texts use few characters, and each is looked at once."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, code: int) -> str:
        spelled = _spell(chr(code), self._language)
        if len(self) < _REMEMBERED_MAX:
            self[code] = spelled
        return spelled


@cache
def _spelling(language: str) -> _Spelling:
    return _Spelling(language)


def _spell(char: str, language: str) -> str:
    category = unicodedata.category(char)
    if char.isspace() or category == "Cc":
        return " "
    if char in _BASIC:
        return char
    if char == "№":
        return _NUMERO.get(language, "No")
    if category[0] in "CM":
        return ""
    return _SIGNS.get(char) or _from_parts(char)


def _from_parts(char: str) -> str:
    """The characters that Unicode's compatibility decomposition makes of `char`, where the alphabet has them."""
    parts = [part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part)]
    known = [_SIGNS.get(part, part if part in _BASIC else "") for part in parts]
    return "".join(known) if all(known) and known else FALLBACK
