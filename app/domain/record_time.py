"""When an operator's own record says that something happened. Evidence only: it decides nothing. Pure."""

import re
from datetime import UTC, datetime

from app.domain.calendar import DEFAULT_TIME_ZONE, passings, zone

# RFC 3339, and the same with a blank instead of the T, without seconds or without an offset.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


def local_record_time(text: str) -> datetime | None:
    """The moment that a Polish operator's record means, in UTC; None for what is no time.

    Without an offset it is Polish local time: an hour that DST repeats means its first passing, one that DST leaves
    out the moment at which the clock jumps. An offset is taken as given.
    """
    written = text.strip().upper()
    if _TIME.fullmatch(written) is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
        return _in_poland(moment) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _in_poland(wall: datetime) -> datetime:
    there = zone(DEFAULT_TIME_ZONE)
    moment = wall.replace(tzinfo=there).astimezone(UTC)
    if moment.astimezone(there).replace(tzinfo=None) == wall:
        return moment
    return passings(wall.date(), wall.time().replace(second=0, microsecond=0))[0]
