"""What an outcome or a receipt makes of a notification. Pure: the use cases only write down what this says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.notification import FINAL, Attempt, AttemptStatus, Failure, Notification, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.receipt import ReceiptStatus
from app.domain.retry import next_try

CLOSES_AFTER = timedelta(hours=72)
RESEND_WAIT_MAX_SECONDS = 120.0
_NOT_TRIED_AGAIN = frozenset({"message", "consent"})
ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where attempt and notification stand after an outcome; `end_fact` is what ends the chain here, if it does.

    `resent`: whether the one re-send of an unknown message has been made, None where there was none to make.
    """

    attempt_status: AttemptStatus
    status: Status
    due_at: datetime | None
    reason: str | None = None
    failure: Failure | None = None
    end_fact: str | None = None
    resent: bool | None = None

    @property
    def attempt_fact(self) -> str:
        """The type of the fact that tells what became of the attempt."""
        return f"attempt.{self.attempt_status}"


def settle(notification: Notification, outcome: Outcome, *, now: datetime, jitter: float) -> Settlement:
    """What `outcome` of the present attempt means; `jitter` in [0, 1) spreads retries."""
    if isinstance(outcome, Accepted | Unknown):
        return _rests(outcome, now)
    if notification.resent:
        return _still_unknown(notification, outcome, now=now, jitter=jitter)
    return _did_not_leave(notification, outcome, now=now, jitter=jitter)


def _did_not_leave(
    notification: Notification, outcome: Refused | NotSent, *, now: datetime, jitter: float
) -> Settlement:
    match outcome:
        case Refused(permanence=Permanence.PERMANENT):
            return _ends(AttemptStatus.REFUSED, Status.FAILED, failure=Failure.PERMANENT)
        case NotSent(stage="message"):
            return _ends(AttemptStatus.NOT_SENT, Status.FAILED, failure=Failure.TECHNICAL)
        case NotSent(stage="consent", code=reason):
            status = Status.CANCELLED if reason == ERASED else Status.SUPPRESSED
            return _ends(AttemptStatus.NOT_SENT, status, reason=reason)
        case Refused(retry_after_seconds=wait):
            return _again(notification, AttemptStatus.REFUSED, wait=wait, now=now, jitter=jitter)
        case NotSent(retry_after_seconds=wait):
            return _again(notification, AttemptStatus.NOT_SENT, wait=wait, now=now, jitter=jitter)
        case _:
            assert_never(outcome)


def _rests(outcome: Accepted | Unknown, now: datetime) -> Settlement:
    """Accepted: nothing more to do but to wait for reports. Unknown: somebody must follow it up, from now on."""
    if isinstance(outcome, Accepted):
        return Settlement(attempt_status=AttemptStatus.ACCEPTED, status=Status.SENT, due_at=now + CLOSES_AFTER)
    return Settlement(attempt_status=AttemptStatus.UNKNOWN, status=Status.UNKNOWN, due_at=now)


def _still_unknown(
    notification: Notification, outcome: Refused | NotSent, *, now: datetime, jitter: float
) -> Settlement:
    """A message was to be sent once more and did not leave: of the first attempt we know as little as before.

    What was refused for good, may not be sent any more, or would have to wait too long, is not tried again.
    """
    final = (
        outcome.stage in _NOT_TRIED_AGAIN
        or (isinstance(outcome, Refused) and outcome.permanence is Permanence.PERMANENT)
        or (outcome.retry_after_seconds or 0.0) > RESEND_WAIT_MAX_SECONDS
    )
    again = next_try(
        channel=notification.channel,
        attempts=notification.attempts,
        first_due_at=now,
        now=now,
        retry_after_seconds=outcome.retry_after_seconds,
        jitter=jitter,
    )
    return Settlement(
        attempt_status=AttemptStatus.REFUSED if isinstance(outcome, Refused) else AttemptStatus.NOT_SENT,
        status=Status.UNKNOWN,
        due_at=now if final else again or now,
        resent=final,
    )


def _ends(
    attempt_status: AttemptStatus, status: Status, *, reason: str | None = None, failure: Failure | None = None
) -> Settlement:
    return Settlement(
        attempt_status=attempt_status,
        status=status,
        due_at=None,
        reason=reason,
        failure=failure,
        end_fact=f"notification.{status}",
    )


def _again(
    notification: Notification, attempt_status: AttemptStatus, *, wait: float | None, now: datetime, jitter: float
) -> Settlement:
    """Try again, unless the channel's time or the news itself runs out first."""
    moment = next_try(
        channel=notification.channel,
        attempts=notification.attempts,
        first_due_at=notification.not_before or notification.created_at,
        now=now,
        retry_after_seconds=wait,
        jitter=jitter,
    )
    if moment is None:
        return _ends(attempt_status, Status.FAILED, failure=Failure.TEMPORARY)
    if moment >= notification.expires_at:
        return _ends(attempt_status, Status.EXPIRED)
    return Settlement(attempt_status=attempt_status, status=Status.QUEUED, due_at=moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEffect:
    """What a receipt does: facts to write in order, and where attempt and notification then stand."""

    facts: tuple[str, ...]
    attempt_status: AttemptStatus
    status: Status
    due_at: datetime | None
    failure: Failure | None
    late: bool


def closes_at(attempt: Attempt, now: datetime) -> datetime:
    """When the chain is closed if nothing more is heard of the attempt."""
    return (attempt.ended_at or now) + CLOSES_AFTER


def reconcile(attempt: Attempt, *, failed: bool, now: datetime) -> ReceiptEffect:
    """The effect of finding the unknown message with its provider; `failed`: which could not deliver it."""
    return ReceiptEffect(
        facts=("notification.failed",) if failed else (),
        attempt_status=AttemptStatus.ACCEPTED,
        status=Status.FAILED if failed else Status.SENT,
        due_at=None if failed else closes_at(attempt, now),
        failure=Failure.PERMANENT if failed else None,
        late=False,
    )


def is_closed(notification: Notification) -> bool:
    """Whether the notification's chain has ended: later reports are kept but change nothing."""
    return notification.status in FINAL or (
        notification.status in {Status.SENT, Status.UNKNOWN} and notification.due_at is None
    )


def is_late(notification: Notification, status: ReceiptStatus) -> bool:
    """Whether a report tells of an end when the chain has ended already."""
    return is_closed(notification) and status is not ReceiptStatus.PROGRESS


def waits_for_outcome(notification: Notification) -> bool:
    """Whether reports must wait: an attempt is under way, and its own outcome comes first.

    Also reports on an older attempt wait, else the chain could end before the one under way has its outcome.
    """
    return notification.status is Status.SENDING


def apply_receipt(
    notification: Notification, attempt: Attempt, status: ReceiptStatus, *, now: datetime
) -> ReceiptEffect:
    """The effect of a report; never a step backwards.

    A report carries our attempt's id, so it shows that the provider took the message: an unknown attempt, or one
    that we believed not sent, is reconciled by it.
    """
    if is_closed(notification):
        late = is_late(notification, status)
        return ReceiptEffect(
            facts=("receipt.late",) if late else (),
            attempt_status=attempt.status,
            status=notification.status,
            due_at=notification.due_at,
            failure=notification.failure,
            late=late,
        )
    reconciled = () if attempt.status is AttemptStatus.ACCEPTED else ("attempt.reconciled",)
    if status is ReceiptStatus.FAILED and attempt.number < notification.attempts:  # a newer attempt may yet succeed
        return ReceiptEffect(
            facts=(*reconciled, "receipt.failed"),
            attempt_status=AttemptStatus.ACCEPTED,
            status=notification.status,
            due_at=notification.due_at,
            failure=None,
            late=False,
        )
    ends, stands, failure = _REPORTED[status]
    due_at = None
    if stands is Status.SENT:
        due_at = notification.due_at if notification.status is Status.SENT else closes_at(attempt, now)
    return ReceiptEffect(
        facts=(*reconciled, *ends),
        attempt_status=AttemptStatus.ACCEPTED,
        status=stands,
        due_at=due_at,
        failure=failure,
        late=False,
    )


_REPORTED: Mapping[ReceiptStatus, tuple[tuple[str, ...], Status, Failure | None]] = {
    ReceiptStatus.PROGRESS: ((), Status.SENT, None),
    ReceiptStatus.DELIVERED: (("receipt.delivered", "notification.closed"), Status.DELIVERED, None),
    ReceiptStatus.FAILED: (("receipt.failed", "notification.failed"), Status.FAILED, Failure.PERMANENT),
}
