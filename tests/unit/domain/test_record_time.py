"""The times in operators' records: Polish wall clocks, over DST changes too, and what is no time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.record_time import local_record_time


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T11:42:00", utc(2026, 11, 23, 10, 42)),
        ("2026-07-01T11:42:00", utc(2026, 7, 1, 9, 42)),
        ("2026-11-23 11:42", utc(2026, 11, 23, 10, 42)),
        ("2026-11-23 11:42:07", utc(2026, 11, 23, 10, 42, 7)),
        ("2026-11-23t11:42:07.25", utc(2026, 11, 23, 10, 42, 7, 250_000)),
        (" 2026-11-23T11:42:00\n", utc(2026, 11, 23, 10, 42)),
        ("2026-01-01 00:15", utc(2025, 12, 31, 23, 15)),
    ],
)
def test_a_time_without_an_offset_is_polish_local_time(text: str, moment: datetime) -> None:
    assert local_record_time(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T11:42:00Z", utc(2026, 11, 23, 11, 42)),
        ("2026-11-23T11:42:00+02:00", utc(2026, 11, 23, 9, 42)),
        ("2026-03-29T02:30:00+01:00", utc(2026, 3, 29, 1, 30)),
    ],
)
def test_an_offset_is_taken_as_given(text: str, moment: datetime) -> None:
    assert local_record_time(text) == moment


def test_an_hour_that_comes_twice_means_its_first_passing() -> None:
    assert local_record_time("2026-10-25 02:30:15") == utc(2026, 10, 25, 0, 30, 15)
    assert local_record_time("2026-10-25 03:00") == utc(2026, 10, 25, 2, 0)


@pytest.mark.parametrize("text", ["2026-03-29 02:00", "2026-03-29T02:30:15", "2026-03-29 02:59:59.9"])
def test_an_hour_that_is_left_out_is_when_the_clock_jumps(text: str) -> None:
    assert local_record_time(text) == utc(2026, 3, 29, 1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "11:42",
        "23.11.2026 11:42",
        "2026-02-30 11:42",
        "2026-11-23 24:30",
        "2026-11-23T11:42:60",
        "2026-11-23 11:42 CET",
        "2026-11-23T11:42:00+0100",
        "2026-11-23T11:42:00+99:00",
        "٢٠٢٦-11-23 11:42",
        "0000-01-01 00:00",
        "0001-01-01 00:00",
        "9999-12-31T23:59:00-12:00",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert local_record_time(text) is None


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?", fullmatch=True))
def test_no_text_raises(text: str) -> None:
    moment = local_record_time(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 – a wall clock
def test_a_polish_clock_is_one_or_two_hours_ahead(wall: datetime) -> None:
    moment = local_record_time(wall.isoformat())
    assert moment is not None
    assert 3600 <= (wall.replace(tzinfo=UTC) - moment).total_seconds() <= 2 * 3600
