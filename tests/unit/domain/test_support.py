"""About which notifications support may do something: what certainly reached nobody."""

from dataclasses import replace

import pytest

from app.domain.channel import Purpose
from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.support import reason_not_to_resend
from tests.unit.domain.people import NOON, contact, on_its_way


def ended(status: Status, reason: str | None = None, *, attempts: int = 0) -> Notification:
    return replace(on_its_way(contact()), status=status, reason=reason, attempts=attempts)


def attempt(number: int, status: AttemptStatus) -> Attempt:
    told = on_its_way(contact())
    return Attempt(
        id=told.id,
        notification=told.id,
        number=number,
        provider="twilio",
        status=status,
        code=None,
        started_at=NOON,
        ended_at=NOON,
    )


@pytest.mark.parametrize(
    ("status", "reason", "against"),
    [
        (Status.FAILED, None, None),
        (Status.SUPPRESSED, "no_contact_point", None),
        (Status.SUPPRESSED, "contact_disabled", None),
        (Status.SUPPRESSED, "unverified", None),
        (Status.SUPPRESSED, "no_consent", None),
        (Status.SUPPRESSED, "opted_out", None),
        (Status.SUPPRESSED, "paused", None),
        (Status.SUPPRESSED, "rate_limited", None),
        (Status.SUPPRESSED, "stale", "stale"),
        (Status.SUPPRESSED, "superseded", "superseded"),
        (Status.SUPPRESSED, "duplicate_content", "duplicate_content"),
        (Status.SUPPRESSED, "destination_not_allowed", "destination_not_allowed"),
        (Status.SUPPRESSED, "merged", "merged"),
        (Status.CANCELLED, "collected", "collected"),
        (Status.CANCELLED, "erased", "erased"),
        (Status.EXPIRED, None, "expired"),
        (Status.UNKNOWN, None, "unknown"),
        (Status.UNKNOWN, "restored", "unknown"),
        (Status.HELD, None, "under_way"),
        (Status.QUEUED, None, "under_way"),
        (Status.SENDING, None, "under_way"),
        (Status.SENT, None, "told"),
        (Status.DELIVERED, None, "told"),
    ],
)
def test_each_end_says_whether_somebody_may_have_got_it(
    status: Status, reason: str | None, against: str | None
) -> None:
    assert reason_not_to_resend(ended(status, reason), []) == against


@pytest.mark.parametrize(
    ("speaker", "against"),
    [(Status.FAILED, None), (Status.EXPIRED, None), (Status.SENT, "merged"), (Status.UNKNOWN, "merged")],
)
def test_what_another_one_spoke_for_is_told_when_that_one_reached_nobody(speaker: Status, against: str | None) -> None:
    merged = ended(Status.SUPPRESSED, "merged")
    assert reason_not_to_resend(merged, [], speaker=ended(speaker)) == against


@pytest.mark.parametrize(
    ("fates", "counted", "against"),
    [
        ([AttemptStatus.REFUSED], 1, None),
        ([AttemptStatus.NOT_SENT, AttemptStatus.REFUSED], 2, None),
        ([AttemptStatus.UNKNOWN, AttemptStatus.REFUSED], 2, "unknown"),
        ([AttemptStatus.REFUSED], 2, "unknown"),
    ],
)
def test_a_failure_is_definite_only_if_each_attempt_was(
    fates: list[AttemptStatus], counted: int, against: str | None
) -> None:
    attempts = [attempt(number, fate) for number, fate in enumerate(fates, start=1)]
    assert reason_not_to_resend(ended(Status.FAILED, attempts=counted), attempts) == against


@pytest.mark.parametrize("status", list(Status))
def test_messages_about_the_service_are_never_sent_again(status: Status) -> None:
    code = replace(ended(status), purpose=Purpose.SERVICE, kind="confirmation")
    assert reason_not_to_resend(code, []) == "service_message"
