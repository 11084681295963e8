"""Local days, the ends of days, and days off, over DST changes too."""

from datetime import UTC, date, datetime, time

import pytest

from app.domain.calendar import at_local, end_of_day, is_day_off, local_day, passings


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
