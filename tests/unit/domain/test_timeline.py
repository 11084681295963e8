"""Where a shipment stands, what does not fit together, what is to come and what happened, in whatever order it came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel
from app.domain.event import LegalRegime
from app.domain.findings import findings, in_the_dark
from app.domain.notification import Attempt, AttemptStatus
from app.domain.receipt import Receipt, ReceiptStatus
from app.domain.shipment import Milestone
from app.domain.stay import as_it_stands
from app.domain.timeline import (
    AttemptEntry,
    Entry,
    EventEntry,
    NotificationEntry,
    ReceiptEntry,
    Said,
    said_by,
    said_in,
    timeline,
    with_corrections,
)
from tests.builders import NOON, event
from tests.unit.domain.reported import FIRST, IDS, at, correction, happened, known, notice, notification


def entry(of: Milestone) -> EventEntry:
    assert of.id is not None
    assert of.event is not None
    return EventEntry(
        at=of.effective_at,
        id=of.id,
        type=of.event.type,
        mapped_type=None,
        status="accepted",
        quarantine=None,
        received_at=of.effective_at + timedelta(minutes=2),
        ordinal=of.ordinal,
        code=of.code,
    )


STORIES = (
    (FIRST,),
    (FIRST, notice(2, days=8)),
    (FIRST, notice(2, days=5), happened("delivered", days=6)),
    (happened("in_transit", days=-2), FIRST, happened("pickup_expired", days=15), happened("returned", days=16)),
    (FIRST, happened("delivered", days=1), correction(happened("delivered", days=1), days=2)),
    (happened("ready_for_pickup"), happened("ready_for_pickup", number=2, pickup={"until": "2026-11-30"})),
    (FIRST, correction(FIRST, days=0), notice(1, days=1, number=2, legal_regime="kpc")),
)


def one_of_each(moment: datetime) -> list[Entry]:
    """What one moment can hold, in the order in which it leads from one to the next."""
    attempt = Attempt(
        id=IDS, notification=IDS, number=1, provider="twilio", status=AttemptStatus.ACCEPTED, code=None,
        started_at=moment, ended_at=moment,
    )  # fmt: skip
    receipt = Receipt(
        attempt=IDS, provider="twilio", status=ReceiptStatus.DELIVERED, code="delivered", via="callback", signature="ok"
    )
    return [
        replace(entry(FIRST), at=moment),
        NotificationEntry(notification=notification(created_at=moment)),
        AttemptEntry(attempt=attempt, channel=Channel.SMS),
        ReceiptEntry(id=IDS, attempt=attempt, receipt=receipt, received_at=moment, late=False),
    ]


@given(story=st.sampled_from(STORIES), data=st.data(), days=st.integers(0, 30))
def test_events_come_to_the_same_in_whatever_order_they_come(
    story: Sequence[Milestone], data: st.DataObject, days: int
) -> None:
    shuffled = data.draw(st.permutations(story))
    now = at(days)
    assert as_it_stands(shuffled, now=now) == as_it_stands(story, now=now)
    assert findings([], as_it_stands(shuffled, now=now)) == findings([], as_it_stands(story, now=now))
    told = timeline(with_corrections(map(entry, story), story))
    assert timeline(with_corrections(map(entry, shuffled), shuffled)) == told


def test_of_what_never_waited_only_the_state_is_known() -> None:
    for story, state in (([happened("in_transit")], "in_transit"), ([], None)):
        found = as_it_stands(story, now=at(1))
        assert (found.picture.state, found.deadlines, findings([], found)) == (state, None, [])


def test_what_a_wrong_clock_dates_into_the_future_counts_for_nothing_until_then() -> None:
    story = [FIRST, happened("delivered", days=3)]
    assert as_it_stands(story, now=at(1)).picture.state == "notice_left"
    assert as_it_stands(story, now=at(3)).picture.state == "delivered"


@pytest.mark.parametrize("later", [4, 40, 400])
def test_the_deadlines_of_what_was_collected_stay_as_they_were_then(later: int) -> None:
    story = [FIRST, happened("delivered", days=3)]
    found = as_it_stands(story, now=at(later))
    assert found == as_it_stands(story, now=at(3))
    assert findings([], found) == []


def test_a_later_stray_event_moves_no_deadline_of_what_was_collected() -> None:
    story = [FIRST, happened("delivered", days=3)]
    stray = happened("in_transit", days=30)
    assert as_it_stands([*story, stray], now=at(31)).deadlines == as_it_stands(story, now=at(31)).deadlines


def test_an_item_that_went_back_unclaimed_keeps_the_day_that_people_were_told() -> None:
    told = as_it_stands([FIRST], now=at(1)).deadlines
    after = as_it_stands([FIRST, happened("pickup_expired", days=15)], now=at(20)).deadlines
    assert told
    assert after
    assert after.safe_collect_by == told.safe_collect_by == date(2026, 12, 7)


def test_a_correction_and_what_it_takes_back_name_each_other() -> None:
    taken_back = happened("delivered", days=1)
    by = correction(taken_back, days=2)
    entries = with_corrections(map(entry, [FIRST, taken_back, by]), [FIRST, taken_back, by])
    assert [(each.corrects, each.corrected_by) for each in entries] == [
        (None, None),
        (None, by.id),
        (taken_back.id, None),
    ]


def test_a_correction_that_was_taken_back_itself_takes_nothing_back() -> None:
    wrong = correction(FIRST, days=1)
    back = correction(wrong, days=2, number=2)
    entries = with_corrections(map(entry, [FIRST, wrong, back]), [FIRST, wrong, back])
    assert [(each.corrects, each.corrected_by) for each in entries] == [(None, None), (None, back.id), (wrong.id, None)]


def test_a_correction_of_what_was_never_reported_names_nothing_until_it_is() -> None:
    collected = happened("delivered")
    early = correction(collected, days=1)
    assert [each.corrects for each in with_corrections([entry(early)], [early])] == [None]
    assert in_the_dark([early, FIRST]) == {early.id}
    assert in_the_dark([early, FIRST, collected]) == set()


@pytest.mark.parametrize(("minutes", "lag"), [(0, 0), (2, 120), (-30, -1800)])
def test_the_lag_is_what_lies_between_the_time_of_an_event_and_its_arrival(minutes: int, lag: int) -> None:
    assert replace(entry(FIRST), received_at=NOON + timedelta(minutes=minutes)).lag_seconds == lag


@given(st.permutations([*one_of_each(NOON), *one_of_each(NOON + timedelta(seconds=1))]))
def test_the_oldest_comes_first_and_what_leads_to_the_others_before_them(entries: list[Entry]) -> None:
    assert list(timeline(entries).entries) == [*one_of_each(NOON), *one_of_each(NOON + timedelta(seconds=1))]


@pytest.mark.parametrize(("limit", "kept", "truncated"), [(3, 3, True), (4, 4, False), (5, 4, False)])
def test_of_too_many_entries_the_newest_stay(limit: int, kept: int, *, truncated: bool) -> None:
    found = timeline(one_of_each(NOON), limit=limit)
    assert (list(found.entries), found.truncated) == (one_of_each(NOON)[-kept:], truncated)


def test_of_an_event_codes_and_the_operators_own_ids_may_be_read() -> None:
    posted = replace(event(), reason="nobody_home", stage="at_facility")
    assert said_by(posted) == Said(
        reason="nobody_home", stage="at_facility", facility="UP-00-032", recipient="customer-4711"
    )


def test_what_is_no_code_may_be_a_sentence_about_somebody_and_is_left_out() -> None:
    assert said_by(replace(event(), reason="Jan Nowak did not open", stage="Jan")) == said_by(event())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, Said()),
        ({"raw": {"time": "2026-11-23T11:42:00"}}, Said(recorded_at=datetime(2026, 11, 23, 10, 42, tzinfo=UTC))),
        ({"raw": {"time": "Monday"}}, Said()),
        ({"raw": "2026-11-23T11:42:00"}, Said()),
        ({"stage": "sorted", "reason": "peak"}, Said(stage="sorted", reason="peak")),
        ({"facility": {"id": "UP-1", "name": "UP"}, "recipient": "c-1"}, Said(facility="UP-1", recipient="c-1")),
        ({"stage": 7, "reason": ["x"], "facility": "UP", "recipient": {"name": "Jan"}}, Said()),
        ({"stage": "Sorted by Jan", "facility": {"id": 1}, "recipient": "Jan Nowak, Targowa 1"}, Said()),
    ],
)
def test_whatever_stands_in_an_event_that_nobody_understood_only_codes_are_taken(
    data: dict[str, object], expected: Said
) -> None:
    assert said_in(data) == expected


def test_an_item_of_unknown_law_shows_every_date_that_may_count() -> None:
    first = known(replace(event(), legal_regime=None))
    found = as_it_stands([first], now=NOON).deadlines
    assert found
    assert found.regime is LegalRegime.UNKNOWN
    assert {each.regime for each in found.candidates} == {LegalRegime.KPA, LegalRegime.KPC, LegalRegime.POSTAL}
