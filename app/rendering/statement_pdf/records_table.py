"""The table of records: when, what with its values, and what that shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.rendering.catalog import Say
from app.rendering.statement_pdf.account import Account
from app.rendering.statement_pdf.fact_words import DATA, FIELDS, GRADES, TYPES, VALUES
from app.rendering.statement_pdf.letters import printable, shortened
from app.rendering.statement_pdf.moments import in_table
from app.rendering.statement_pdf.record import Record
from app.rendering.statement_pdf.sheet import (
    FLOOR,
    LEFT,
    NOTE_BOLD,
    SMALL,
    SMALL_BOLD,
    SMALL_SOFT,
    TOP,
    WASH,
    WIDTH,
    Sheet,
    Style,
)

RECORDS_MAX = 60
VALUE_LONGEST = 480
ROW_LONGEST = 1_600

_NUMBER, _WHEN, _SHOWS = 8.0, 29.0, 37.0
_WHAT = WIDTH - _NUMBER - _WHEN - _SHOWS
_GUTTER, _PAD = 3.0, 1.8

_BETWEEN = "  ·  "

_Line = tuple[str, Style]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The numbered records that are shown, and how many in between are left to the bundle."""

    first: Sequence[tuple[int, Record]]
    last: Sequence[tuple[int, Record]]
    left_out: int


def shown_of(records: Sequence[Record]) -> Shown:
    """All records, or of many the first and the last."""
    numbered = list(enumerate(records, start=1))
    if len(numbered) <= RECORDS_MAX:
        return Shown(first=numbered, last=(), left_out=0)
    half = RECORDS_MAX // 2
    return Shown(first=numbered[:half], last=numbered[-half:], left_out=len(numbered) - 2 * half)


def draw_records(sheet: Sheet, account: Account, say: Say) -> None:
    """The table, its head repeated on each page."""
    shown = shown_of(account.records)
    _draw_head(sheet, say)
    for number, record in shown.first:
        _draw_record(sheet, number, record, say)
    if shown.left_out:
        text = say.plural(
            "%(count)s record is left out here; the attached proof has it.",
            "%(count)s records are left out here; the attached proof has them.",
            shown.left_out,
        )
        sheet.flow(text, NOTE_BOLD, after=_PAD)
        sheet.rule()
    for number, record in shown.last:
        _draw_record(sheet, number, record, say)


def details(record: Record, say: Say) -> list[str]:
    """What a record says: its values in words, its open fields, and the names of those that stay closed.

    Long ones are cut, with the number of what is left to the bundle.
    """
    room = ROW_LONGEST
    told = []
    for line in _all_details(record, say):
        if len(line) > room:
            told.append(say("The attached proof has the rest."))
            break
        room -= len(line)
        told.append(line)
    return told


def _all_details(record: Record, say: Say) -> Iterator[str]:
    values = [(label, key, record.data.get(key)) for key, label in DATA.items()]
    said = [f"{say(label)}: {_value(key, value, say)}" for label, key, value in values if value is not None]
    if said:
        yield _BETWEEN.join(said)
    for name, value in sorted(record.opened.items()):
        yield from _open_field(record, name, value, say)
    if record.closed:
        names = ", ".join(say(FIELDS[name]) for name in record.closed)
        yield say("Sealed, not shown in this document: %(names)s", names=names)
    yield say("Entry %(index)s of the log %(origin)s", index=str(record.index), origin=printable(record.origin))


def _value(key: str, value: Any, say: Say) -> str:
    words = VALUES.get(key, {})
    if key == "not_before":
        return " ".join(in_table(datetime.fromisoformat(value)))
    return say(words[value]) if value in words else _cut(printable(str(value)), say)


def _open_field(record: Record, name: str, value: bytes, say: Say) -> Iterator[str]:
    label = say(FIELDS[name])
    if name in record.originals:
        yield say("%(field)s: in the attached proof, bytes: %(size)s", field=label, size=str(len(value)))
        return
    text = _text(value)
    if text is None:
        yield say("%(field)s: no text, bytes: %(size)s", field=label, size=str(len(value)))
        return
    yield f"{label}: {_cut(printable(text), say)}"


def _text(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _cut(text: str, say: Say) -> str:
    shown, more = shortened(text, VALUE_LONGEST)
    return f"{shown} {say('… and characters more: %(count)s', count=str(more))}" if more else shown


def _draw_head(sheet: Sheet, say: Say) -> None:
    sheet.set_fill_color(*WASH)
    height = SMALL_BOLD.leading + 2 * _PAD
    sheet.rect(LEFT, sheet.y, WIDTH, height, style="F")
    y = sheet.y + _PAD
    heads = (say("No."), say("When"), say("What was written down"), say("What that shows"))
    for x, head in zip(_columns(), heads, strict=True):
        sheet.put(head, SMALL_BOLD, x=x, y=y)
    sheet.set_y(y + height - _PAD)


def _columns() -> tuple[float, float, float, float]:
    first = LEFT + 1.5
    return first, LEFT + _NUMBER, LEFT + _NUMBER + _WHEN, LEFT + _NUMBER + _WHEN + _WHAT


def _draw_record(sheet: Sheet, number: int, record: Record, say: Say) -> None:
    cells = _cells(sheet, number, record, say)
    height = max(_height(cell) for cell in cells) + 2 * _PAD
    if sheet.y + height > FLOOR:
        sheet.add_page()
        sheet.set_y(TOP)
        _draw_head(sheet, say)
    top = sheet.y + _PAD
    for x, cell in zip(_columns(), cells, strict=True):
        y = top
        for text, style in cell:
            sheet.put(text, style, x=x, y=y)
            y += style.leading
    sheet.set_y(top + height - _PAD)
    sheet.rule()


def _cells(sheet: Sheet, number: int, record: Record, say: Say) -> tuple[list[_Line], ...]:
    day, time, zone = in_table(record.known_at)
    when = [(day, SMALL), (f"{time}", SMALL_BOLD), (zone, SMALL_SOFT)]
    if record.claimed_at is not None:
        day, time, zone = in_table(record.claimed_at)
        when += [(say("claimed:"), SMALL_SOFT), (f"{day} {zone}", SMALL_SOFT), (time, SMALL_SOFT)]
    what = _broken(sheet, say(TYPES[record.type]), NOTE_BOLD, _WHAT)
    for line in details(record, say):
        what += _broken(sheet, line, SMALL, _WHAT)
    grade = say("grade %(grade)s: %(words)s", grade=str(record.grade), words=say(GRADES[record.grade]))
    return [(str(number), SMALL_BOLD)], when, what, _broken(sheet, grade, SMALL, _SHOWS + _GUTTER)


def _broken(sheet: Sheet, text: str, style: Style, width: float) -> list[_Line]:
    return [(line, style) for line in sheet.lines(text, style, width - _GUTTER)]


def _height(cell: Sequence[_Line]) -> float:
    return sum(style.leading for _, style in cell)
