"""The picture of a notification's course: one axis of time, and a lane for each who acted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.rendering.catalog import Say
from app.rendering.statement_pdf.fact_words import LANES, TYPES
from app.rendering.statement_pdf.moments import between, on_axis
from app.rendering.statement_pdf.record import Lane, Record
from app.rendering.statement_pdf.sheet import ACTION, LEFT, LINE, SMALL, SMALL_SOFT, TINY, WASH, WIDTH, Sheet

MARKS_MAX = 26

_ROW, _HEAD, _GAP = 5.6, 11.0, 3.4
_TIMES, _LANE = 34.0, 17.0
_TEXT = _TIMES + _LANE * len(Lane) + 3
_NAMED_FROM = timedelta(minutes=1)
_RADIUS, _ELLIPSIS = 1.45, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of a record on the axis: when it is claimed to have happened, or when we knew of it.

    `number` is that of the record in the table.
    """

    at: datetime
    number: int
    record: Record
    is_claim: bool


def is_whole(records: Sequence[Record]) -> bool:
    """Whether the picture shows all of the records."""
    return sum(1 if record.claimed_at is None else 2 for record in records) <= MARKS_MAX


def marks_of(records: Sequence[Record]) -> list[Mark]:
    """The marks of the numbered records by time; of many, those of the first and the last records alone."""
    marks = [
        Mark(at=moment, number=number, record=record, is_claim=is_claim)
        for number, record in enumerate(records, start=1)
        for moment, is_claim in ((record.claimed_at, True), (record.known_at, False))
        if moment is not None
    ]
    marks.sort(key=lambda mark: (mark.at, mark.number, not mark.is_claim))
    if len(marks) <= MARKS_MAX:
        return marks
    return marks[: MARKS_MAX // 2] + marks[-MARKS_MAX // 2 :]


def draw_timeline(sheet: Sheet, records: Sequence[Record], say: Say) -> None:
    """Draw the picture at the present height, on one page."""
    marks = marks_of(records)
    rows = _rows(marks)
    height = _HEAD + rows[-1] + _ROW
    sheet.make_room(height + 8)
    top = sheet.y
    _draw_lanes(sheet, top, height, say)
    placed = {}
    numbers = max(sheet.width_of(str(mark.number), SMALL) for mark in marks) + 3.5
    for mark, row in zip(marks, rows, strict=True):
        y = top + _HEAD + row
        placed[mark.number, mark.is_claim] = y
        _draw_words(sheet, mark, y, numbers=numbers, say=say)
    _draw_gaps(sheet, marks, rows, top + _HEAD, say)
    for mark in marks:
        _draw_mark(sheet, mark, placed)
    sheet.set_y(top + height + 1)
    _draw_legend(sheet, say)


def _rows(marks: Sequence[Mark]) -> list[float]:
    """How far below the first each mark stands: a row each, and more where much time passed."""
    places = [0.0]
    for before, mark in pairwise(marks):
        places.append(places[-1] + _ROW + (_GAP if mark.at - before.at >= _NAMED_FROM else 0))
    return places


def _x(lane: Lane) -> float:
    return LEFT + _TIMES + _LANE * (list(Lane).index(lane) + 0.5)


def _draw_lanes(sheet: Sheet, top: float, height: float, say: Say) -> None:
    sheet.set_fill_color(*WASH)
    for lane in (Lane.COURIER, Lane.PROVIDER):
        sheet.rect(_x(lane) - _LANE / 2, top, _LANE, height, style="F")
    sheet.set_draw_color(*LINE)
    sheet.set_line_width(0.25)
    for lane in Lane:
        sheet.line(_x(lane), top + _HEAD - 1.5, _x(lane), top + height - 1)
        for number, line in enumerate(sheet.lines(say(LANES[lane]), SMALL, _LANE - 2)[:2]):
            width = sheet.width_of(line, SMALL)
            sheet.put(line, SMALL, x=_x(lane) - width / 2, y=top + 1 + number * SMALL.leading)


def _draw_words(sheet: Sheet, mark: Mark, y: float, *, numbers: float, say: Say) -> None:
    """The time on the left; on the right what it is, behind its number, for which so much room is left."""
    style = SMALL_SOFT if mark.is_claim else SMALL
    sheet.put(on_axis(mark.at), style, x=LEFT, y=y - style.leading / 2)
    text = say("the time that is claimed") if mark.is_claim else say(TYPES[mark.record.type])
    sheet.put(f"{mark.number}", style, x=LEFT + _TEXT, y=y - style.leading / 2)
    room = WIDTH - _TEXT - numbers
    lines = sheet.lines(text, style, room - _ELLIPSIS)
    sheet.put(lines[0] + (" …" if len(lines) > 1 else ""), style, x=LEFT + _TEXT + numbers, y=y - style.leading / 2)


def _draw_gaps(sheet: Sheet, marks: Sequence[Mark], rows: Sequence[float], top: float, say: Say) -> None:
    for place, (before, mark) in enumerate(pairwise(marks)):
        if mark.at - before.at >= _NAMED_FROM:
            y = top + (rows[place] + rows[place + 1]) / 2
            sheet.put(f"+ {between(mark.at - before.at, say)}", TINY, x=LEFT + 3, y=y - TINY.leading / 2)


def _draw_mark(sheet: Sheet, mark: Mark, placed: dict[tuple[int, bool], float]) -> None:
    """A ring for a claim, a disc for what we knew, a line between the two of one record."""
    x, y = _x(mark.record.lane), placed[mark.number, mark.is_claim]
    claim = placed.get((mark.number, True))
    sheet.set_draw_color(*ACTION)
    sheet.set_line_width(0.5)
    if not mark.is_claim and claim is not None:
        sheet.line(x, claim + _RADIUS, x, y)
    if mark.is_claim:
        sheet.set_fill_color(255, 255, 255)
        sheet.circle(x, y, _RADIUS, style="DF")
    else:
        sheet.set_fill_color(*ACTION)
        sheet.circle(x, y, _RADIUS, style="F")


def _draw_legend(sheet: Sheet, say: Say) -> None:
    y = sheet.y + 2
    sheet.set_draw_color(*ACTION)
    sheet.set_line_width(0.5)
    sheet.set_fill_color(255, 255, 255)
    sheet.circle(LEFT + 1.6, y + 2, _RADIUS, style="DF")
    claimed = say("when somebody says that it happened")
    sheet.put(claimed, SMALL_SOFT, x=LEFT + 5, y=y)
    x = LEFT + 5 + sheet.width_of(claimed, SMALL_SOFT) + 8
    sheet.set_fill_color(*ACTION)
    sheet.circle(x, y + 2, _RADIUS, style="F")
    sheet.put(say("when awizo knew of it and wrote it down"), SMALL_SOFT, x=x + 3.5, y=y)
    sheet.set_y(y + 8)
