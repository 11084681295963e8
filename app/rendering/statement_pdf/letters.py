"""Which characters the typeface has, and what stands in for all others."""

import unicodedata
from collections.abc import Iterable

# As scripts/make_typeface.py cuts it; a test holds this against the files.
_RANGES = ((0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x148), (0x14A, 0x17F), (0x218, 0x21B), (0x400, 0x45F), (0x490, 0x491))
_SIGNS = "ẞ–—‘’‚“”„•…‹›€№−"
LETTERS = frozenset(code for first, last in _RANGES for code in range(first, last + 1)) | frozenset(map(ord, _SIGNS))


def printable(text: str) -> str:
    """`text` on one line as the typeface can show it.

    Canonically composed first (UAX 15, NFC). A line break becomes a space; any other character that the typeface has
    no letter for, control characters and those that turn the direction of writing among them, is written by its
    number, as `‹U+1F4E6›`: nothing is dropped, and nothing can hide.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(_shown(character) for character in composed.replace("\r\n", "\n").replace("\n", " "))


def lines_of(text: str) -> list[str]:
    """The lines of `text`, each printable."""
    return [printable(line) for line in text.replace("\r\n", "\n").split("\n")]


def shortened(text: str, longest: int) -> tuple[str, int]:
    """The first `longest` characters of `text`, and how many more it has."""
    return text[:longest], max(0, len(text) - longest)


def grouped(digits: str, size: int = 4) -> str:
    """The same in groups of `size`, as people compare them."""
    return " ".join(_pieces(digits, size))


def _pieces(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _shown(character: str) -> str:
    return character if ord(character) in LETTERS else f"‹U+{ord(character):04X}›"
