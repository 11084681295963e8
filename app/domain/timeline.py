"""Everything that happened to one shipment, in one list. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.names import is_name
from app.domain.notification import Attempt, Notification
from app.domain.receipt import Receipt
from app.domain.record_time import local_record_time
from app.domain.shipment import Milestone, corrections
from app.domain.statement import Statement
from app.domain.support import SupportAct

# An answer holds no more entries of a timeline than this; the newest count.
ENTRIES_MAX = 1000

_CODE = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What of an event's content everybody may read who reads about its shipment: codes and the operator's own ids.

    `facility` is an id, `recipient` the operator's name for the person, `recorded_at` when the operator's own record
    says that it happened: evidence, beside the time that counts. What is no code is left out: it may be a sentence
    about somebody.
    """

    reason: str | None = None
    stage: str | None = None
    facility: str | None = None
    recipient: str | None = field(default=None, repr=False)
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """An event that was reported, at the time at which it says that it happened.

    `corrects` is the event that it takes back, `corrected_by` the one that takes it back. `quarantine` says why nobody
    could interpret it.
    """

    at: datetime
    id: UUID
    type: str
    mapped_type: str | None
    status: str
    quarantine: str | None
    received_at: datetime
    ordinal: int | None
    code: str | None
    said: Said = Said()
    corrects: UUID | None = None
    corrected_by: UUID | None = None

    @property
    def lag_seconds(self) -> int:
        """How much later it arrived than it says that it happened; negative when it claims a time to come."""
        return (self.received_at - self.at) // timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationEntry:
    """A message that was planned, or that it was decided not to send."""

    notification: Notification
    recipient: str | None = field(default=None, repr=False)

    @property
    def at(self) -> datetime:
        """When it was planned."""
        return self.notification.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEntry:
    """One try to hand a message to a provider."""

    attempt: Attempt
    channel: Channel

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.attempt.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEntry:
    """What a provider reported later about an attempt. `late`: the notification's chain was closed by then."""

    id: UUID
    attempt: Attempt
    receipt: Receipt
    received_at: datetime
    late: bool

    @property
    def at(self) -> datetime:
        """When it arrived."""
        return self.received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """What somebody who got a notification said about it."""

    statement: Statement

    @property
    def at(self) -> datetime:
        """When it was said."""
        return self.statement.made_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportEntry:
    """What support did about the shipment, its messages or its people.

    `recipient` is the operator's name for the person whom it was about, `reference` that of the complaint.
    """

    act: SupportAct
    recipient: str | None = field(default=None, repr=False)
    reference: str | None = field(default=None, repr=False)

    @property
    def at(self) -> datetime:
        """When it was done."""
        return self.act.done_at


Entry = EventEntry | NotificationEntry | AttemptEntry | ReceiptEntry | StatementEntry | SupportEntry

# Of several things of one moment, what leads to the others comes first.
_PRECEDENCE: Mapping[type[Entry], int] = {
    EventEntry: 0,
    NotificationEntry: 1,
    AttemptEntry: 2,
    ReceiptEntry: 3,
    StatementEntry: 4,
    SupportEntry: 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Entries, the oldest first; `truncated` says that there were older ones."""

    entries: tuple[Entry, ...]
    truncated: bool


def timeline(entries: Iterable[Entry], *, limit: int = ENTRIES_MAX) -> Timeline:
    """The newest `limit` entries in order."""
    ordered = sorted(entries, key=_order)
    return Timeline(entries=tuple(ordered[-limit:]), truncated=len(ordered) > limit)


def _order(entry: Entry) -> tuple[datetime, int, UUID]:
    match entry:
        case EventEntry(id=own) | ReceiptEntry(id=own):
            pass
        case (
            NotificationEntry(notification=it)
            | AttemptEntry(attempt=it)
            | StatementEntry(statement=it)
            | SupportEntry(act=it)
        ):
            own = it.id
    return entry.at, _PRECEDENCE[type(entry)], own


def said_by(event: Event) -> Said:
    """What may be read of an event that was understood."""
    return Said(
        reason=_code(event.reason),
        stage=_code(event.stage),
        facility=event.facility.id if event.facility else None,
        recipient=event.recipient,
        recorded_at=_recorded_at(event.record.time) if event.record else None,
    )


def said_in(data: Mapping[str, object]) -> Said:
    """The same of an event's `data` as it was posted, whatever stands in it."""
    facility, raw = data.get("facility"), data.get("raw")
    return Said(
        reason=_code(data.get("reason")),
        stage=_code(data.get("stage")),
        facility=_name(facility.get("id")) if isinstance(facility, dict) else None,
        recipient=_name(data.get("recipient")),
        recorded_at=_recorded_at(raw.get("time")) if isinstance(raw, dict) else None,
    )


def _recorded_at(value: object) -> datetime | None:
    return local_record_time(value) if isinstance(value, str) else None


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and is_name(value) else None


def with_corrections(entries: Iterable[EventEntry], known: Iterable[Milestone]) -> list[EventEntry]:
    """The entries, each saying which event it takes back and which takes it back, as far as either still stands."""
    milestones = list(known)
    ids = {one.key: one.id for one in milestones}
    corrected_by = {ids.get(key): one.id for key, one in corrections(milestones).items()}
    corrects = {by: event for event, by in corrected_by.items()}
    return [
        replace(entry, corrects=corrects.get(entry.id), corrected_by=corrected_by.get(entry.id)) for entry in entries
    ]
