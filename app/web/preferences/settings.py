"""Settings as forms say them: read, and written back for the form that takes a change back."""

import re
from datetime import date, datetime, time, timedelta

from app.domain.calendar import at_local, local_day
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule

PAUSE_DAYS_MAX = 366

_CLOCK = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def quiet_typed(rule: str, starts: str, ends: str) -> QuietHours | None:
    """The quiet hours that a form says; None when their times are none, or the same."""
    if rule == QuietRule.DEFAULT:
        return QuietHours()
    if rule == QuietRule.NONE:
        return NEVER_QUIET
    from_, to = _clock(starts), _clock(ends)
    if rule != QuietRule.OWN or from_ is None or to is None or from_ == to:
        return None
    return QuietHours(rule=QuietRule.OWN, starts=from_, ends=to)


def quiet_fields(hours: QuietHours) -> dict[str, str]:
    """The fields that say these quiet hours."""
    if hours.rule is not QuietRule.OWN:
        return {"rule": hours.rule.value}
    times = {"from": hours.starts.isoformat("minutes"), "to": hours.ends.isoformat("minutes")}
    return {"rule": hours.rule.value, **times}


def pause_typed(text: str, time_zone: str, *, now: datetime) -> datetime | None:
    """The first moment of the day that a form says, one to 366 days from today; None when it says no such day."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    ahead = day - local_day(now, time_zone)
    if not timedelta(days=1) <= ahead <= timedelta(days=PAUSE_DAYS_MAX):
        return None
    return at_local(day, time(), time_zone)


def pause_fields(until: datetime | None, time_zone: str, *, now: datetime) -> dict[str, str]:
    """The field that says this pause: the day before which nothing is sent, empty without a pause."""
    return {"until": local_day(until, time_zone).isoformat() if until and until > now else ""}


def _clock(text: str) -> time | None:
    return time.fromisoformat(text.zfill(5)) if _CLOCK.fullmatch(text) else None
