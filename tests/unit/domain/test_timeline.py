"""Where a shipment stands, what does not fit together, what is to come and what happened, in whatever order it came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel, Purpose
from app.domain.event import Correction, Event, LegalRegime
from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.quiet_hours import QuietHours, QuietRule
from app.domain.receipt import Receipt, ReceiptStatus
from app.domain.reminder import Step
from app.domain.shipment import Milestone, milestone_of
from app.domain.timeline import (
    AttemptEntry,
    Coming,
    Entry,
    EventEntry,
    NotificationEntry,
    ReceiptEntry,
    Said,
    as_it_stands,
    coming,
    findings,
    in_the_dark,
    said_by,
    said_in,
    timeline,
    with_corrections,
)
from tests.builders import FACILITY, NOON, event
from tests.unit.domain.people import consent, contact, person

IDS = UUID("01936c1e-6d40-7a6b-8c11-0f2d3a4b5c6d")
SHUT = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))


def known(of: Event, **changes: Any) -> Milestone:
    """The event as it is kept: under an id and a key that are its own."""
    name = f"{of.source} {of.id}"
    return replace(milestone_of(of), **({"id": uuid5(IDS, name), "key": name.encode()} | changes))


def happened(kind: str, *, days: float = 0, number: int = 1, **data: Any) -> Milestone:
    return known(event(kind, at=NOON + timedelta(days=days), id=f"{kind}-{number}", data=data))


def notice(ordinal: int = 1, *, days: float = 0, number: int = 1, **data: Any) -> Milestone:
    left_at = (NOON + timedelta(days=days)).isoformat()
    return happened("notice_left", days=days, number=number, notice={"ordinal": ordinal, "left_at": left_at}, **data)


def correction(of: Milestone, *, days: float, number: int = 1) -> Milestone:
    """What takes that event back."""
    base = event("in_transit", at=NOON + timedelta(days=days), id=f"correction-{number}")
    corrected = replace(base, type="pl.awizo.delivery.corrected.v1", correction=Correction(action="cancel"))
    return known(corrected, corrects=of.key)


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


FIRST = notice()
STORIES = (
    (FIRST,),
    (FIRST, notice(2, days=8)),
    (FIRST, notice(2, days=5), happened("delivered", days=6)),
    (happened("in_transit", days=-2), FIRST, happened("pickup_expired", days=15), happened("returned", days=16)),
    (FIRST, happened("delivered", days=1), correction(happened("delivered", days=1), days=2)),
    (happened("ready_for_pickup"), happened("ready_for_pickup", number=2, pickup={"until": "2026-11-30"})),
    (FIRST, correction(FIRST, days=0), notice(1, days=1, number=2, legal_regime="kpc")),
)


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


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


def test_a_correction_that_could_be_aimed_at_nothing_stays_in_the_dark() -> None:
    lost = replace(correction(FIRST, days=1), corrects=None)
    assert in_the_dark([FIRST, lost]) == {lost.id}


@pytest.mark.parametrize(("minutes", "lag"), [(0, 0), (2, 120), (-30, -1800)])
def test_the_lag_is_what_lies_between_the_time_of_an_event_and_its_arrival(minutes: int, lag: int) -> None:
    assert replace(entry(FIRST), received_at=NOON + timedelta(minutes=minutes)).lag_seconds == lag


def notification(
    *,
    channel: Channel = Channel.EMAIL,
    status: Status = Status.SENT,
    created_at: datetime = NOON,
    number: int = 0,
    **changes: Any,
) -> Notification:
    values: dict[str, Any] = {
        "id": uuid5(IDS, f"notification {number}"),
        "operator": "poczta-polska",
        "event": FIRST.id,
        "kind": "notice_left",
        "channel": channel,
        "purpose": Purpose.DELIVERY,
        "recipient": IDS,
        "contact": IDS,
        "status": status,
        "created_at": created_at,
        "expires_at": created_at + timedelta(days=1),
        "chain_length": 1,
        "chain_leaf": b"",
    }
    return Notification(**(values | changes))


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


BOTH = person(
    (contact(Channel.SMS), contact(Channel.EMAIL)),
    (consent(Channel.SMS), consent(Channel.EMAIL)),
)
WAITING = as_it_stands([FIRST], now=NOON)
DAYS = [  # of the letter of Monday 23 November, to be collected by Monday 7 December
    Coming(on=date(2026, 11, 26), kind="reminder", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 3), kind="reminder", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 3), kind="reminder", channel=Channel.SMS),
    Coming(on=date(2026, 12, 4), kind="last_day", channel=Channel.EMAIL),
    Coming(on=date(2026, 12, 4), kind="last_day", channel=Channel.SMS),
]


def test_every_reminder_is_to_come_on_each_of_its_channels() -> None:
    assert sorted(coming(WAITING, BOTH, [], sms_told=1, now=NOON)) == DAYS


def test_only_what_the_person_could_get_now_is_to_come() -> None:
    mail_only = person(BOTH.contact_points, (consent(Channel.EMAIL),))
    assert sorted(coming(WAITING, mail_only, [], sms_told=0, now=NOON)) == [
        each for each in DAYS if each.channel is Channel.EMAIL
    ]


def test_a_person_who_agreed_to_nothing_has_nothing_to_come() -> None:
    assert coming(WAITING, person(BOTH.contact_points, ()), [], sms_told=0, now=NOON) == set()


def reminder(status: Status, **changes: Any) -> Notification:
    values: dict[str, Any] = {
        "kind": "reminder",
        "step": Step.FIRST_WINDOW,
        "collect_by": date(2026, 12, 7),
        "not_before": datetime(2026, 11, 26, 9, tzinfo=UTC),
    }
    return notification(status=status, **(values | changes))


def test_a_reminder_that_waits_for_its_day_is_to_come_once() -> None:
    assert sorted(coming(WAITING, BOTH, [reminder(Status.HELD)], sms_told=1, now=NOON)) == DAYS


def test_a_reminder_that_was_sent_is_not_to_come_again() -> None:
    after = at(4)
    assert sorted(coming(WAITING, BOTH, [reminder(Status.SENT)], sms_told=1, now=after)) == DAYS[1:]


def test_a_reminder_that_was_released_and_has_not_left_is_still_to_come() -> None:
    until = datetime(2026, 11, 27, 7, tzinfo=UTC)
    held = reminder(Status.HELD, not_before=until, due_at=until)
    found = sorted(coming(WAITING, BOTH, [held], sms_told=1, now=at(3)))
    assert found == [replace(DAYS[0], on=date(2026, 11, 27)), *DAYS[1:]]


def test_a_reminder_that_waits_for_its_day_is_not_to_come_where_the_person_left_the_channel() -> None:
    left = person(BOTH.contact_points, (consent(Channel.SMS),))
    found = coming(WAITING, left, [reminder(Status.HELD)], sms_told=1, now=NOON)
    assert {each.channel for each in found} == {Channel.SMS}


def test_a_reminder_that_is_overdue_is_to_come_today() -> None:
    assert min(coming(WAITING, BOTH, [], sms_told=1, now=at(4))) == replace(DAYS[0], on=date(2026, 11, 27))


def test_an_sms_that_quiet_hours_hold_back_is_to_come_when_they_end() -> None:
    evenings = QuietHours(rule=QuietRule.OWN, starts=time(16), ends=time(8))
    quiet = replace(BOTH, quiet_hours=evenings)
    assert sorted(coming(WAITING, quiet, [], sms_told=1, now=NOON)) == [
        *DAYS[:-1],
        replace(DAYS[-1], on=date(2026, 12, 5)),
    ]


@pytest.mark.parametrize("kind", ["delivered", "refused", "returned", "pickup_expired"])
def test_nothing_is_to_come_once_an_item_does_not_wait_any_more(kind: str) -> None:
    ended = as_it_stands([FIRST, happened(kind, days=1)], now=at(1))
    assert coming(ended, BOTH, [], sms_told=0, now=at(1)) == set()


def test_nothing_is_to_come_of_what_never_waited() -> None:
    assert coming(as_it_stands([], now=NOON), BOTH, [], sms_told=0, now=NOON) == set()


def test_an_item_of_unknown_law_shows_every_date_that_may_count() -> None:
    first = known(replace(event(), legal_regime=None))
    found = as_it_stands([first], now=NOON).deadlines
    assert found
    assert found.regime is LegalRegime.UNKNOWN
    assert {each.regime for each in found.candidates} == {LegalRegime.KPA, LegalRegime.KPC, LegalRegime.POSTAL}
