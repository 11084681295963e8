"""When a facility is open: compact for an SMS, day by day for an e-mail. Hours and closures are the operator's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from app.domain.calendar import is_statutory_day_off
from app.domain.event import Closure, Facility, OpeningInterval
from app.domain.facility_calendar import ROUND_THE_CLOCK
from app.rendering.catalog import Say
from app.rendering.dates import clock, day_of_list, sms_day

DAYS_LISTED_MAX = 21
DAYS_WITHOUT_END = 7

Hours = tuple[tuple[OpeningInterval, ...], ...]

_MIDNIGHT = time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date


class OpenDay(NamedTuple):
    """One line of the list of days: its date, its hours in words, and whether the place is shut.

    A tuple, because templates unpack it: attributes cost a look at each in the sandbox.
    """

    day: str
    hours: str
    closed: bool


def days_to_show(first: date, until: date | None) -> Days:
    """The days from `first` to `until`, at most three weeks; a week when there is no end, or it lies before."""
    first = min(first, date.max - timedelta(days=DAYS_LISTED_MAX))
    if until is None or until < first:
        return Days(first=first, last=first + timedelta(days=DAYS_WITHOUT_END - 1))
    return Days(first=first, last=min(until, first + timedelta(days=DAYS_LISTED_MAX - 1)))


def compact_hours(facility: Facility, days: Days, say: Say, language: str) -> str:
    """`pn-pt 8-20, so 9-13 (zamkn. 01.12-02.12)`: equal days together, closures among `days`; empty if unknown."""
    week = _compact_week(facility.hours, say) if facility.hours else ""
    spans = closed_spans(facility, days, language)
    if not spans:
        return week
    shut = say("closed %(days)s", days=spans)
    return f"{week} ({shut})" if week else shut


def closed_spans(facility: Facility, days: Days, language: str) -> str:
    """The announced closures that touch `days`: `01.12-02.12, 05.12`; empty when there are none."""
    return ", ".join(_span(closure, language) for closure in _closures(facility, days))


def listed_days(facility: Facility, days: Days, say: Say, language: str) -> tuple[OpenDay, ...]:
    """Each of `days` with its hours, closed days said; empty when the operator gave no hours."""
    hours = facility.hours
    if not hours:
        return ()
    count = (days.last - days.first).days + 1
    dates = (days.first + timedelta(days=n) for n in range(count))
    week = [_hours_in_words(intervals, say) for intervals in hours]
    return tuple(_open_day(day, facility, week[day.weekday()], say, language) for day in dates)


def never_closes(facility: Facility, days: Days) -> bool:
    """Whether the place is open round the clock on all of `days`, so that a list would say nothing more."""
    hours = facility.hours
    return hours is not None and not _closures(facility, days) and all(day == ROUND_THE_CLOCK for day in hours)


def _closures(facility: Facility, days: Days) -> list[Closure]:
    return [c for c in facility.closures if c.first_on <= days.last and c.last_on >= days.first]


def _open_day(day: date, facility: Facility, text: str, say: Say, language: str) -> OpenDay:
    label = day_of_list(day, language)
    if any(c.first_on <= day <= c.last_on for c in facility.closures):
        return OpenDay(day=label, hours=say("closed – announced by the operator"), closed=True)
    if not text:
        return OpenDay(day=label, hours=say("closed"), closed=True)
    if is_statutory_day_off(day) and facility.hours and facility.hours[day.weekday()] != ROUND_THE_CLOCK:
        # No safe day falls on it, so it must not look open here.
        return OpenDay(day=label, hours=say("public holiday – usually closed"), closed=True)
    return OpenDay(day=label, hours=text, closed=False)


def _hours_in_words(intervals: Sequence[OpeningInterval], say: Say) -> str:
    """The hours of a weekday; empty when the place is shut."""
    if intervals == ROUND_THE_CLOCK:
        return say("open round the clock")
    return ", ".join(_interval(i) for i in intervals)


def _interval(interval: OpeningInterval) -> str:
    closes = "24:00" if interval.closes == _MIDNIGHT else clock(interval.closes)
    return f"{clock(interval.opens)}–{closes}"


def _compact_week(hours: Hours, say: Say) -> str:
    if all(day == ROUND_THE_CLOCK for day in hours):
        return say("round the clock")
    names = say("Mon Tue Wed Thu Fri Sat Sun").split()
    open_days = [n for n, day in enumerate(hours) if day]
    different = list(dict.fromkeys(hours[n] for n in open_days))
    groups = [(_runs([n for n in open_days if hours[n] == same], names), same) for same in different]
    return ", ".join(f"{when} {'/'.join(_compact_interval(i) for i in same)}" for when, same in groups)


def _runs(days: Sequence[int], names: Sequence[str]) -> str:
    """Weekday numbers as names, days in a row joined: `pn-wt,czw-pt`."""
    starts = [days[0], *(after for before, after in pairwise(days) if after != before + 1)]
    ends = [*(before for before, after in pairwise(days) if after != before + 1), days[-1]]
    return ",".join(
        names[first] if first == last else f"{names[first]}-{names[last]}"
        for first, last in zip(starts, ends, strict=True)
    )


def _compact_interval(interval: OpeningInterval) -> str:
    closes = "24" if interval.closes == _MIDNIGHT else _compact_clock(interval.closes)
    return f"{_compact_clock(interval.opens)}-{closes}"


def _compact_clock(moment: time) -> str:
    return clock(moment) if moment.minute else str(moment.hour)


def _span(closure: Closure, language: str) -> str:
    first, last = sms_day(closure.first_on, language), sms_day(closure.last_on, language)
    return first if first == last else f"{first}-{last}"
