"""An item that waits, with the deadlines that follow from its events."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.domain.calendar import zone
from app.domain.event import LegalRegime
from app.domain.facility_calendar import ALWAYS_OPEN, UNKNOWN_HOURS
from app.domain.shipment import Milestone, milestone_of
from app.domain.stay import Known, known_of
from tests.builders import FACILITY, NOON, event

LOCKER = {"id": "WAW123M", "name": "Paczkomat WAW123M"}


def said(kind: str, *, hours: float = 0, place: str | None = None, **data: Any) -> Milestone:
    at = NOON + timedelta(hours=hours)
    return milestone_of(replace(event(kind, at=at, id=f"{kind}-{hours}", data=data), place=place))


def notice(ordinal: int, *, hours: float = 0, **data: Any) -> Milestone:
    at = NOON + timedelta(hours=hours)
    return said("notice_left", hours=hours, notice={"ordinal": ordinal, "left_at": at.isoformat()}, **data)


def known(*milestones: Milestone, as_of: datetime = NOON) -> Known:
    return known_of(milestones, as_of=as_of)


def test_of_a_shipment_that_never_waited_there_are_no_deadlines() -> None:
    nothing = known(said("delivered"))
    assert (nothing.stay, nothing.deadlines, nothing.waits) == (None, None, False)


def test_a_notice_gives_deadlines_from_what_it_says() -> None:
    first = known(notice(1))
    assert first.waits
    assert first.deadlines is not None
    assert first.deadlines.regime is LegalRegime.KPA
    assert first.deadlines.inputs.first_notice_on == date(2026, 11, 23)
    assert first.deadlines.inputs.pickup_until == first.deadlines.end_strict == date(2026, 12, 7)
    assert first.deadlines.safe_collect_by == date(2026, 12, 7)


def test_days_are_local_ones() -> None:
    late = known(notice(1, hours=12.5))  # half past eleven at night in UTC
    assert late.deadlines is not None
    assert late.deadlines.inputs.first_notice_on == date(2026, 11, 24)


def test_deadlines_are_known_as_of_a_local_day() -> None:
    evening = known(notice(1), as_of=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    assert evening.deadlines is not None
    assert evening.deadlines.inputs.as_of == date(2026, 11, 24)


def test_the_repeat_gives_the_second_notice() -> None:
    both = known(notice(1), notice(2, hours=24 * 8, pickup=None), as_of=NOON + timedelta(days=8))
    assert both.deadlines is not None
    assert both.deadlines.second_notice_on == date(2026, 12, 1)
    assert both.deadlines.inputs.pickup_until == date(2026, 12, 7)


def test_deadlines_are_kept_once_the_item_is_collected() -> None:
    collected = known(notice(1), said("delivered", hours=30), as_of=NOON + timedelta(days=60))
    assert not collected.waits
    assert collected.deadlines is not None
    assert collected.deadlines.safe_collect_by == date(2026, 12, 7)


def test_a_closure_counts() -> None:
    closures = [{"from": "2026-12-04", "until": "2026-12-07"}]
    shut = known(notice(1, facility={**FACILITY, "closures": closures}))
    assert shut.deadlines is not None
    assert shut.deadlines.safe_collect_by == date(2026, 12, 3)


@pytest.mark.parametrize(
    ("place", "until", "hours"),
    [
        (None, "2026-11-28T12:00:00+01:00", ALWAYS_OPEN),
        ("locker", "2026-11-28T12:00:00+01:00", ALWAYS_OPEN),
        ("locker", "2026-11-28", ALWAYS_OPEN),
        ("locker", None, ALWAYS_OPEN),
        (None, "2026-11-28", UNKNOWN_HOURS),
        (None, None, UNKNOWN_HOURS),
        ("point", "2026-11-28T12:00:00+01:00", UNKNOWN_HOURS),
    ],
)
def test_a_locker_whose_hours_are_unsaid_never_shuts(place: str | None, until: str | None, hours: object) -> None:
    there = known(said("ready_for_pickup", place=place, facility=LOCKER, pickup={"from": None, "until": until}))
    assert there.deadlines is not None
    assert there.deadlines.inputs.calendar.hours == hours


def test_a_locker_that_is_filled_on_friday_night_can_be_emptied_on_sunday() -> None:
    friday = datetime(2026, 11, 27, 18, tzinfo=zone("Europe/Warsaw"))
    until = (friday + timedelta(hours=48)).isoformat()
    filled = said("ready_for_pickup", facility=LOCKER, pickup={"from": friday.isoformat(), "until": until})
    waiting = known(filled, as_of=friday)
    assert waiting.deadlines is not None
    assert (waiting.deadlines.safe_collect_by, waiting.deadlines.anomalies) == (date(2026, 11, 29), ())


def test_only_a_change_of_the_picture_or_of_its_days_is_news() -> None:
    then, later = known(notice(1)), known(notice(1), as_of=NOON + timedelta(days=2))
    assert not later.differs(then)
    assert known(notice(1), said("delivered", hours=1)).differs(then)
    assert known(notice(1, pickup={"from": None, "until": "2026-12-03"})).differs(then)
