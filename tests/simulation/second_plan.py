"""The judge's own plan of an item that waits: its safe day, its last moment, and its reminders, day by day.

Ends of storage and open days are those of the second implementation of deadlines.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

from tests import second_deadlines as second
from tests.simulation.hearing import Standing
from tests.simulation.parcels import WARSAW

DAY = timedelta(days=1)
FIRST_WINDOW, BEFORE_LAST, LAST_DAY = "first_window", "before_last", "last_day"
SMS_MAX = 4
_DAYS_OFF = holidays.country_holidays("PL")
_LOOK_BACK = 60


@dataclass(frozen=True, kw_only=True)
class Step:
    """A reminder that is due at that moment."""

    name: str
    due: datetime

    @property
    def kind(self) -> str:
        return "last_day" if self.name == LAST_DAY else "reminder"


@dataclass(frozen=True, kw_only=True)
class Days:
    """What an item's days are, seen on one day. `last_moment` is the last at which it can be collected."""

    end_strict: date | None
    operators: date | None
    safe: date | None
    last_moment: datetime | None
    second_may_come: bool
    missing_from: date | None


@lru_cache(maxsize=200_000)
def days_of(standing: Standing, as_of: date) -> Days:
    """The days of an item that stands so."""
    given = _given(standing, as_of)
    ends = second._ends(given)
    operators = second._local_date(given.pickup_until)
    limits = [each[1] for each in ends] + ([operators] if operators else [])
    if given.first is not None and any(each[3] for each in ends):
        limits.append(given.first + 14 * DAY)
    safe = _safe(given, min(limits)) if limits else None
    window_end, expected = second._window(given)
    return Days(
        end_strict=min((each[1] for each in ends), default=None),
        operators=operators,
        safe=safe,
        last_moment=_last_moment(given, safe) if safe else None,
        second_may_come=window_end is not None and given.second is None,
        missing_from=_missing_from(expected) if expected and given.second is None else None,
    )


def is_open(standing: Standing, day: date) -> bool:
    """Whether the place opens on that day, as far as its operator had said."""
    return bool(second._openings(_given(standing, day), day))


@lru_cache(maxsize=200_000)
def steps(standing: Standing, as_of: date) -> tuple[Step, ...]:
    """The reminders of an item that stands so, counted back on open days that are not over on `as_of`."""
    days = days_of(standing, as_of)
    if days.safe is None:
        return ()
    two, eve = _back(standing, days.safe, 2, as_of), _back(standing, days.safe, 1, as_of)
    found = []
    if days.second_may_come and standing.first is not None:
        early = _back(standing, standing.first + 7 * DAY, 2, as_of)
        if early and early < (two or eve or days.safe):
            found.append(Step(name=FIRST_WINDOW, due=_at(early, 10)))
    if two:
        found.append(Step(name=BEFORE_LAST, due=_at(two, 10)))
    if eve:
        found.append(Step(name=LAST_DAY, due=_at(eve, 17)))
    return tuple(found)


def wants_sms(step: Step, days: Days, told: int) -> bool:
    """Whether an SMS is left of the four for that step, when so many were sent about the item before."""
    left = SMS_MAX - told - (1 if days.second_may_come else 0)
    return left >= {FIRST_WINDOW: SMS_MAX + 1, BEFORE_LAST: 2, LAST_DAY: 1}[step.name]


def is_quiet(quiet: str | tuple[time, time] | None, moment: datetime) -> bool:
    """Whether an SMS must wait then, by a person's own hours, by the usual ones (`default`), or never."""
    if quiet is None:
        return False
    local = moment.astimezone(WARSAW)
    clock = local.time()
    if isinstance(quiet, str):
        is_free = local.isoweekday() == 7 or local.date() in _DAYS_OFF
        return clock < time(10 if is_free else 8) or clock >= time(18 if is_free else 20)
    starts, ends = quiet
    return starts <= clock < ends if starts <= ends else clock >= starts or clock < ends


def quiet_end(quiet: str | tuple[time, time] | None, moment: datetime) -> datetime:
    """When the quiet hours around that moment end, to the quarter of an hour."""
    step = timedelta(minutes=15)
    while is_quiet(quiet, moment):
        moment = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + step
    return moment


def _given(standing: Standing, as_of: date) -> second.Given:
    return second.Given(
        regime=standing.regime,
        first=standing.first,
        second=standing.second,
        pickup_from=standing.pickup_from,
        pickup_until=standing.pickup_until,
        week=[list(day) for day in standing.week],
        closures=list(standing.closures),
        as_of=as_of,
    )


def _safe(given: second.Given, last: date) -> date | None:
    """From the last day back: the same as looking at all days in turn, only sooner."""
    for back in range(_LOOK_BACK):
        day = last - back * DAY
        if second._can_be_collected(given, day, last):
            return day
    return None


def _last_moment(given: second.Given, safe: date) -> datetime:
    until = given.pickup_until
    closing = [closes for opens, closes in second._openings(given, safe) if _begins(opens, until)]
    return min(closing[-1], until) if isinstance(until, datetime) else closing[-1]


def _begins(opens: datetime, until: date | datetime | None) -> bool:
    return not isinstance(until, datetime) or opens < until


def _missing_from(expected: date) -> date:
    for _ in range(2):
        expected = second.moved_on(expected + DAY)
    return expected + DAY


def _back(standing: Standing, day: date, count: int, floor: date) -> date | None:
    while count:
        day -= DAY
        if day < floor:
            return None
        count -= is_open(standing, day)
    return day


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), WARSAW)
