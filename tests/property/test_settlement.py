"""Outcomes and receipts in any order: nothing steps backwards, and what may have left is never queued again."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.channel import Channel
from app.domain.notification import FINAL, AttemptStatus, Notification, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.receipt import ReceiptStatus
from app.domain.settlement import apply_receipt, is_closed, settle
from tests.unit.domain.people import NOON
from tests.unit.domain.test_settlement import attempt, sending

CODES = st.none() | st.text(max_size=5)
WAITS = st.none() | st.floats(min_value=0, max_value=1e6)
STAGES = st.sampled_from(["message", "consent", "connect", "auth", "response", "process"])
OUTCOMES = st.one_of(
    st.builds(Accepted, provider_id=CODES),
    st.builds(Refused, permanence=st.sampled_from(Permanence), stage=STAGES, code=CODES, retry_after_seconds=WAITS),
    st.builds(NotSent, stage=STAGES, code=CODES, retry_after_seconds=WAITS, pause=st.booleans()),
    st.builds(Unknown, stage=STAGES, code=CODES),
)
ORDER = {Status.QUEUED: 0, Status.UNKNOWN: 0, Status.SENT: 1} | dict.fromkeys(FINAL, 2)
NOTIFICATIONS = st.builds(
    lambda channel, expires, tries: sending(
        channel=channel, expires_at=NOON + timedelta(seconds=expires), attempts=tries
    ),
    st.sampled_from(Channel),
    st.integers(-10, 10**6),
    st.integers(1, 100),
)


@given(notification=NOTIFICATIONS, outcome=OUTCOMES, age=st.integers(0, 10**6), jitter=st.floats(0, 1))
def test_only_what_certainly_did_not_leave_is_tried_again(
    notification: Notification, outcome: Outcome, age: int, jitter: float
) -> None:
    result = settle(notification, outcome, now=NOON + timedelta(seconds=age), jitter=jitter)
    if result.status is Status.QUEUED:
        assert isinstance(outcome, Refused | NotSent)
        assert result.due_at is not None
        assert result.due_at < notification.expires_at


@given(notification=NOTIFICATIONS, outcome=OUTCOMES, age=st.integers(0, 10**6))
def test_an_end_has_its_fact_and_no_further_moment(notification: Notification, outcome: Outcome, age: int) -> None:
    result = settle(notification, outcome, now=NOON + timedelta(seconds=age), jitter=0.5)
    assert (result.end_fact is not None) is (result.status in FINAL)
    assert (result.due_at is None) is (result.status in FINAL)


@given(
    standing=st.sampled_from([Status.QUEUED, Status.UNKNOWN, Status.SENT, *sorted(FINAL)]),
    known=st.sampled_from([AttemptStatus.ACCEPTED, AttemptStatus.UNKNOWN, AttemptStatus.NOT_SENT]),
    reports=st.lists(st.sampled_from(ReceiptStatus), max_size=8),
)
def test_no_sequence_of_reports_ever_moves_a_notification_back(
    standing: Status, known: AttemptStatus, reports: list[ReceiptStatus]
) -> None:
    due_at = None if standing in FINAL else NOON + timedelta(hours=1)
    notification, tried = sending(status=standing, due_at=due_at), attempt(known)
    ended = 0
    for report in reports:
        was_closed = is_closed(notification)
        effect = apply_receipt(notification, tried, report, now=NOON)
        assert ORDER[effect.status] >= ORDER[notification.status]
        assert effect.status is not Status.QUEUED
        if was_closed:
            assert effect.status is notification.status
            assert set(effect.facts) <= {"receipt.late"}
        ended += sum(fact in {"notification.closed", "notification.failed"} for fact in effect.facts)
        notification = replace(notification, status=effect.status, due_at=effect.due_at, failure=effect.failure)
        tried = replace(tried, status=effect.attempt_status)
    assert ended <= 1
