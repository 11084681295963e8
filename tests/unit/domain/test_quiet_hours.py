"""When an SMS waits: the default rule, days off, a person's own hours, and both DST nights of Europe/Warsaw."""

from datetime import UTC, datetime, time

import pytest

from app.domain.calendar import zone
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule, quiet_until

DEFAULT = QuietHours()
MIDDAY = QuietHours(rule=QuietRule.OWN, starts=time(12), ends=time(14))
NIGHT = QuietHours(rule=QuietRule.OWN, starts=time(22, 30), ends=time(6, 15))
SHORT_NIGHT = QuietHours(rule=QuietRule.OWN, starts=time(22), ends=time(2, 30))


def warsaw(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone("Europe/Warsaw"), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-23T07:59:59.999", "2026-11-23T08:00"),
        ("2026-11-23T08:00", None),
        ("2026-11-23T19:59:59.999", None),
        ("2026-11-23T20:00", "2026-11-24T08:00"),
        ("2026-11-24T00:00", "2026-11-24T08:00"),
        ("2026-11-21T19:59", None),  # a Saturday has working hours
        ("2026-11-21T20:00", "2026-11-22T10:00"),  # into Sunday morning
        ("2026-11-22T09:59", "2026-11-22T10:00"),
        ("2026-11-22T10:00", None),
        ("2026-11-22T17:59", None),
        ("2026-11-22T18:00", "2026-11-23T08:00"),  # out of Sunday evening
        ("2026-11-10T21:00", "2026-11-11T10:00"),  # into Independence Day
        ("2026-11-11T18:30", "2026-11-12T08:00"),
        ("2026-04-05T18:00", "2026-04-06T10:00"),  # Easter Sunday into Easter Monday
        ("2026-12-24T18:00", "2026-12-25T10:00"),
    ],
)
def test_by_default_evenings_nights_and_mornings_are_quiet(moment: str, until: str | None) -> None:
    assert quiet_until(warsaw(moment), DEFAULT) == (warsaw(until) if until else None)


@pytest.mark.parametrize(
    ("moment", "hours", "until"),
    [
        ("2026-11-23T11:59", MIDDAY, None),
        ("2026-11-23T12:00", MIDDAY, "2026-11-23T14:00"),
        ("2026-11-23T14:00", MIDDAY, None),
        ("2026-11-23T23:00", MIDDAY, None),  # one's own hours replace the default night
        ("2026-11-22T18:30", MIDDAY, None),  # and Sundays
        ("2026-11-23T22:29", NIGHT, None),
        ("2026-11-23T22:30", NIGHT, "2026-11-24T06:15"),
        ("2026-11-24T06:14", NIGHT, "2026-11-24T06:15"),
        ("2026-11-24T06:15", NIGHT, None),
    ],
)
def test_a_persons_own_hours_replace_the_default(moment: str, hours: QuietHours, until: str | None) -> None:
    assert quiet_until(warsaw(moment), hours) == (warsaw(until) if until else None)


@pytest.mark.parametrize("moment", ["2026-11-23T03:00", "2026-11-22T23:00"])
def test_somebody_who_wants_no_quiet_hours_has_none(moment: str) -> None:
    assert quiet_until(warsaw(moment), NEVER_QUIET) is None


def test_hours_that_end_where_they_begin_are_never_quiet() -> None:
    empty = QuietHours(rule=QuietRule.OWN, starts=time(7), ends=time(7))
    assert quiet_until(warsaw("2026-11-23T07:00"), empty) is None


def test_the_persons_time_zone_counts() -> None:
    moment = datetime(2026, 11, 23, 11, tzinfo=UTC)  # six in the morning in New York
    assert quiet_until(moment, DEFAULT, "America/New_York") == datetime(2026, 11, 23, 13, tzinfo=UTC)


def test_in_the_spring_night_the_default_morning_comes_an_hour_sooner() -> None:
    assert quiet_until(warsaw("2026-03-28T20:00"), DEFAULT) == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_in_the_autumn_night_the_default_morning_comes_an_hour_later() -> None:
    assert quiet_until(warsaw("2026-10-24T20:00"), DEFAULT) == datetime(2026, 10, 25, 9, tzinfo=UTC)


def test_own_hours_that_end_in_the_hour_that_is_skipped_end_when_the_clock_jumps() -> None:
    assert quiet_until(warsaw("2026-03-28T23:00"), SHORT_NIGHT) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_own_hours_that_end_in_the_hour_that_comes_twice_end_twice() -> None:
    assert quiet_until(warsaw("2026-10-25T02:10"), SHORT_NIGHT) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert quiet_until(warsaw("2026-10-25T02:40"), SHORT_NIGHT) is None
    assert quiet_until(warsaw("2026-10-25T02:10", fold=1), SHORT_NIGHT) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
