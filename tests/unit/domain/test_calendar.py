"""Local days, the ends of days, and days off, over DST changes too."""

from datetime import UTC, date, datetime, time
from importlib.metadata import version

import pytest

from app.domain.calendar import (
    DAYS_OFF_VERSION,
    at_local,
    end_of_day,
    is_day_off,
    is_statutory_day_off,
    is_working_day,
    local_day,
    passings,
    rolled,
    working_day_after,
)


def test_a_moment_before_midnight_utc_is_the_next_day_in_warsaw() -> None:
    assert local_day(datetime(2026, 11, 23, 23, 30, tzinfo=UTC)) == date(2026, 11, 24)
    assert local_day(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "America/New_York") == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 28), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 24), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_local_midnight_also_when_it_has_23_or_25_hours(day: date, end: datetime) -> None:
    assert end_of_day(day) == end


def test_an_hour_that_comes_twice_means_its_first_passing() -> None:
    assert at_local(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_has_two_passings() -> None:
    assert passings(date(2026, 10, 25), time(2, 30)) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("hour", [time(2), time(2, 1), time(2, 30), time(2, 59)])
def test_an_hour_that_is_jumped_over_is_passed_when_the_clock_jumps(hour: time) -> None:
    assert passings(date(2026, 3, 29), hour) == (datetime(2026, 3, 29, 1, tzinfo=UTC),)


def test_an_ordinary_hour_has_one_passing() -> None:
    assert passings(date(2026, 11, 23), time(8)) == (datetime(2026, 11, 23, 7, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("day", "off"),
    [
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 11, 22), True),  # a Sunday
        (date(2026, 11, 11), True),  # Independence Day, a Wednesday
        (date(2026, 4, 6), True),  # Easter Monday
        (date(2026, 6, 4), True),  # Corpus Christi
        (date(2024, 12, 24), False),  # Christmas Eve was no day off yet
        (date(2025, 12, 24), True),
    ],
)
def test_days_off_are_sundays_and_the_statutory_ones(day: date, off: bool) -> None:
    assert is_day_off(day) is off


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 11, 22), False),  # a Sunday
        (date(2026, 11, 11), False),  # Independence Day
        (date(2026, 5, 2), False),  # a Saturday between two days off
        (date(2024, 12, 24), True),
        (date(2025, 12, 24), False),
    ],
)
def test_working_days_are_neither_weekends_nor_days_off(day: date, working: bool) -> None:
    assert is_working_day(day) is working


@pytest.mark.parametrize(
    ("day", "moved_to"),
    [
        (date(2026, 11, 23), date(2026, 11, 23)),
        (date(2026, 11, 21), date(2026, 11, 23)),
        (date(2026, 12, 24), date(2026, 12, 28)),  # Christmas Eve to Sunday
        (date(2024, 12, 24), date(2024, 12, 24)),
        (date(2026, 4, 4), date(2026, 4, 7)),  # Easter
        (date(2026, 6, 4), date(2026, 6, 5)),  # Corpus Christi
        (date(2027, 12, 31), date(2027, 12, 31)),
        (date(2028, 1, 1), date(2028, 1, 3)),  # over the end of a year
    ],
)
def test_a_day_is_rolled_to_the_next_working_one_if_it_is_none(day: date, moved_to: date) -> None:
    assert rolled(day) == moved_to


def test_the_working_day_after_is_later_also_than_a_working_day() -> None:
    assert working_day_after(date(2026, 11, 23)) == date(2026, 11, 24)
    assert working_day_after(date(2026, 12, 23)) == date(2026, 12, 28)


def test_a_sunday_is_off_without_being_in_the_table() -> None:
    assert (is_day_off(date(2026, 11, 22)), is_statutory_day_off(date(2026, 11, 22))) == (True, False)


def test_the_table_of_days_off_names_its_version() -> None:
    assert f"holidays-{version('holidays')}/PL" == DAYS_OFF_VERSION
