"""What support does, and about which notifications it may do something. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.channel import Purpose
from app.domain.notification import UNTOLD, Attempt, AttemptStatus, Notification, Status


class Act(StrEnum):
    """What support did, as the evidence log (`support.acted`) and timelines name it."""

    RESENT = "resent"
    CONTACT_CORRECTED = "contact_corrected"
    COMPLAINT_ATTACHED = "complaint_attached"
    COMPLAINT_ANSWERED = "complaint_answered"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportAct:
    """One act: by whom (the id of an API key, or `console`), when, and what it was about.

    Without a shipment and a notification it is about the person. `made` is the notification that it made, `fact_leaf`
    the leaf hash of its `support.acted`, which alone holds the reason.
    """

    id: UUID
    operator: str
    recipient: UUID
    act: Act
    actor: str
    done_at: datetime
    shipment_index: bytes | None = field(default=None, repr=False)
    notification: UUID | None = None
    made: UUID | None = None
    complaint: UUID | None = None
    fact_leaf: bytes = field(repr=False)


# Why a message was suppressed that may have been put right since: contact, consent, pause and limits are asked anew.
_MENDABLE = frozenset(
    {"no_contact_point", "contact_disabled", "unverified", "no_consent", "opted_out", "paused", "rate_limited"}
)


def reason_not_to_resend(
    notification: Notification, attempts: Sequence[Attempt], *, speaker: Notification | None = None
) -> str | None:
    """Why a notification is not sent again whatever else is known, or None when it certainly reached nobody.

    `service_message` (codes are asked for anew), `under_way`, `told`, `unknown`: nobody can tell whether a provider
    took it, so that another copy might be the second. So is what failed after an attempt of which nothing is known.
    `expired`, or why it was cancelled or suppressed, where that cannot be mended. `merged`: `speaker`, which spoke for
    it, too, did not fail.
    """
    if notification.purpose is Purpose.SERVICE:
        return "service_message"
    match notification.status:
        case Status.CANCELLED:
            return notification.reason or "superseded"
        case Status.SUPPRESSED if notification.reason == "merged":
            return None if speaker is not None and speaker.status in UNTOLD else "merged"
        case Status.SUPPRESSED if notification.reason not in _MENDABLE:
            return notification.reason or "superseded"
        case Status.SUPPRESSED | Status.FAILED:
            return "unknown" if _may_have_left(notification, attempts) else None
        case other:
            return _NOT_ENDED_SO[other]


_NOT_ENDED_SO = {
    Status.HELD: "under_way",
    Status.QUEUED: "under_way",
    Status.SENDING: "under_way",
    Status.SENT: "told",
    Status.DELIVERED: "told",
    Status.UNKNOWN: "unknown",
    Status.EXPIRED: "expired",
}


def _may_have_left(notification: Notification, attempts: Sequence[Attempt]) -> bool:
    """Whether one of its attempts ended nobody knows how; after a recovery also one of which there is no row."""
    return notification.attempts != len(attempts) or any(each.status is AttemptStatus.UNKNOWN for each in attempts)
