"""Which closures of the place at which an item waits leave nothing to be done about its reminders."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import DEFAULT_TIME_ZONE, zone
from app.domain.event import Outage
from app.domain.notification import Status
from app.domain.review import moves_plan, review, still_to_come
from app.domain.stay import Known, as_it_stands, as_touched
from tests.builders import NOON
from tests.unit.domain.reported import FIRST, at, happened, notification

WAITING = as_it_stands([FIRST], now=NOON)  # a letter of Monday 23 November, to be collected by Monday 7 December


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(DEFAULT_TIME_ZONE))


def shut(starts: datetime, until: datetime | None, *, now: datetime = NOON) -> Known:
    outage = Outage(starts=starts, until=until, reason=None)
    return as_touched(WAITING.picture, as_of=now, touched=lambda place: replace(place, outages=(outage,)))


def test_a_closure_between_two_reminders_moves_nothing() -> None:
    after = shut(local("2026-11-24"), local("2026-11-25"))
    assert after.differs(WAITING)
    assert not moves_plan(WAITING, after, now=NOON)


@pytest.mark.parametrize(
    ("starts", "until"),
    [
        (local("2026-12-03"), local("2026-12-09")),
        (local("2026-12-04"), local("2026-12-05")),
        (local("2026-12-07T12:00"), local("2026-12-08")),
        (local("2026-11-24"), None),
    ],
    ids=["the last day", "the eve", "hours of the last day", "all days"],
)
def test_a_closure_of_a_day_that_counts_moves_the_plan(starts: datetime, until: datetime | None) -> None:
    assert moves_plan(WAITING, shut(starts, until), now=NOON)
    assert moves_plan(shut(starts, until), WAITING, now=NOON)


def test_what_became_overdue_on_a_shut_day_is_looked_at_when_the_place_opens_again() -> None:
    now = local("2026-11-26T12:00")
    assert moves_plan(shut(local("2026-11-26"), local("2026-11-27"), now=now), as_it_stands([FIRST], now=now), now=now)


def test_what_does_not_wait_any_more_is_looked_at() -> None:
    gone = as_it_stands([FIRST, happened("delivered", days=1)], now=at(2))
    assert moves_plan(WAITING, gone, now=at(2))


HOURS = st.integers(min_value=0, max_value=24 * 20)


@given(starts=HOURS, lasts=HOURS, now=HOURS)
def test_a_review_finds_nothing_to_do_about_a_plan_that_is_not_moved(starts: int, lasts: int, now: int) -> None:
    moment = NOON + timedelta(hours=now)
    before = as_it_stands([FIRST], now=moment)
    after = shut(NOON + timedelta(hours=starts), NOON + timedelta(hours=starts + lasts), now=moment)
    held = [
        notification(
            status=Status.HELD,
            kind=one.kind,
            step=one.step,
            channel=channel,
            collect_by=one.collect_by,
            not_before=one.due_at,
        )
        for one in still_to_come(before, (), sms_told=0, now=moment)[:1]
        for channel in one.channels
    ]
    if not moves_plan(before, after, now=moment):
        assert review(after, held, sms_told=0, now=moment) == review(before, held, sms_told=0, now=moment)
