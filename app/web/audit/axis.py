"""Where the marks of a timeline stand. Time runs downwards on one axis, the same for every lane. Pure.

Each moment has a row of its own, in the order of time; between rows that lie apart there is more room, but the picture
is no scale: its times are written beside it. Widths are in percent and heights in letters (em), as in `charts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.rendering.dates import local

HEAD_EM, ROW_EM, DAY_EM = 2.6, 1.7, 2.2
_GUTTER, _LANES = 24.0, 4
_APART = ((timedelta(minutes=1), 0.3), (timedelta(hours=1), 0.4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A fact on the axis: its number, its lane (0 to 3), when it is claimed to have happened, when we knew.

    `claimed` is None where nobody claims another time than ours.
    """

    number: int
    lane: int
    tone: str
    claimed: datetime | None
    known: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One mark: a ring where a time is claimed, a filled shape where we knew, both in one where they are the same."""

    number: int
    x: str
    y: str
    tone: str
    is_claimed: bool
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The line between the two marks of a fact."""

    x: str
    y1: str
    y2: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole timeline. `times` and `days` are labels with their height; a day's label begins its rows."""

    height: str
    lanes: tuple[str, ...]
    marks: tuple[Mark, ...]
    links: tuple[Link, ...]
    times: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    at: datetime
    moment: Moment
    is_claimed: bool
    is_known: bool


def picture(moments: Sequence[Moment], zone: ZoneInfo) -> Picture:
    """The timeline of these facts, by the clock of `zone`."""
    rows = sorted((row for moment in moments for row in _rows(moment)), key=lambda row: (row.at, row.moment.number))
    heights, days, end = _heights(rows, zone)
    by_fact: dict[int, list[float]] = {}
    for row, y in zip(rows, heights, strict=True):
        by_fact.setdefault(row.moment.number, []).append(y)
    lanes = {moment.number: moment.lane for moment in moments}
    return Picture(
        height=_em(end),
        lanes=tuple(_x(lane) for lane in range(_LANES)),
        marks=tuple(_mark(row, y) for row, y in zip(rows, heights, strict=True)),
        links=tuple(
            Link(x=_x(lanes[number]), y1=_em(min(ys)), y2=_em(max(ys))) for number, ys in by_fact.items() if len(ys) > 1
        ),
        times=_times(rows, heights, zone),
        days=days,
    )


def _rows(moment: Moment) -> list[_Row]:
    if moment.claimed is None or moment.claimed == moment.known:
        return [_Row(at=moment.known, moment=moment, is_claimed=True, is_known=True)]
    return [
        _Row(at=moment.claimed, moment=moment, is_claimed=True, is_known=False),
        _Row(at=moment.known, moment=moment, is_claimed=False, is_known=True),
    ]


def _heights(rows: Sequence[_Row], zone: ZoneInfo) -> tuple[list[float], tuple[tuple[str, date], ...], float]:
    """How far down each row stands, the days with theirs, and where the picture ends."""
    heights: list[float] = []
    days: list[tuple[str, date]] = []
    y = HEAD_EM
    last: datetime | None = None
    for row in rows:
        gap = row.at - last if last else timedelta()
        day, last = local(row.at, zone).date(), row.at
        if not days or days[-1][1] != day:
            y += DAY_EM
            days.append((_em(y - 0.5), day))
        y += ROW_EM + sum(room for least, room in _APART if gap >= least)
        heights.append(y - ROW_EM / 3)
    return heights, tuple(days), y + ROW_EM / 2


def _times(rows: Sequence[_Row], heights: Sequence[float], zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """The clock beside each row that differs from the one above it."""
    labels: list[tuple[str, str]] = []
    last = ""
    for row, y in zip(rows, heights, strict=True):
        text = local(row.at, zone).strftime("%d %H:%M:%S")
        if text != last:
            labels.append((_em(y), text[3:]))
        last = text
    return tuple(labels)


def _mark(row: _Row, y: float) -> Mark:
    return Mark(
        number=row.moment.number,
        x=_x(row.moment.lane),
        y=_em(y),
        tone=row.moment.tone,
        is_claimed=row.is_claimed,
        is_known=row.is_known,
    )


def _x(lane: int) -> str:
    return f"{_GUTTER + (lane + 0.5) * (100 - _GUTTER) / _LANES:.2f}%"


def _em(height: float) -> str:
    return f"{height:.2f}em"
