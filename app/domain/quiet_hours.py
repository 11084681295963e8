"""Quiet hours: when an SMS waits. E-mail goes at any time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.domain.calendar import DEFAULT_TIME_ZONE, is_day_off, passings, zone


class QuietRule(StrEnum):
    """Whose quiet hours hold: the service's default, none at all, or the person's own."""

    DEFAULT = "default"
    NONE = "none"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """`starts` and `ends` are local wall-clock times and only mean something for `OWN`; they may span midnight."""

    rule: QuietRule = QuietRule.DEFAULT
    starts: time = time(20)
    ends: time = time(8)


NEVER_QUIET = QuietHours(rule=QuietRule.NONE)


def quiet_until(moment: datetime, hours: QuietHours, time_zone: str = DEFAULT_TIME_ZONE) -> datetime | None:
    """When the quiet stretch around `moment` ends (UTC), or None when `moment` is not quiet.

    Default: 20:00–08:00; Sundays and days off until 10:00 and from 18:00. A person's own hours replace all of it.
    """
    if hours.rule is QuietRule.NONE:
        return None
    there = zone(time_zone)
    if not _is_quiet(moment.astimezone(there), hours):
        return None
    for day in _days_from(moment.astimezone(there).date()):
        morning = hours.ends if hours.rule is QuietRule.OWN else _default_morning(day)
        for end in passings(day, morning, time_zone):
            # Where the clock jumps over both ends of one stretch and the start of the next, it goes on.
            if end > moment and not _is_quiet(end.astimezone(there), hours):
                return end
    raise AssertionError("a quiet stretch ends within two days")


def _days_from(day: date) -> tuple[date, ...]:
    return tuple(day + timedelta(days=later) for later in range(3))


def _default_morning(day: date) -> time:
    return time(10) if is_day_off(day) else time(8)


def _is_quiet(local: datetime, hours: QuietHours) -> bool:
    clock = local.time()
    if hours.rule is QuietRule.OWN:
        if hours.starts <= hours.ends:
            return hours.starts <= clock < hours.ends
        return clock >= hours.starts or clock < hours.ends
    evening = time(18) if is_day_off(local.date()) else time(20)
    return clock >= evening or clock < _default_morning(local.date())
