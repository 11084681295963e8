"""What does not fit together about a shipment, and since when that shows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.findings import findings, in_the_dark
from app.domain.stay import as_it_stands
from tests.builders import FACILITY, NOON
from tests.unit.domain.reported import FIRST, SHUT, at, correction, notice


def test_an_early_second_notice_is_found_since_it_was_left() -> None:
    found = as_it_stands([FIRST, notice(2, days=5)], now=at(6))
    assert [(each.code, each.since) for each in findings([], found)] == [("second_notice_early", at(5))]


def test_a_second_notice_is_missing_since_the_day_after_its_days_of_grace() -> None:
    # Due on Tuesday 1 December, with Wednesday and Thursday of grace.
    missing = ("second_notice_missing", datetime(2026, 12, 3, 23, tzinfo=UTC))
    for days, expected in ((10, []), (11, [missing]), (13, [missing])):
        found = as_it_stands([FIRST], now=at(days))
        assert [(each.code, each.since) for each in findings([], found)] == expected


def test_a_second_notice_that_came_late_was_missing_since_the_same_day() -> None:
    found = as_it_stands([FIRST, notice(2, days=13)], now=at(13))
    assert [(each.code, each.since) for each in findings([], found)] == [
        ("second_notice_missing", datetime(2026, 12, 3, 23, tzinfo=UTC))
    ]


@pytest.mark.parametrize("days", [4, 6])
def test_no_open_day_is_left_since_the_day_after_the_last(days: int) -> None:
    # The facility shuts for good after Wednesday 25 November.
    closed = FACILITY | {"closures": [{"from": "2026-11-26", "until": "2026-12-31"}]}
    found = as_it_stands([notice(facility=closed)], now=at(days))
    assert [(each.code, each.since) for each in findings([], found)] == [
        ("no_open_day", datetime(2026, 11, 25, 23, tzinfo=UTC))
    ]


def test_a_facility_that_never_opens_leaves_no_day_from_the_beginning() -> None:
    found = as_it_stands([notice(facility=FACILITY | {"hours": SHUT})], now=at(4))
    assert [(each.code, each.since) for each in findings([], found)] == [("no_open_day", NOON)]


def test_each_finding_is_told_once_since_it_was_first_recorded_the_earliest_first() -> None:
    found = as_it_stands([FIRST, notice(2, days=5)], now=at(6))
    recorded = [
        ("future_time", at(2)),
        ("second_notice_early", at(5.5)),
        ("future_time", at(1)),
        ("future_time", at(3)),
    ]
    assert [(each.code, each.since) for each in findings(recorded, found)] == [
        ("future_time", at(1)),
        ("second_notice_early", at(5.5)),
    ]


def test_a_correction_that_could_be_aimed_at_nothing_stays_in_the_dark() -> None:
    lost = replace(correction(FIRST, days=1), corrects=None)
    assert in_the_dark([FIRST, lost]) == {lost.id}
