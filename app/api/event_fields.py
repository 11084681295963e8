"""The field types of event data: texts, names, times and hours, each with its limits.

Everything here is written down once so that a producer meets the same rule in every event. Errors never repeat
the value.
"""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.problems import OWN_ERROR
from app.domain.event import OpeningInterval
from app.domain.names import NAME_PATTERN

# The first year of POSIX time, and the last that leaves room for a year of deadlines in Python's calendar.
YEAR_MIN, YEAR_MAX = 1970, 9998

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTERVAL = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
# No control characters, line or paragraph separators, or marks that turn the direction of what follows, because
# the text is set into messages; and something in it that can be seen.
_UNSAFE = r"\p{Cc}\p{Noncharacter_Code_Point}\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}"


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError(OWN_ERROR, message)


def parse_instant(value: object) -> datetime:
    """Read an RFC 3339 date-time with offset, year 1970 to 9998 in UTC; the offset is kept.

    `t` and `z` may be lower case (RFC 3339 §5.6); up to nine decimals, of which six count. Second 60 is refused:
    no leap second is announced, so it is a fault of the sender's clock. Raises PydanticCustomError.
    """
    text = value.upper() if isinstance(value, str) else ""
    if _INSTANT.fullmatch(text) is None:
        raise _wrong("Must be an RFC 3339 date-time with offset, as 2026-11-23T11:40:00+01:00")
    try:
        instant = datetime.fromisoformat(text)
        year = instant.astimezone(UTC).year
    except (ValueError, OverflowError):
        raise _wrong("Is no moment of the calendar") from None
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise _wrong(f"Must lie in the years {YEAR_MIN} to {YEAR_MAX}")
    return instant


def parse_date(value: object) -> date:
    """Read a date YYYY-MM-DD that exists, year 1970 to 9998. Raises PydanticCustomError."""
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise _wrong("Must be a date, as 2026-11-23")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise _wrong("Is no day of the calendar") from None
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise _wrong(f"Must lie in the years {YEAR_MIN} to {YEAR_MAX}")
    return day


def parse_moment(value: object) -> date | datetime:
    """Read a date (offices think in days) or a date-time with offset (lockers count hours)."""
    return parse_date(value) if isinstance(value, str) and len(value) <= 10 else parse_instant(value)


def parse_last_chance(value: object) -> bool | date | datetime:
    """Read yes or no, or the date or date-time until when."""
    return value if isinstance(value, bool) else parse_moment(value)


@lru_cache(maxsize=4096)
def parse_hours(text: str) -> tuple[OpeningInterval, ...]:
    """Read one day's opening hours, `08:00-12:00,13:00-18:00`: ascending, not overlapping.

    The last interval may end at midnight, written 24:00 or 00:00. `text` must match the pattern of DayHours, which
    also bounds it. Raises PydanticCustomError.
    """
    intervals = []
    end_before = -1
    for each in text.split(","):
        opens, closes = _minutes(each[:5]), _minutes(each[6:]) or 24 * 60
        if opens < end_before or closes <= opens:
            raise _wrong("Opening hours must ascend and not overlap")
        end_before = closes
        intervals.append(OpeningInterval(opens=_time(opens), closes=_time(closes)))
    return tuple(intervals)


def _minutes(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _check_hours(text: str) -> str:
    parse_hours(text)
    return text


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Text = Annotated[
    str,
    StringConstraints(max_length=200, pattern=rf"^[^{_UNSAFE}]*[^\s{_UNSAFE}][^{_UNSAFE}]*$"),
    # The pattern is written for the checker's own engine, which other readers of the schema do not have.
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": "One line with something visible on it; no control characters",
        }
    ),
]
VerbatimText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
PostCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z -]{0,15}$")]
PostCodeArea = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z -]{0,15}\*?$")]
DayHours = Annotated[
    str,
    StringConstraints(pattern=rf"^{_INTERVAL}(?:,{_INTERVAL}){{0,9}}$"),
    AfterValidator(_check_hours),
]
Instant = Annotated[datetime, BeforeValidator(parse_instant)]
LocalDate = Annotated[date, BeforeValidator(parse_date)]
Moment = Annotated[date | datetime, BeforeValidator(parse_moment)]
LastChance = Annotated[bool | date | datetime, BeforeValidator(parse_last_chance)]
Ordinal = Annotated[int, Field(ge=1, le=2)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]
