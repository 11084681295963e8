"""Times as a statement gives them: by the clock of Warsaw, with what that clock is ahead of UTC."""

from datetime import datetime, timedelta

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.rendering.catalog import Say
from app.rendering.dates import date_in_sentence, full_date, local

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def in_sentence(moment: datetime, language: str, say: Say, *, after: datetime | None = None) -> str:
    """`on 23 November 2026 (Monday) at 11:42:03 (UTC+1)`; shorter on the day of `after`, which was said before."""
    there = local(moment, zone(DEFAULT_TIME_ZONE))
    if after is not None and same_day(moment, after):
        return say("the same day at %(time)s", time=_clock(there))
    return say(
        "on %(day)s at %(time)s (%(zone)s)",
        day=date_in_sentence(there.date(), language),
        time=_clock(there),
        zone=_ahead(there),
    )


def in_full(moment: datetime, language: str) -> str:
    """`Monday, 23 November 2026, 11:42:03 (UTC+1)`."""
    there = local(moment, zone(DEFAULT_TIME_ZONE))
    return f"{full_date(there.date(), language)}, {_clock(there)} ({_ahead(there)})"


def time_only(moment: datetime) -> str:
    """`11:42:03`, beside a moment whose day and zone are said."""
    return _clock(local(moment, zone(DEFAULT_TIME_ZONE)))


def same_day(one: datetime, other: datetime) -> bool:
    """Whether both fall on one day of Warsaw, and on one side of a change of its clock."""
    there = zone(DEFAULT_TIME_ZONE)
    first, second = local(one, there), local(other, there)
    return first.date() == second.date() and first.utcoffset() == second.utcoffset()


def in_table(moment: datetime) -> tuple[str, str, str]:
    """`23.11.2026`, `11:42:03.120` and `UTC+1`: the lines of a cell."""
    there = local(moment, zone(DEFAULT_TIME_ZONE))
    return _day(there), f"{there:%H:%M:%S}.{there.microsecond // 1000:03}", _ahead(there)


def on_axis(moment: datetime) -> str:
    """`23.11.2026  11:42:03`."""
    there = local(moment, zone(DEFAULT_TIME_ZONE))
    return f"{_day(there)}  {there:%H:%M:%S}"


def between(gap: timedelta, say: Say) -> str:
    """How much time passed, in the largest unit of which it was one: `3 days`, `2 h`, `5 min`, `12 s`."""
    seconds = int(gap.total_seconds())
    if seconds >= _DAY:
        return say.plural("%(count)s day", "%(count)s days", seconds // _DAY)
    if seconds >= _HOUR:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _MINUTE} min" if seconds >= _MINUTE else f"{seconds} s"


def _day(there: datetime) -> str:
    return f"{there.day:02}.{there.month:02}.{there.year:04}"


def _clock(there: datetime) -> str:
    return f"{there.hour}:{there.minute:02}:{there.second:02}"


def _ahead(there: datetime) -> str:
    minutes = int((there.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
