"""What outcomes and receipts make of a notification."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.notification import FINAL, Attempt, AttemptStatus, Failure, Notification, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.receipt import ReceiptStatus
from app.domain.settlement import CLOSES_AFTER, apply_receipt, is_closed, reconcile, settle, waits_for_outcome
from tests.unit.domain.people import NOON

TEMPORARY = Refused(permanence=Permanence.TEMPORARY, stage="response", code="21611")
PERMANENT = Refused(permanence=Permanence.PERMANENT, stage="response", code="21211")
UNREACHED = NotSent(stage="connect", code="refused")
PROGRESS, DELIVERED, FAILED = ReceiptStatus.PROGRESS, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED


def sending(**changes: object) -> Notification:
    notification = Notification(
        id=uuid4(),
        operator="poczta-polska",
        event=uuid4(),
        kind="notice_left",
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        recipient=uuid4(),
        contact=uuid4(),
        status=Status.SENDING,
        created_at=NOON,
        expires_at=NOON + timedelta(days=14),
        due_at=NOON + timedelta(minutes=2),
        lease=uuid4(),
        attempts=1,
        chain_length=2,
        chain_leaf=bytes(32),
    )
    return replace(notification, **changes)  # type: ignore[arg-type]


def attempt(status: AttemptStatus = AttemptStatus.STARTED) -> Attempt:
    return Attempt(
        id=uuid4(),
        notification=uuid4(),
        number=1,
        provider="twilio",
        status=status,
        code=None,
        started_at=NOON,
        ended_at=None,
    )


@pytest.mark.parametrize(
    ("outcome", "attempt_status", "status", "failure", "reason", "end"),
    [
        (Accepted(provider_id="SM1"), "accepted", "sent", None, None, None),
        (Unknown(stage="response", code="timeout"), "unknown", "unknown", None, None, None),
        (PERMANENT, "refused", "failed", "permanent", None, "notification.failed"),
        (NotSent(stage="message", code="address"), "not_sent", "failed", "technical", None, "notification.failed"),
        (NotSent(stage="consent", code="erased"), "not_sent", "cancelled", None, "erased", "notification.cancelled"),
        (NotSent(stage="consent", code="opted_out"), "not_sent", "suppressed", None, "opted_out",
         "notification.suppressed"),
        (TEMPORARY, "refused", "queued", None, None, None),
        (UNREACHED, "not_sent", "queued", None, None, None),
        (NotSent(stage="auth", code="401", pause=True), "not_sent", "queued", None, None, None),
    ],
)  # fmt: skip
def test_what_an_outcome_means(
    outcome: Outcome, attempt_status: str, status: str, failure: str | None, reason: str | None, end: str | None
) -> None:
    result = settle(sending(), outcome, now=NOON, jitter=0.5)
    assert (result.attempt_status, result.status, result.failure) == (attempt_status, status, failure)
    assert (result.reason, result.end_fact) == (reason, end)
    assert result.attempt_fact == f"attempt.{attempt_status}"


def test_what_was_accepted_is_looked_at_again_when_its_chain_closes() -> None:
    accepted = settle(sending(), Accepted(provider_id="SM1"), now=NOON, jitter=0.5)
    assert accepted.due_at == NOON + timedelta(hours=72)


def test_what_is_unknown_is_followed_up_at_once() -> None:
    assert settle(sending(), Unknown(stage="response", code="timeout"), now=NOON, jitter=0.5).due_at == NOON


@pytest.mark.parametrize(
    ("outcome", "due_after", "made"),
    [
        (UNREACHED, timedelta(seconds=2.5), False),
        (TEMPORARY, timedelta(seconds=2.5), False),
        (PERMANENT, timedelta(), True),
        (NotSent(stage="consent", code="opted_out"), timedelta(), True),
        (NotSent(stage="message", code="address"), timedelta(), True),
        (NotSent(stage="response", code="429", retry_after_seconds=90), timedelta(seconds=90), False),
        (NotSent(stage="response", code="429", retry_after_seconds=3600), timedelta(), True),
    ],
)
def test_a_re_send_that_did_not_leave_leaves_the_first_attempt_unknown(
    outcome: Outcome, due_after: timedelta, made: bool
) -> None:
    result = settle(sending(resent=True), outcome, now=NOON, jitter=0.5)
    assert (result.status, result.due_at, result.resent) == (Status.UNKNOWN, NOON + due_after, made)
    assert (result.end_fact, result.failure, result.reason) == (None, None, None)


@pytest.mark.parametrize("outcome", [TEMPORARY, UNREACHED])
def test_what_is_tried_again_waits_for_the_back_off(outcome: Outcome) -> None:
    assert settle(sending(), outcome, now=NOON, jitter=0.5).due_at == NOON + timedelta(seconds=2.5)


@pytest.mark.parametrize("outcome", [TEMPORARY, UNREACHED])
def test_a_retry_after_is_obeyed(outcome: Refused | NotSent) -> None:
    result = settle(sending(), replace(outcome, retry_after_seconds=90.0), now=NOON, jitter=0.5)
    assert result.due_at == NOON + timedelta(seconds=90)


@pytest.mark.parametrize("outcome", [TEMPORARY, UNREACHED])
def test_news_that_expires_before_the_next_try_ends_expired(outcome: Outcome) -> None:
    result = settle(sending(expires_at=NOON + timedelta(seconds=2)), outcome, now=NOON, jitter=0.5)
    assert (result.status, result.failure, result.end_fact) == ("expired", None, "notification.expired")


@pytest.mark.parametrize("outcome", [TEMPORARY, UNREACHED])
def test_a_channel_whose_time_is_used_up_ends_failed_for_now(outcome: Outcome) -> None:
    result = settle(sending(), outcome, now=NOON + timedelta(hours=4), jitter=0.5)
    assert (result.status, result.failure, result.end_fact) == ("failed", "temporary", "notification.failed")


def test_the_time_of_a_held_message_counts_from_the_end_of_the_quiet_hours() -> None:
    held = sending(not_before=NOON + timedelta(hours=10))
    assert settle(held, UNREACHED, now=NOON + timedelta(hours=11), jitter=0.5).status is Status.QUEUED


@pytest.mark.parametrize("status", sorted(Status))
def test_a_chain_is_closed_when_it_is_final_or_its_time_has_passed(status: Status) -> None:
    assert is_closed(sending(status=status)) is (status in FINAL)
    assert is_closed(sending(status=status, due_at=None)) is (status in FINAL | {Status.SENT, Status.UNKNOWN})


@pytest.mark.parametrize(
    ("known", "standing", "report", "facts", "status"),
    [
        ("accepted", "sent", PROGRESS, (), "sent"),
        ("accepted", "sent", DELIVERED, ("receipt.delivered", "notification.closed"), "delivered"),
        ("accepted", "sent", FAILED, ("receipt.failed", "notification.failed"), "failed"),
        ("unknown", "unknown", PROGRESS, ("attempt.reconciled",), "sent"),
        ("unknown", "unknown", DELIVERED, ("attempt.reconciled", "receipt.delivered", "notification.closed"),
         "delivered"),
        ("unknown", "unknown", FAILED, ("attempt.reconciled", "receipt.failed", "notification.failed"), "failed"),
        ("not_sent", "queued", PROGRESS, ("attempt.reconciled",), "sent"),
        ("not_sent", "queued", DELIVERED, ("attempt.reconciled", "receipt.delivered", "notification.closed"),
         "delivered"),
    ],
)  # fmt: skip
def test_a_report_moves_an_open_chain_on(
    known: str, standing: str, report: ReceiptStatus, facts: tuple[str, ...], status: str
) -> None:
    effect = apply_receipt(sending(status=Status(standing)), attempt(AttemptStatus(known)), report, now=NOON)
    assert (effect.facts, effect.status, effect.late) == (facts, status, False)
    assert effect.attempt_status is AttemptStatus.ACCEPTED


def test_a_failed_report_is_a_permanent_failure() -> None:
    effect = apply_receipt(sending(status=Status.SENT), attempt(AttemptStatus.ACCEPTED), FAILED, now=NOON)
    assert (effect.failure, effect.due_at) == (Failure.PERMANENT, None)


def test_progress_does_not_put_off_the_closing() -> None:
    sent = sending(status=Status.SENT, due_at=NOON + timedelta(hours=1))
    effect = apply_receipt(sent, attempt(AttemptStatus.ACCEPTED), PROGRESS, now=NOON)
    assert effect.due_at == NOON + timedelta(hours=1)


def test_what_progress_reconciles_is_looked_at_again_later() -> None:
    waiting = sending(status=Status.QUEUED)
    assert apply_receipt(waiting, attempt(AttemptStatus.NOT_SENT), PROGRESS, now=NOON).due_at == NOON + CLOSES_AFTER
    unknown = sending(status=Status.UNKNOWN, due_at=NOON + timedelta(hours=1))
    ended = replace(attempt(AttemptStatus.UNKNOWN), ended_at=NOON - timedelta(minutes=5))
    assert apply_receipt(unknown, ended, PROGRESS, now=NOON).due_at == NOON - timedelta(minutes=5) + CLOSES_AFTER


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("report", [DELIVERED, FAILED])
def test_a_final_report_to_a_closed_chain_is_late_and_changes_nothing(status: Status, report: ReceiptStatus) -> None:
    closed = sending(status=status, due_at=None, failure=Failure.PERMANENT if status is Status.FAILED else None)
    before = attempt(AttemptStatus.UNKNOWN)
    effect = apply_receipt(closed, before, report, now=NOON)
    assert (effect.facts, effect.late) == (("receipt.late",), True)
    assert (effect.status, effect.failure, effect.due_at) == (closed.status, closed.failure, None)
    assert effect.attempt_status is before.status


@pytest.mark.parametrize("status", sorted(FINAL))
def test_progress_of_a_closed_chain_is_not_even_late(status: Status) -> None:
    effect = apply_receipt(sending(status=status), attempt(AttemptStatus.ACCEPTED), PROGRESS, now=NOON)
    assert (effect.facts, effect.late, effect.status) == ((), False, status)


def test_reports_wait_while_an_attempt_is_under_way() -> None:
    assert waits_for_outcome(sending())
    assert not any(waits_for_outcome(sending(status=status)) for status in set(Status) - {Status.SENDING})


@pytest.mark.parametrize("status", [Status.SENT, Status.QUEUED, Status.UNKNOWN])
def test_a_failed_older_attempt_does_not_end_what_a_newer_one_may_have_done(status: Status) -> None:
    notification = sending(status=status, attempts=2)
    effect = apply_receipt(notification, attempt(AttemptStatus.NOT_SENT), FAILED, now=NOON)
    assert effect.facts == ("attempt.reconciled", "receipt.failed")
    assert (effect.status, effect.due_at, effect.failure) == (status, notification.due_at, None)


def test_what_was_found_with_its_provider_closes_72_hours_after_it_became_unknown() -> None:
    became_unknown = NOON - timedelta(minutes=5)
    ended = replace(attempt(AttemptStatus.UNKNOWN), ended_at=became_unknown)
    effect = reconcile(ended, failed=False, now=NOON)
    assert (effect.facts, effect.status, effect.failure, effect.late) == ((), Status.SENT, None, False)
    assert (effect.attempt_status, effect.due_at) == (AttemptStatus.ACCEPTED, became_unknown + CLOSES_AFTER)


def test_what_its_provider_could_not_deliver_has_failed() -> None:
    effect = reconcile(attempt(AttemptStatus.UNKNOWN), failed=True, now=NOON)
    assert (effect.facts, effect.status, effect.failure) == (
        ("notification.failed",), Status.FAILED, Failure.PERMANENT,
    )  # fmt: skip
    assert (effect.attempt_status, effect.due_at) == (AttemptStatus.ACCEPTED, None)
