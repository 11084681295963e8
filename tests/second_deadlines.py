"""A second reading of the deadlines, naive on purpose: day by day, with its own days off and its own clock.

It shares no code with the application, knows the years 2020 to 2031 only, and Warsaw only.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)

EASTER = {
    2019: date(2019, 4, 21),
    2020: date(2020, 4, 12),
    2021: date(2021, 4, 4),
    2022: date(2022, 4, 17),
    2023: date(2023, 4, 9),
    2024: date(2024, 3, 31),
    2025: date(2025, 4, 20),
    2026: date(2026, 4, 5),
    2027: date(2027, 3, 28),
    2028: date(2028, 4, 16),
    2029: date(2029, 4, 1),
    2030: date(2030, 4, 21),
    2031: date(2031, 4, 13),
    2032: date(2032, 3, 28),
}
FIXED = {(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26)}

FROM_THE_FIRST = {"kpa", "ppsa", "op"}
FROM_THE_SECOND = {"kpc", "kpk", "dfp"}

# Minutes after local midnight; 0 to 1440 is round the clock.
Hours = list[tuple[int, int]]


@dataclass(kw_only=True)
class Given:
    """The same inputs, in plain values: a week of seven days' hours, Monday first, and closures from–until."""

    regime: str
    first: date | None
    second: date | None
    pickup_from: date | datetime | None
    pickup_until: date | datetime | None
    week: list[Hours]
    closures: list[tuple[date, date]]
    as_of: date


@dataclass(kw_only=True)
class Answer:
    """The same fields; candidates as (regime, strict, rolled, projected)."""

    first_window_end: date | None
    expected: date | None
    end_strict: date | None
    end_rolled: date | None
    safe: date | None
    projected: bool
    candidates: list[tuple[str, date, date, bool]]
    anomalies: set[str]


def day_off_by_law(day: date) -> bool:
    """Whether the statute on days off names the day, Sundays aside."""
    easter = EASTER[day.year]
    moveable = {easter, easter + 1 * DAY, easter + 49 * DAY, easter + 60 * DAY}
    eve = day.year >= 2025 and (day.month, day.day) == (12, 24)
    return (day.month, day.day) in FIXED or day in moveable or eve


def working(day: date) -> bool:
    """Neither Saturday nor Sunday nor off by law."""
    return day.isoweekday() not in {6, 7} and not day_off_by_law(day)


def moved_on(day: date) -> date:
    """The day, or the next working one."""
    while not working(day):
        day += DAY
    return day


def answer(given: Given) -> Answer:
    """Every field, straight from the rules."""
    ends = _ends(given)
    strict = min((end[1] for end in ends), default=None)
    rolled = min((end[2] for end in ends), default=None)
    limits = [end[1] for end in ends]
    own = _local_date(given.pickup_until)
    if own is not None:
        limits.append(own)
    if given.first is not None and any(end[3] for end in ends):
        limits.append(given.first + 14 * DAY)
    safe = _safe(given, min(limits)) if limits else None
    window_end, expected = _window(given)
    return Answer(
        first_window_end=window_end,
        expected=expected,
        end_strict=strict,
        end_rolled=rolled,
        safe=safe,
        projected=any(end[3] and end[1] == strict for end in ends),
        candidates=ends if given.regime == "unknown" else [],
        anomalies=_anomalies(given, nothing_open=bool(limits) and safe is None),
    )


def _window(given: Given) -> tuple[date | None, date | None]:
    if given.first is None or given.regime in {"postal", "courier"}:
        return None, None
    end = given.first
    for _ in range(7):
        end += DAY
    return end, moved_on(end + DAY)


def _ends(given: Given) -> list[tuple[str, date, date, bool]]:
    regimes = ["kpa", "kpc", "postal"] if given.regime == "unknown" else [given.regime]
    expected = _window(given)[1]
    ends = []
    for regime in regimes:
        if regime in FROM_THE_FIRST and given.first is not None:
            ends.append((regime, given.first + 14 * DAY, moved_on(given.first + 14 * DAY), False))
        if regime in FROM_THE_SECOND and given.second is not None:
            ends.append((regime, given.second + 7 * DAY, moved_on(given.second + 7 * DAY), False))
        if regime in FROM_THE_SECOND and given.second is None and expected is not None:
            ends.append((regime, expected + 7 * DAY, moved_on(expected + 7 * DAY), True))
        own = _local_date(given.pickup_until)
        if regime in {"postal", "courier"} and own is not None:
            ends.append((regime, own, own, False))
    return ends


def _safe(given: Given, last: date) -> date | None:
    found = None
    day = last - 400 * DAY
    while day <= last:
        if _can_be_collected(given, day, last):
            found = day
        day += DAY
    return found


def _can_be_collected(given: Given, day: date, last: date) -> bool:
    starts = _local_date(given.pickup_from)
    if (given.first is not None and day < given.first) or (starts is not None and day < starts):
        return False
    if given.as_of <= last and day < given.as_of:
        return False
    for opens, closes in _openings(given, day):
        there = not isinstance(given.pickup_from, datetime) or closes > given.pickup_from.astimezone(UTC)
        still = not isinstance(given.pickup_until, datetime) or opens < given.pickup_until.astimezone(UTC)
        if there and still:
            return True
    return False


def _openings(given: Given, day: date) -> list[tuple[datetime, datetime]]:
    hours = given.week[day.isoweekday() - 1]
    if any(first <= day <= last for first, last in given.closures):
        return []
    if day_off_by_law(day) and hours != [(0, 1440)]:
        return []
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock, made UTC below
    return [
        (_utc(midnight + timedelta(minutes=opens)), _utc(midnight + timedelta(minutes=closes)))
        for opens, closes in hours
    ]


def _anomalies(given: Given, *, nothing_open: bool) -> set[str]:
    found = {"no_open_day"} if nothing_open else set()
    window_end, expected = _window(given)
    if window_end is None or expected is None:
        return found
    if given.second is not None and given.second <= window_end:
        found.add("second_notice_early")
    working_days, day = 0, expected
    while working_days < 2:
        day += DAY
        working_days += working(day)
    if (given.second is None and given.as_of > day) or (given.second is not None and given.second > day):
        found.add("second_notice_missing")
    return found


def _local_date(moment: date | datetime | None) -> date | None:
    if not isinstance(moment, datetime):
        return moment
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    spring, autumn = _changes(utc.year)
    return (utc + timedelta(hours=2 if spring <= utc < autumn else 1)).date()


def _utc(wall: datetime) -> datetime:
    """Of a wall clock outside the hours from two to three."""
    spring, autumn = _changes(wall.year)
    summer = spring + timedelta(hours=2) <= wall < autumn + timedelta(hours=2)
    return (wall - timedelta(hours=2 if summer else 1)).replace(tzinfo=UTC)


def _changes(year: int) -> tuple[datetime, datetime]:
    """One o'clock UTC on the last Sundays of March and October (Directive 2000/84/EC), without the zone."""
    return _last_sunday(year, 3), _last_sunday(year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    day = datetime(year, month, 31, 1)  # noqa: DTZ001 - UTC, without the zone
    while day.isoweekday() != 7:
        day -= DAY
    return day
