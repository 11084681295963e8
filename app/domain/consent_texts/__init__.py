"""The texts that people agree to, `<version>.<language>.txt`: one for each channel and purpose, none for two at once.

A published text is never changed. Whoever agreed agreed to those very words, and facts name them by their digest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files

from app.domain.channel import Channel, Purpose

SUFFIX = ".txt"
_HEADING = re.compile(r"^\[([a-z]+) ([a-z]+)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What somebody agrees to in one language, as it is shown: paragraphs with an empty line between them."""

    version: str
    language: str
    channel: Channel
    purpose: Purpose
    text: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, Channel, Purpose]:
        """Version, language, channel and purpose: there is one text for each."""
        return self.version, self.language, self.channel, self.purpose

    @property
    def digest(self) -> str:
        """SHA-256 of the text in UTF-8, in hex, as `text_digest` of a fact states it."""
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTexts:
    """Every text that was ever published, ordered by `ConsentText.key`; at least one."""

    texts: tuple[ConsentText, ...]

    @property
    def newest(self) -> str:
        """The version that is shown to who agrees now."""
        return max(text.version for text in self.texts)

    def find(self, version: str | None, language: str, channel: Channel, purpose: Purpose) -> ConsentText | None:
        """That text; None for a version that is not ours, or that has no such text in the language."""
        return next((each for each in self.texts if each.key == (version, language, channel, purpose)), None)


@cache
def published_texts() -> ConsentTexts:
    """The texts that come with the program."""
    sources = [each for each in files(__package__).iterdir() if each.name.endswith(SUFFIX)]
    return read_texts({each.name: each.read_bytes() for each in sources})


def read_texts(sources: Mapping[str, bytes]) -> ConsentTexts:
    """The texts in these files, by name. Raises ValueError for one that is misnamed or not in the form below.

    A file has a text behind each line `[<channel> <purpose>]`. The empty lines around a text are no part of it.
    """
    texts = [text for name, data in sources.items() for text in _of_file(name, data.decode())]
    if len({text.key for text in texts}) < len(texts):
        raise ValueError("There are two consent texts for one channel and purpose")
    return ConsentTexts(texts=tuple(sorted(texts, key=lambda text: text.key)))


def _of_file(name: str, written: str) -> list[ConsentText]:
    version, _, language = name.removesuffix(SUFFIX).rpartition(".")
    before, *parts = _HEADING.split(written)
    if not version or not language or before.strip() or not parts:
        raise ValueError(f"{name} is no file of consent texts")
    return [
        ConsentText(
            version=version, language=language, channel=Channel(channel), purpose=Purpose(purpose), text=text.strip()
        )
        for channel, purpose, text in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]
