"""When a contact point is not written to any more, because messages to it keep failing. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.merge import ContactDisabled, Merged
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient

HARD_FAILURES_MAX = 3

BOUNCED = "bounced"
HARD_FAILURES = "hard_failures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that failed for the contact point's own sake. `sent_at` is when its attempt started."""

    bounced: bool
    sent_at: datetime


def why_disabled(
    contact: ContactPoint, failures: Iterable[Failure], *, delivered_sent_at: datetime | None
) -> str | None:
    """Why the contact point is disabled, or None while it is not.

    A hard bounce is enough, else it takes three hard failures. What was sent before the contact point was verified
    does not count, nor what was sent before the last message that is known to have been delivered
    (`delivered_sent_at`). Of that message itself both may be told, and the failure is the later word.
    """
    if contact.state is not ContactState.ACTIVE:
        return None
    counted = [
        failure
        for failure in failures
        if failure.sent_at >= contact.changed_at and (delivered_sent_at is None or failure.sent_at >= delivered_sent_at)
    ]
    if any(failure.bounced for failure in counted):
        return BOUNCED
    return HARD_FAILURES if len(counted) >= HARD_FAILURES_MAX else None


def disable(current: Recipient, contact: ContactPoint, *, now: datetime, method: str) -> Merged:
    """The person with that contact point disabled until it is verified again; `method` is a code for why.

    `method` of the contact point keeps saying how it had been verified.
    """
    disabled = replace(contact, state=ContactState.DISABLED, changed_at=now, changed_by=Actor.OPERATOR)
    contacts = tuple(disabled if each.id == contact.id else each for each in current.contact_points)
    return Merged(
        recipient=replace(current, contact_points=contacts),
        acts=(ContactDisabled(contact=disabled, method=method),),
    )
