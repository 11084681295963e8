"""When a facility is open: compact for an SMS, day by day for an e-mail. Hours and closures are the operator's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from app.domain.calendar import DEFAULT_TIME_ZONE, at_local, end_of_day, is_statutory_day_off, zone
from app.domain.event import Closure, Facility, OpeningInterval, Outage
from app.domain.facility_calendar import ROUND_THE_CLOCK, calendar_of
from app.rendering.catalog import Say
from app.rendering.dates import clock, day_of_list, is_at_an_end, local, sms_day

DAYS_LISTED_MAX = 21
DAYS_WITHOUT_END = 7
# An outage that lasts longer is told without its end.
LOOK_AHEAD = timedelta(days=366)

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
    """`pn-pt 8-20, so 9-13 (zamkn. 01.12-02.12)`: equal days together, what is shut among `days`; empty if unknown.

    A day of which an outage leaves a part stands with what is left of it: `pn-pt 8-20 (zamkn. 01.12; 02.12 12-20)`.
    """
    week = _compact_week(facility.hours, say) if facility.hours else ""
    spans = closed_spans(facility, days, say, language)
    shut = [say("closed %(days)s", days=spans)] if spans else []
    exceptions = "; ".join(shut + _shortened_days(facility, days, language))
    return f"{week} ({exceptions})" if week and exceptions else week or exceptions


def closed_spans(facility: Facility, days: Days, say: Say, language: str) -> str:
    """The announced closures that touch `days`, then the whole days that outages take: `01.12-02.12, 05.12`.

    Of a place without known hours an outage stands from when until when it lasts. Empty when there are none.
    """
    spans = [_span(closure.first_on, closure.last_on, language) for closure in _closures(facility, days)]
    if not facility.hours:
        return ", ".join(spans + [_lasting(outage, say, language) for outage in _outages(facility, days)])
    return ", ".join(spans + [_spoken(span, say, language) for span in _shut_by_outages(facility, days)])


def listed_days(facility: Facility, days: Days, say: Say, language: str) -> tuple[OpenDay, ...]:
    """Each of `days` with its hours, closed days said; empty when the operator gave no hours."""
    hours = facility.hours
    if not hours:
        return ()
    week = [_hours_in_words(intervals, say) for intervals in hours]
    return tuple(_open_day(day, facility, week[day.weekday()], say, language) for day in _each(days))


def never_closes(facility: Facility, days: Days) -> bool:
    """Whether the place is open round the clock on all of `days`, so that a list would say nothing more."""
    hours = facility.hours
    broken = _closures(facility, days) or _outages(facility, days)
    return hours is not None and not broken and all(day == ROUND_THE_CLOCK for day in hours)


def _closures(facility: Facility, days: Days) -> list[Closure]:
    return [c for c in facility.closures if c.first_on <= days.last and c.last_on >= days.first]


def _outages(facility: Facility, days: Days) -> list[Outage]:
    if not facility.outages or is_at_an_end(days.first) or is_at_an_end(days.last):
        return []
    starts, ends = at_local(days.first, _MIDNIGHT), end_of_day(days.last)
    return [each for each in facility.outages if each.starts < ends and (each.until is None or each.until > starts)]


def _shut_by_outages(facility: Facility, days: Days) -> list[tuple[date, date | None]]:
    """The first and last of the days in a row, from one of `days` on, of which outages leave nothing.

    Days on which the place is shut anyway may lie between, but not at either end. The last one is None where nobody
    knows which it is, or it is more than a year away.
    """
    outages = _outages(facility, days)
    if not outages:
        return []
    ends = [_local_day(each.until) for each in outages if each.until]
    endless = min((_local_day(each.starts) for each in outages if each.until is None), default=date.max)
    far = min(days.first, date.max - LOOK_AHEAD) + LOOK_AHEAD
    whole, left = calendar_of(replace(facility, outages=())), calendar_of(facility)
    spans: list[tuple[date, date | None]] = []
    runs_on = False
    for day in _each(replace(days, last=min(max([days.last, *ends]), far))):
        if not runs_on and day > days.last:
            break
        if is_at_an_end(day) or not whole.is_open(day):
            continue
        shut = not left.is_open(day)
        if shut:
            first = spans.pop()[0] if runs_on else day
            spans.append((first, day))
            if day >= endless:
                return [*spans[:-1], (first, None)]
        runs_on = shut
    if runs_on and max(ends, default=far) > far:
        spans[-1] = (spans[-1][0], None)
    return spans


def _local_day(moment: datetime) -> date:
    return local(moment, zone(DEFAULT_TIME_ZONE)).date()


def _shortened_days(facility: Facility, days: Days, language: str) -> list[str]:
    """The days of which outages leave a part, each with it: `02.12 12-20`."""
    if not facility.hours or not facility.outages:
        return []
    found = []
    for day in _each(days):
        left = _left_by_outages(facility, day)
        if left:
            found.append(f"{sms_day(day, language)} {'/'.join(_compact_interval(each) for each in left)}")
    return found


def _left_by_outages(facility: Facility, day: date) -> tuple[OpeningInterval, ...] | None:
    """What outages leave of that day's hours, by the local clock; None where they take nothing of them."""
    if not facility.outages or is_at_an_end(day):
        return None
    calendar = calendar_of(facility)
    left = calendar.openings(day)
    if left == calendar_of(replace(facility, outages=())).openings(day):
        return None
    there = zone(calendar.time_zone)
    return tuple(
        OpeningInterval(opens=local(each.opens_at, there).time(), closes=local(each.closes_at, there).time())
        for each in left
    )


def _each(days: Days) -> Iterator[date]:
    return (days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1))


def _open_day(day: date, facility: Facility, text: str, say: Say, language: str) -> OpenDay:
    label = day_of_list(day, language)
    if any(c.first_on <= day <= c.last_on for c in facility.closures):
        return OpenDay(day=label, hours=say("closed – announced by the operator"), closed=True)
    if not text:
        return OpenDay(day=label, hours=say("closed"), closed=True)
    if is_statutory_day_off(day) and facility.hours and facility.hours[day.weekday()] != ROUND_THE_CLOCK:
        # No safe day falls on it, so it must not look open here.
        return OpenDay(day=label, hours=say("public holiday – usually closed"), closed=True)
    left = _left_by_outages(facility, day)
    if left is None:
        return OpenDay(day=label, hours=text, closed=False)
    if not left:
        return OpenDay(day=label, hours=say("closed – announced by the operator"), closed=True)
    return OpenDay(day=label, hours=_hours_in_words(left, say), closed=False)


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


def _span(first_on: date, last_on: date, language: str) -> str:
    first, last = sms_day(first_on, language), sms_day(last_on, language)
    return first if first == last else f"{first}-{last}"


def _spoken(span: tuple[date, date | None], say: Say, language: str) -> str:
    first, last = span
    if last is None:
        return say("from %(day)s on", day=sms_day(first, language))
    return _span(first, last, language)


def _lasting(outage: Outage, say: Say, language: str) -> str:
    starts = _moment(outage.starts, language)
    return f"{starts}-{_moment(outage.until, language)}" if outage.until else say("from %(day)s on", day=starts)


def _moment(moment: datetime, language: str) -> str:
    there = local(moment, zone(DEFAULT_TIME_ZONE))
    return f"{sms_day(there.date(), language)} {clock(there.time())}"
