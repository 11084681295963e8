"""On which days, and until when, a facility is open: its weekly hours, less days off and closures."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.calendar import DEFAULT_TIME_ZONE, at_local, end_of_day, is_statutory_day_off
from app.domain.event import Closure, Facility, OpeningInterval, Outage

_MIDNIGHT = time()
ROUND_THE_CLOCK = (OpeningInterval(opens=_MIDNIGHT, closes=_MIDNIGHT),)
ALWAYS_OPEN = (ROUND_THE_CLOCK,) * 7
_OFFICE = OpeningInterval(opens=time(8), closes=time(16))

# When an operator says nothing about hours: the days on which every office is open, and hours that none falls short of.
UNKNOWN_HOURS = (*((_OFFICE,) for _ in range(5)), (), ())

# Further back than any item waits; a date of the operator's may lie thousands of years ahead.
_LOOK_BACK_DAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One stretch during which a facility is open, UTC."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityCalendar:
    """The weekly `hours` of a facility (seven entries, Monday first) and its announced closures, in local time.

    On statutory days off a place is shut unless it is open round the clock that weekday. During `outages` nothing is
    open; one whose end nobody knows never ends.
    """

    hours: tuple[tuple[OpeningInterval, ...], ...] = UNKNOWN_HOURS
    closures: tuple[Closure, ...] = ()
    outages: tuple[Outage, ...] = ()
    time_zone: str = DEFAULT_TIME_ZONE

    def openings(self, day: date) -> tuple[Opening, ...]:
        """When the facility is open on that local day, in order; empty when it stays shut."""
        openings = [self._opening(day, interval) for interval in self._intervals(day)]
        for outage in self.outages:
            openings = [left for opening in openings for left in _outside(opening, outage)]
        return tuple(openings)

    def open_until(self, day: date, *, until: datetime | None = None) -> datetime | None:
        """The last moment of that local day, not later than `until`, to which it stays open; None when it is shut."""
        openings = self.openings(day)
        if until is None:
            return openings[-1].closes_at if openings else None
        return max((min(each.closes_at, until) for each in openings if each.opens_at < until), default=None)

    def is_open(self, day: date, *, after: datetime | None = None, before: datetime | None = None) -> bool:
        """Whether it opens on that local day, and if moments are given, stays open `after`, or opens `before` them."""
        if after is None and before is None and not self.outages:
            return bool(self._intervals(day))
        return any(
            (after is None or opening.closes_at > after) and (before is None or opening.opens_at < before)
            for opening in self.openings(day)
        )

    def last_open_day(
        self, *, first: date, last: date, after: datetime | None = None, before: datetime | None = None
    ) -> date | None:
        """The last day from `first` to `last`, both included, on which it is open.

        If moments are given, it must be open `after` the one and `before` the other. Days that lie more than 400 days
        before `last` are not looked at.
        """
        first = max(first, last - timedelta(days=_LOOK_BACK_DAYS))
        for back in range((last - first).days + 1):
            day = last - timedelta(days=back)
            if self.is_open(day, after=after, before=before):
                return day
        return None

    def next_open_day(self, *, after: date, last: date) -> date | None:
        """The first open day later than `after` and not later than `last`; None when there is none."""
        days = (after + timedelta(days=n) for n in range(1, (last - after).days + 1))
        return next((day for day in days if self.is_open(day)), None)

    def open_days_before(self, day: date, count: int, *, first: date) -> date | None:
        """The open day `count` open days before `day`, not earlier than `first`; None when there are not as many."""
        for _ in range(count):
            earlier = self.last_open_day(first=first, last=day - timedelta(days=1))
            if earlier is None:
                return None
            day = earlier
        return day

    def _intervals(self, day: date) -> tuple[OpeningInterval, ...]:
        intervals = self.hours[day.weekday()]
        if not intervals or any(c.first_on <= day <= c.last_on for c in self.closures):
            return ()
        return intervals if intervals == ROUND_THE_CLOCK or not is_statutory_day_off(day) else ()

    def _opening(self, day: date, interval: OpeningInterval) -> Opening:
        opens_at = at_local(day, interval.opens, self.time_zone)
        if interval.closes == _MIDNIGHT:
            return Opening(opens_at=opens_at, closes_at=end_of_day(day, self.time_zone))
        return Opening(opens_at=opens_at, closes_at=at_local(day, interval.closes, self.time_zone))


def _outside(opening: Opening, outage: Outage) -> Iterable[Opening]:
    """What is left of an opening: before the outage, and after it."""
    if opening.opens_at < outage.starts:
        yield Opening(opens_at=opening.opens_at, closes_at=min(opening.closes_at, outage.starts))
    if outage.until is not None and outage.until < opening.closes_at:
        yield Opening(opens_at=max(opening.opens_at, outage.until), closes_at=opening.closes_at)


def calendar_of(facility: Facility | None, *, is_locker: bool = False) -> FacilityCalendar:
    """The calendar of a facility as the operator described it.

    Where nothing is said about hours, a locker never shuts, and anything else has ordinary working days.
    """
    unsaid = ALWAYS_OPEN if is_locker else UNKNOWN_HOURS
    if facility is None:
        return FacilityCalendar(hours=unsaid)
    return FacilityCalendar(hours=facility.hours or unsaid, closures=facility.closures, outages=facility.outages)
