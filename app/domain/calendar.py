"""Local dates and days off. The one place that knows a time zone from a date."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.metadata import version
from zoneinfo import ZoneInfo

import holidays

DEFAULT_TIME_ZONE = "Europe/Warsaw"


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises ZoneInfoNotFoundError or ValueError for a name that is none."""
    return ZoneInfo(name)


def local_day(moment: datetime, time_zone: str = DEFAULT_TIME_ZONE) -> date:
    """The calendar date on which `moment` falls there."""
    return moment.astimezone(zone(time_zone)).date()


def end_of_day(day: date, time_zone: str = DEFAULT_TIME_ZONE) -> datetime:
    """The first moment after that local day, in UTC."""
    return at_local(day + timedelta(days=1), time(), time_zone)


def at_local(day: date, hour: time, time_zone: str = DEFAULT_TIME_ZONE) -> datetime:
    """That wall-clock time on that local day, in UTC; an hour that DST repeats means its first passing."""
    return datetime.combine(day, hour, zone(time_zone)).astimezone(UTC)


def passings(day: date, hour: time, time_zone: str = DEFAULT_TIME_ZONE) -> tuple[datetime, ...]:
    """When the wall clock reaches or passes that whole minute on that local day, in UTC, in order.

    Two moments where DST repeats it; where DST leaves it out, the moment at which the clock jumps over it.
    """
    there = zone(time_zone)
    by_old_offset, by_new_offset = (datetime.combine(day, hour.replace(fold=fold), there) for fold in (0, 1))
    earlier, later = by_old_offset.astimezone(UTC), by_new_offset.astimezone(UTC)
    if earlier == later:
        return (earlier,)
    if earlier < later:
        return earlier, later
    return (_jump_between(later, earlier, there),)


def _jump_between(before: datetime, after: datetime, there: ZoneInfo) -> datetime:
    """The first whole minute after `before` with the UTC offset of `after`."""
    offset = after.astimezone(there).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(there).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


@lru_cache(maxsize=64)
def _days_off(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("PL", years=year))


# Which table of days off decided: results keep it, because the law changes it (24 December since 2025).
DAYS_OFF_VERSION = f"holidays-{version('holidays')}/PL"


def is_day_off(day: date) -> bool:
    """Whether `day` is a Sunday or a statutory day off in Poland."""
    return day.weekday() == 6 or is_statutory_day_off(day)


def is_statutory_day_off(day: date) -> bool:
    """Whether `day` is in the table of days off of its year (ustawa o dniach wolnych od pracy, art. 1)."""
    return day in _days_off(day.year)


def is_working_day(day: date) -> bool:
    """Whether `day` is neither a Saturday nor a Sunday nor a statutory day off (KC art. 115, KPA art. 57 §4)."""
    return day.weekday() < 5 and not is_statutory_day_off(day)


def working_day_after(day: date) -> date:
    """The first working day later than `day`."""
    return rolled(day + timedelta(days=1))


def rolled(day: date) -> date:
    """`day`, or the first working day after it when it is none."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
