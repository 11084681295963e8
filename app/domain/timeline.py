"""Everything that happened to one shipment, in one list, and what its answer says beside it. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from app.domain.calendar import at_local, local_day
from app.domain.channel import Channel
from app.domain.deadline import Deadlines, deadlines, second_notice_overdue_on
from app.domain.decision import Hold as HeldBack
from app.domain.decision import News, Suppress, plan
from app.domain.event import Event
from app.domain.names import is_name
from app.domain.notification import WAITING, Attempt, Notification
from app.domain.receipt import Receipt
from app.domain.recipient import Recipient
from app.domain.record_time import local_record_time
from app.domain.reminder import Reminder, last_moment
from app.domain.review import still_to_come
from app.domain.shipment import Milestone, corrections, without_future
from app.domain.stay import Known, known_of

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


Entry = EventEntry | NotificationEntry | AttemptEntry | ReceiptEntry

# Of several things of one moment, what leads to the others comes first.
_PRECEDENCE: Mapping[type[Entry], int] = {EventEntry: 0, NotificationEntry: 1, AttemptEntry: 2, ReceiptEntry: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Entries, the oldest first; `truncated` says that there were older ones."""

    entries: tuple[Entry, ...]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a shipment that does not fit together, and since when that is known."""

    code: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Coming:
    """A message that will be sent by itself: on which local day, of which kind, on which channel."""

    on: date
    kind: str
    channel: Channel


def timeline(entries: Iterable[Entry], *, limit: int = ENTRIES_MAX) -> Timeline:
    """The newest `limit` entries in order."""
    ordered = sorted(entries, key=_order)
    return Timeline(entries=tuple(ordered[-limit:]), truncated=len(ordered) > limit)


def _order(entry: Entry) -> tuple[datetime, int, UUID]:
    match entry:
        case EventEntry(id=own) | ReceiptEntry(id=own):
            pass
        case NotificationEntry(notification=it) | AttemptEntry(attempt=it):
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


def as_it_stands(known: Iterable[Milestone], *, now: datetime) -> Known:
    """Where a shipment stands; the deadlines of an item that does not wait any more as they were when it stopped.

    So they do not move any more. What a wrong clock dates into the future counts for nothing until then.
    """
    milestones = without_future(known, now=now)
    present = known_of(milestones, as_of=now)
    ended_at = present.picture.ended_at
    return present if ended_at is None else known_of(milestones, as_of=ended_at)


def in_the_dark(known: Iterable[Milestone]) -> set[UUID]:
    """The corrections that take back what nobody reported, as far as is known by now."""
    milestones = list(known)
    keys = {one.key for one in milestones}
    return {one.id for one in milestones if one.kind == "corrected" and one.id and one.corrects not in keys}


def findings(recorded: Iterable[tuple[str, datetime]], known: Known) -> list[Finding]:
    """Each code once, since it was first recorded; what the deadlines show and nobody has recorded yet comes with it.

    The earliest come first.
    """
    since: dict[str, datetime] = {}
    for code, detected_at in recorded:
        since[code] = min(detected_at, since.get(code, detected_at))
    for code in known.deadlines.anomalies if known.deadlines else ():
        since.setdefault(code, _shows_since(code, known))
    return sorted(
        (Finding(code=code, since=at) for code, at in since.items()), key=lambda each: (each.since, each.code)
    )


def _shows_since(code: str, known: Known) -> datetime:
    """The event, or the beginning of the day, from which on the deadlines show it."""
    stay, shown = known.stay, known.deadlines
    if stay is None or shown is None:
        raise ValueError("what never waited has no deadlines")
    if code == "second_notice_early" and stay.second_notice_at:
        return stay.second_notice_at
    if code == "second_notice_missing" and shown.second_notice_expected_on:
        return at_local(second_notice_overdue_on(shown.second_notice_expected_on), time())
    first = local_day(stay.since)
    days = range((shown.inputs.as_of - first).days)
    showing = bisect_left(days, True, key=lambda day: code in _as_of(shown, first + timedelta(days=day)).anomalies)
    return max(stay.since, at_local(first + timedelta(days=showing), time()))


def _as_of(shown: Deadlines, day: date) -> Deadlines:
    return deadlines(replace(shown.inputs, as_of=day))


def coming(
    known: Known, recipient: Recipient, told: Iterable[Notification], *, sms_told: int, now: datetime
) -> set[Coming]:
    """What one person will still be sent about an item by itself, as things stand.

    That is reminders that are not held back any more and have not left, and each that is to come, on the channels on
    which the person could get it now. `told` are their notifications about the item.
    """
    notifications = list(told)
    released = {
        Coming(on=local_day(n.not_before or now), kind=n.kind, channel=n.channel)
        for n in notifications
        if n.step and n.status in WAITING and not n.waits_for_its_day
    }
    if known.deadlines is None:
        return released
    later = still_to_come(known, notifications, sms_told=sms_told, now=now)
    return released.union(*(_sendings(each, known.deadlines, recipient, now=now) for each in later))


def _sendings(reminder: Reminder, shown: Deadlines, recipient: Recipient, *, now: datetime) -> set[Coming]:
    due_at, ends_at = max(reminder.due_at, now), last_moment(shown)
    until = ends_at or due_at
    news = News(kind=reminder.kind, expires_at=until, channels=reminder.channels, last_moment=ends_at)
    decided = [(each.channel, each.decision) for each in plan(news, recipient, now=due_at)]
    return {
        Coming(
            on=local_day(decision.until if isinstance(decision, HeldBack) else due_at),
            kind=reminder.kind,
            channel=channel,
        )
        for channel, decision in decided
        if not isinstance(decision, Suppress)
    }
