"""What the demonstration prints: one line a step with its time, messages as they were sent, tables."""

import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from time import perf_counter

from rich.console import Console
from rich.text import Text

from app.sandbox.inbox import SandboxEmail, SandboxSms

WIDTH_MAX = 100
_INDENT, _WIDTH_MIN = 9, 40
# The encodings' names, and what a part's limit is counted in (3GPP TS 23.038).
_ENCODINGS = {"gsm7": ("GSM-7", "septets"), "ucs2": ("UCS-2", "code units")}


class Screen:
    """Prints to the terminal, or plainly to whatever else stdout is. Texts are printed as they are, never as markup."""

    def __init__(self, console: Console) -> None:
        console.width = min(console.width, WIDTH_MAX)
        self._console = console
        self._began = perf_counter()

    @property
    def seconds(self) -> float:
        """How long the demonstration has been running."""
        return perf_counter() - self._began

    def title(self, text: str) -> None:
        """What this is, once."""
        self._console.print(Text(text, style="bold"))

    def chapter(self, text: str) -> None:
        """A heading."""
        self._console.print()
        self._console.print(Text(text, style="bold blue"))

    def step(self, text: str, *, detail: str = "") -> None:
        """One thing that was done and checked, with the time since the start."""
        self._line("", text, detail)

    def surprise(self, sentence: str) -> None:
        """What did not happen as told."""
        self._line("bold red", sentence)

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """A turning sign while something takes its time; nothing where stdout is not a terminal."""
        return self._console.status(Text(text))

    def sms(self, sms: SandboxSms) -> None:
        """A text message as the provider got it."""
        parts = "1 part" if sms.parts == 1 else f"{sms.parts} parts"
        encoding, unit = _ENCODINGS[sms.encoding]
        head = f"SMS to {phone(sms.to)} · {parts} · {encoding}, {sms.units} {unit} · {sms.status}"
        self._message(head, [sms.body])

    def email(self, email: SandboxEmail) -> None:
        """An e-mail as the relay got it: its subject and its plain text."""
        self._message(f"E-mail to {email.to} · {email.subject}", email.text.strip().split("\n"))

    def quote(self, lines: Iterable[str], *, hang: int = 0) -> None:
        """The output of a command; what is wrapped goes on `hang` columns to the right."""
        self._message("", lines, hang=hang)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table, each column as wide as its widest cell."""
        widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
        for style, cells in (("bold", columns), ("dim", ["─" * width for width in widths]), *(("", r) for r in rows)):
            padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            self._print((padded.rstrip(), style))
        self._console.print()

    def _line(self, style: str, text: str, detail: str = "") -> None:
        """The time, `text`, and `detail` behind it where both fit on one line, else below."""
        room = self._console.width - _INDENT
        lines = [(part, style) for part in _wrapped(text, room)]
        if detail and len(text) + 2 + len(detail) <= room:
            self._print(self._time(), (f"{text}  ", style), (detail, "dim"))
            return
        lines += [(part, "dim") for part in _wrapped(detail, room)] if detail else []
        for number, line in enumerate(lines):
            self._print(" " * _INDENT if number else self._time(), line)

    def _time(self) -> tuple[str, str]:
        return f"{self.seconds:5.1f} s".ljust(_INDENT), "cyan"

    def _print(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def _message(self, head: str, lines: Iterable[str], *, hang: int = 0) -> None:
        """Indented behind a bar; long lines are wrapped, links are left whole."""
        width = self._console.width - _INDENT - 2
        if head:
            self._console.print()
            for part in _wrapped(head, width + 2):
                self._print(" " * _INDENT, (part, "bold"))
        for line in lines:
            for part in _wrapped(line, width, hang=hang):
                self._print(" " * _INDENT, ("│ " if part else "│", "dim"), part)


def phone(number: str) -> str:
    """A Polish number as people read it: +48 600 100 200."""
    return f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}"


def _wrapped(line: str, width: int, *, hang: int = 0) -> list[str]:
    return textwrap.wrap(
        line,
        max(width, _WIDTH_MIN),
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
