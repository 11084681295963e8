"""What follows from accepted events: who is told what, who is not and why, and which planned news became untrue."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel
from app.domain.decision import (
    FUTURE_TOLERANCE,
    POLICY,
    TELLS,
    Hold,
    News,
    Notify,
    Planned,
    Suppress,
    expires_at,
    is_from_the_future,
    plan,
    tells,
)
from app.domain.event import Event
from app.domain.notification import Notification, Status
from app.domain.recipient import Recipient
from app.domain.shipment import RANK, Milestone, makes_untrue, milestone_of, reason_not_to_tell
from app.evidence.fact import EncodedFact
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.shipments import lock_shipments
from app.usecases.end_chain import cancelled
from app.usecases.record_facts import FactSheet, new_fact_sheet

# A notification that has not left, and what the event that planned it said of its shipment.
Waiting = tuple[Notification, Milestone]

# The first kind that anybody is told about: nothing before it can overtake planned news.
_FIRST_TOLD_RANK = RANK["notice_left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """An event that is being kept, under our id and its owner's key.

    `milestone` is what it says about its shipment, reduced to what decisions need; `shipments` is how facts seal them.
    """

    id: UUID
    event: Event
    record: RecipientRecord
    milestone: Milestone
    shipments: bytes | None = field(repr=False)
    shipment_index: bytes | None = field(repr=False)

    @property
    def status(self) -> str:
        """`accepted`, or `quarantined` when nobody can interpret it."""
        return "quarantined" if self.event.quarantine else "accepted"


def keeping(tx: Tx, event: Event, record: RecipientRecord, *, new_id: UUID) -> Keeping:
    """The event under that id, for that owner."""
    return Keeping(
        id=new_id,
        event=event,
        record=record,
        milestone=milestone_of(event),
        shipments="\n".join(sorted(event.shipments)).encode() or None,
        shipment_index=event_store.shipment_index(tx, event.operator, event.shipments[0])
        if len(event.shipments) == 1
        else None,
    )


async def new_planning(tx: Tx, kept: Sequence[Keeping], *, now: datetime, surroundings: Surroundings) -> "Planning":
    """Read (and lock, where it may change) everything that the decisions about these events depend on."""
    moving = {item.shipment_index for item in kept if item.shipment_index and _matters(item)}
    overtaking = {item.shipment_index for item in kept if item.shipment_index and _may_overtake(item)}
    if moving:
        await lock_shipments(tx, moving)
    milestones = await event_store.milestones(tx, moving) if moving else {}
    own = {item.id for item in kept}  # known of a shipment is what was known before: no event is news against itself
    for index, known in milestones.items():  # what a wrong clock dates into the future overtakes nothing
        milestones[index] = [one for one in known if one.effective_at <= now + FUTURE_TOLERANCE and one.id not in own]
    waiting: dict[bytes | None, list[Waiting]] = defaultdict(list)
    for notification, about in await outbox.waiting_of_shipments(tx, overtaking) if overtaking else ():
        waiting[notification.shipment_index].append((notification, about))
    return Planning(
        now=now,
        surroundings=surroundings,
        sheet=await new_fact_sheet(tx, surroundings),
        known=milestones,
        waiting=waiting,
    )


def _matters(item: Keeping) -> bool:
    """Whether others of its shipment matter to it: it tells somebody, or ends what was to be told."""
    return item.milestone.kind in TELLS or _may_overtake(item)


def _may_overtake(item: Keeping) -> bool:
    rank = RANK.get(item.milestone.kind, -1)
    return rank > _FIRST_TOLD_RANK or (item.milestone.ordinal or 0) > 1


@dataclass(slots=True, kw_only=True)
class Planning:
    """Decides about events one after the other, so that later ones in the same list see the earlier."""

    now: datetime
    surroundings: Surroundings
    sheet: FactSheet
    known: dict[bytes, list[Milestone]]
    waiting: dict[bytes | None, list[Waiting]]
    _planned: dict[UUID, list[Notification]] = field(default_factory=dict)
    _cancelled: dict[UUID, Notification] = field(default_factory=dict)

    def keep(self, item: Keeping) -> None:
        """Record the event, end planned news that it makes untrue, and plan the news that it is."""
        event_fact = self._record_event(item)
        if item.status == "quarantined":
            return
        if is_from_the_future(item.event, received_at=self.now):
            self._record_anomaly(item, "future_time")
            return
        self._cancel_untrue(item)
        self._plan(item, event_fact)
        if item.shipment_index:
            self.known.setdefault(item.shipment_index, []).append(item.milestone)

    def planned_for(self, event: UUID) -> list[Notification]:
        """The notifications of one event of this list, as they stand."""
        return [self._cancelled.get(n.id, n) for n in self._planned.get(event, [])]

    async def write(self, tx: Tx) -> None:
        """Write notifications and facts."""
        new = {n.id: n for event in self._planned for n in self.planned_for(event)}
        await outbox.insert_all(tx, list(new.values()))
        await outbox.save_all(tx, [n for n in self._cancelled.values() if n.id not in new])
        await self.sheet.write(tx)

    def _record_event(self, item: Keeping) -> bytes:
        event = item.event
        encoded = self.sheet.record(
            f"event.{item.status}",
            at=self.now,
            recipient=item.record.id,
            key=item.record.key,
            data={
                "operator": event.operator,
                "event": item.id,
                "event_type": event.type,
                "event_time": event.time,
                "received_at": self.now,
            },
            sealed={
                "event": event.canonical,
                "shipment": item.shipments,
                "recipient": event.recipient.encode() if event.recipient else None,
            },
        )
        return encoded.leaf

    def _record_anomaly(self, item: Keeping, code: str) -> None:
        self.sheet.record(
            "shipment.anomaly",
            at=self.now,
            recipient=item.record.id,
            key=item.record.key,
            data={"code": code, "detected_at": self.now},
            sealed={"shipment": item.shipments},
        )

    def _cancel_untrue(self, item: Keeping) -> None:
        still_true = []
        for notification, about in self.waiting.pop(item.shipment_index, ()):
            if reason := makes_untrue(item.milestone, about):
                self._cancelled[notification.id] = cancelled(self.sheet, notification, reason, at=self.now)
            else:
                still_true.append((notification, about))
        if still_true:
            self.waiting[item.shipment_index] = still_true

    def _plan(self, item: Keeping, event_fact: bytes) -> None:
        recipient = item.record.recipient
        if recipient is None:
            return
        known = self.known.get(item.shipment_index, []) if item.shipment_index else []
        against = reason_not_to_tell(item.milestone, known)
        if not tells(item.event):
            return
        until = expires_at(item.event, known=None, received_at=self.now)
        untold = dict.fromkeys(Channel, against) if against else {}
        news = News(kind=item.milestone.kind, expires_at=until, untold_because=untold)
        for decision in plan(news, recipient, now=self.now):
            notification = self._notification(item, recipient, decision, event_fact, until)
            self._planned.setdefault(item.id, []).append(notification)
            if notification.status in {Status.HELD, Status.QUEUED}:
                self.waiting.setdefault(item.shipment_index, []).append((notification, item.milestone))

    def _notification(
        self, item: Keeping, recipient: Recipient, planned: Planned, event_fact: bytes, until: datetime
    ) -> Notification:
        status, reason, not_before = _standing(planned)
        notification = self.surroundings.new_id()
        opening = self._open_chain(notification, item, recipient, planned, event_fact)
        return Notification(
            id=notification,
            operator=item.event.operator,
            event=item.id,
            kind=item.milestone.kind,
            channel=planned.channel,
            purpose=planned.purpose,
            recipient=recipient.id,
            contact=planned.contact.id if planned.contact else None,
            shipment_index=item.shipment_index,
            status=status,
            reason=reason if status is Status.SUPPRESSED else None,
            created_at=self.now,
            not_before=not_before,
            expires_at=until,
            due_at=None if status is Status.SUPPRESSED else not_before or self.now,
            chain_length=1,
            chain_leaf=opening.leaf,
        )

    def _open_chain(
        self, notification: UUID, item: Keeping, recipient: Recipient, planned: Planned, event_fact: bytes
    ) -> EncodedFact:
        status, reason, not_before = _standing(planned)
        consent = planned.consent
        return self.sheet.open_chain(
            notification,
            _OPENING_FACT[status],
            at=self.now,
            recipient=recipient.id,
            key=item.record.key,
            data={
                "operator": item.event.operator,
                "kind": item.milestone.kind,
                "channel": planned.channel,
                "purpose": planned.purpose,
                "reason": reason,
                "not_before": not_before,
                "event_facts": [event_fact.hex()],
                "consent_fact": consent.sealed_fact if consent else None,
                "consent_version": consent.sealed_version if consent else None,
                "policy": POLICY,
                "legal_regime": item.event.legal_regime,
            },
            sealed={
                "contact": planned.contact.value.encode() if planned.contact else None,
                "recipient": recipient.name.encode(),
                "shipment": item.shipments,
            },
        )


_OPENING_FACT = {
    Status.QUEUED: "notification.planned",
    Status.HELD: "notification.held",
    Status.SUPPRESSED: "notification.suppressed",
}


def _standing(planned: Planned) -> tuple[Status, str | None, datetime | None]:
    match planned.decision:
        case Notify():
            return Status.QUEUED, None, None
        case Hold(until=until):
            return Status.HELD, "quiet_hours", until
        case Suppress(reason=reason):
            return Status.SUPPRESSED, reason, None
