"""Months on the calendar, and the ids that part old from young."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.domain.retention import Retention, first_id_at, months_later

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 – see timezones


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [
        ("2026-03-31T12:00:00", -13, "2025-02-28T12:00:00"),
        ("2026-03-31T12:00:00", 11, "2027-02-28T12:00:00"),
        ("2024-02-29T00:00:00", -120, "2014-02-28T00:00:00"),
        ("2026-12-31T23:59:59", 2, "2027-02-28T23:59:59"),
        ("2026-01-15T08:00:00", -1, "2025-12-15T08:00:00"),
        ("2026-01-15T08:00:00", 0, "2026-01-15T08:00:00"),
    ],
)
def test_months_go_by_the_calendar(moment: str, months: int, later: str) -> None:
    given, expected = (datetime.fromisoformat(f"{each}+00:00") for each in (moment, later))
    assert months_later(given, months) == expected


@given(MOMENTS, st.integers(-240, 240))
def test_there_and_back_is_at_most_three_days_off(moment: datetime, months: int) -> None:
    back = months_later(months_later(moment, months), -months)
    assert timedelta() <= moment - back <= timedelta(days=3)


@given(MOMENTS, MOMENTS)
def test_ids_stand_in_the_order_of_their_moments(one: datetime, other: datetime) -> None:
    first, second = (moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (one, other))
    assert (first < second) == (first_id_at(first) < first_id_at(second))


def test_an_id_of_today_lies_between_the_ids_of_a_minute_ago_and_of_the_next_minute() -> None:
    now = datetime.now(UTC)
    minute = timedelta(minutes=1)
    assert first_id_at(now - minute) < UUID(str(uuid7())) < first_id_at(now + minute)


def test_values_go_before_documents_and_those_before_what_they_name() -> None:
    policy, now = Retention(months=13, skeleton_years=10), datetime(2026, 11, 23, tzinfo=UTC)
    assert policy.values_before(now) == first_id_at(datetime(2025, 10, 23, tzinfo=UTC))
    assert policy.skeletons_before(now) == first_id_at(datetime(2016, 11, 23, tzinfo=UTC))
    assert policy.skeletons_before(now, years_more=1) == first_id_at(datetime(2015, 11, 23, tzinfo=UTC))
