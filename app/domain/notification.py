"""A notification: one message of one kind on one channel to one contact point, and the states it passes."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.reminder import Step


class Status(StrEnum):
    """Where a notification stands (contract: notification `status`)."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


WAITING = (Status.HELD, Status.QUEUED)
# What ends so was told to nobody.
UNTOLD = frozenset({Status.SUPPRESSED, Status.CANCELLED, Status.EXPIRED, Status.FAILED})
FINAL = frozenset({Status.DELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED})


class Failure(StrEnum):
    """Why a notification failed for good."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    TECHNICAL = "technical"


class AttemptStatus(StrEnum):
    """What became of one attempt."""

    STARTED = "started"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One notification as the database holds it.

    `chain_length` facts of its chain exist, the last with leaf hash `chain_leaf`; `due_at` is when the worker must
    look at it next (to send it, to give up a lease, to follow up what is unknown, to close its chain), None when
    never again. `looks` counts look-ups that found nothing since the attempt became unknown; `unresolved`: nothing is
    left to look at; `resent`: the one re-send of an unknown message is under way or was made. `step` and `collect_by`
    say which reminder it is, and of which safe day; `merged_into` is the reminder that speaks for this one, too.
    `facility` is the id of the place that it names; `courier` whose notice it tells of and `source` which of the
    operator's systems had it told are known only of what is about to be written: afterwards they can be looked for, not
    read.
    `grade` is what its facts showed at best when they were written, None where nobody noted it: only a hint for
    searches, because what a fact shows is derived from its document.
    """

    id: UUID
    operator: str
    event: UUID | None
    kind: str
    channel: Channel
    purpose: Purpose
    recipient: UUID
    contact: UUID | None
    shipment_index: bytes | None = field(default=None, repr=False)
    status: Status
    reason: str | None = None
    failure: Failure | None = None
    unresolved: bool = False
    created_at: datetime
    not_before: datetime | None = None
    expires_at: datetime
    due_at: datetime | None = None
    lease: UUID | None = None
    attempts: int = 0
    looks: int = 0
    resent: bool = False
    step: Step | None = None
    collect_by: date | None = None
    merged_into: UUID | None = None
    chain_length: int
    chain_leaf: bytes = field(repr=False)
    facility: str | None = field(default=None, repr=False)
    courier: str | None = field(default=None, repr=False)
    source: str | None = field(default=None, repr=False)
    grade: int | None = None

    @property
    def waits_for_its_day(self) -> bool:
        """Whether it is a reminder that nobody has released yet: its day has not come."""
        return self.status is Status.HELD and self.due_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a notification to a provider."""

    id: UUID
    notification: UUID
    number: int
    provider: str
    status: AttemptStatus
    code: str | None
    started_at: datetime
    ended_at: datetime | None
