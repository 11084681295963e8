"""What follows from accepted events: who is told what, who is not and why, and which planned news became untrue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.decision import TELLS, News, expires_at, is_from_the_future, plan, tells
from app.domain.event import Event
from app.domain.notification import UNTOLD, WAITING, Notification, Status
from app.domain.reminder import SMS_PER_ITEM_MAX, last_moment
from app.domain.shipment import (
    STAY_KINDS,
    TERM_KINDS,
    WAITING_KINDS,
    Milestone,
    corrections,
    makes_untrue,
    reason_not_to_tell,
)
from app.domain.stay import Known, PersonalStay
from app.ports import Surroundings
from app.storage import anomalies as anomaly_store
from app.storage import notifications as outbox
from app.storage import stays as stay_store
from app.storage.anomalies import Anomaly
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.end_chain import cancelled, let_others_speak
from app.usecases.note_anomaly import note_anomaly
from app.usecases.open_notification import Subject, open_notification, standing_of
from app.usecases.record_facts import FactSheet
from app.usecases.shipment_history import History

# What has left, or may have: whoever got it knows the news.
_TOLD = frozenset({Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """An event that is being kept, under our id and its owner's key.

    `milestone` is what it says about its shipment, reduced to what decisions need; `shipments` is how facts seal them.
    `replayed`: it was received earlier and set aside then.
    """

    id: UUID
    event: Event
    record: RecipientRecord
    milestone: Milestone
    shipments: bytes | None = field(repr=False)
    shipment_index: bytes | None = field(repr=False)
    received_at: datetime
    replayed: bool = False

    @property
    def status(self) -> str:
        """`accepted`, or `quarantined` when nobody can interpret it."""
        return "quarantined" if self.event.quarantine else "accepted"


@dataclass(slots=True, kw_only=True)
class Planning:
    """Decides about events one after the other, so that later ones in the same list see the earlier.

    `incidents` collects those of areas, each with the leaf hash of its fact: people are told of them afterwards.
    """

    now: datetime
    surroundings: Surroundings
    sheet: FactSheet
    history: History
    incidents: list[tuple[Keeping, bytes]] = field(default_factory=list)
    _planned: dict[UUID, list[Notification]] = field(default_factory=dict)
    _cancelled: dict[UUID, Notification] = field(default_factory=dict)
    _anomalies: list[Anomaly] = field(default_factory=list)
    _stays: dict[tuple[bytes, UUID], tuple[PersonalStay, RecipientRecord]] = field(default_factory=dict)
    _have_waited: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Remember which shipments had waited before: whatever is heard of those may change somebody's plan."""
        known = self.history.known.items()
        self._have_waited = frozenset(index for index, many in known if any(one.kind in WAITING_KINDS for one in many))

    def keep(self, item: Keeping) -> None:
        """Record the event, end planned news that it makes untrue, plan the news that it is, and note what waits."""
        event_fact = self._record_event(item)
        if item.status == "quarantined":
            return
        if is_from_the_future(item.event, received_at=item.received_at):
            self._note_anomaly(item, "future_time")
            return
        if item.event.incident is not None:
            self.incidents.append((item, event_fact))
            return
        before = list(self.history.known.get(item.shipment_index, ())) if item.shipment_index else []
        if item.event.correction and item.milestone.corrects not in {one.key for one in before}:
            self._note_anomaly(item, "correction_without_target")
        if item.milestone.key not in corrections(before):  # what was taken back before it came makes nothing untrue
            self._cancel_untrue(item)
        known = None
        if item.shipment_index:
            self.history.known.setdefault(item.shipment_index, []).append(item.milestone)
            if item.milestone.kind in STAY_KINDS:
                known = self.history.known_of(item.shipment_index, as_of=self.now)
        self._tell(item, event_fact, before, known)
        if known is not None:
            self._keep_stay(item, event_fact, known)

    def planned_for(self, event: UUID) -> list[Notification]:
        """The notifications of one event of this list, as they stand."""
        return [self._cancelled.get(n.id, n) for n in self._planned.get(event, [])]

    async def write(self, tx: Tx) -> None:
        """Write notifications, stays, anomalies and facts."""
        new = {n.id: n for event in self._planned for n in self.planned_for(event)}
        await outbox.insert_all(tx, list(new.values()))
        await outbox.save_all(tx, [n for n in self._cancelled.values() if n.id not in new])
        await self._write_stays(tx)
        await let_others_speak(tx, self._cancelled.values(), now=self.now)
        await anomaly_store.insert_all(tx, self._anomalies)
        await self.sheet.write(tx)

    def _record_event(self, item: Keeping) -> bytes:
        event = item.event
        encoded = self.sheet.record(
            "event.replayed" if item.replayed else f"event.{item.status}",
            at=self.now,
            recipient=item.record.id,
            key=item.record.key,
            data={
                "operator": event.operator,
                "event": item.id,
                "event_type": event.type,
                "event_time": event.time,
                "received_at": item.received_at,
            },
            sealed={
                "event": event.canonical,
                "shipment": item.shipments,
                "recipient": event.recipient.encode() if event.recipient else None,
            },
        )
        return encoded.leaf

    def _note_anomaly(self, item: Keeping, code: str) -> None:
        self._anomalies.append(
            note_anomaly(
                self.sheet,
                code,
                item.record,
                new_id=self.surroundings.new_id(),
                shipment_index=item.shipment_index,
                shipments=item.shipments,
                event=item.id,
                now=self.now,
            )
        )

    def _cancel_untrue(self, item: Keeping) -> None:
        if item.shipment_index is None:
            return
        still_true = []
        for notification, about in self.history.waiting.pop(item.shipment_index, ()):
            if reason := makes_untrue(item.milestone, about):
                self._cancelled[notification.id] = cancelled(self.sheet, notification, reason, at=self.now)
            else:
                still_true.append((notification, about))
        if still_true:
            self.history.waiting[item.shipment_index] = still_true

    def _tell(self, item: Keeping, event_fact: bytes, before: Sequence[Milestone], known: Known | None) -> None:
        recipient = item.record.recipient
        if recipient is None or not tells(item.event):
            return
        channels = self._misinformed(item) if item.event.correction else None
        if channels == ():
            return
        deadlines = known.deadlines if known and item.milestone.kind in TERM_KINDS else None
        against = reason_not_to_tell(item.milestone, before)
        news = News(
            kind=item.milestone.kind,
            expires_at=expires_at(item.event, known=deadlines, received_at=item.received_at),
            channels=channels,
            untold_because=dict.fromkeys(Channel, against) if against else self._spent(item),
            silenced=self._silenced(item),
            last_moment=last_moment(deadlines) if deadlines else None,
        )
        subject = Subject(
            operator=item.event.operator,
            source=item.event.source,
            kind=news.kind,
            event=item.id,
            event_fact=event_fact,
            shipment_index=item.shipment_index,
            shipments=item.shipments,
            legal_regime=item.event.legal_regime,
            expires_at=news.expires_at,
            facility=_facility(item.event, known),
            courier=item.event.notice.courier if item.event.notice else None,
        )
        for planned in plan(news, recipient, now=self.now):
            notification = open_notification(
                self.sheet,
                subject,
                item.record,
                planned,
                standing_of(planned, now=self.now),
                new_id=self.surroundings.new_id(),
                now=self.now,
            )
            self._remember(item, notification)

    def _remember(self, item: Keeping, notification: Notification) -> None:
        self._planned.setdefault(item.id, []).append(notification)
        if item.shipment_index is None:
            return
        self.history.told.setdefault(item.shipment_index, []).append(notification)
        if notification.status in WAITING:
            self.history.waiting.setdefault(item.shipment_index, []).append((notification, item.milestone))

    def _told_about(self, item: Keeping) -> list[Notification]:
        """What this person was, or is to be, told about the item's shipment."""
        told = self.history.told.get(item.shipment_index, ()) if item.shipment_index else ()
        return [self._cancelled.get(n.id, n) for n in told if n.recipient == item.record.id]

    def _silenced(self, item: Keeping) -> Collection[UUID]:
        """The contact points of this person at which the item was said not to be for them."""
        return self.history.silenced.get((item.shipment_index, item.record.id), ()) if item.shipment_index else ()

    def _misinformed(self, item: Keeping) -> tuple[Channel, ...]:
        """The channels on which this person was told what the correction takes back."""
        known = self.history.known.get(item.shipment_index, ()) if item.shipment_index else ()
        wrong = {one.id for one in known if one.key and one.key == item.milestone.corrects}
        told = {n.channel for n in self._told_about(item) if n.event in wrong and n.status in _TOLD}
        return tuple(channel for channel in Channel if channel in told)

    def _spent(self, item: Keeping) -> dict[Channel, str]:
        """No more SMS about one item than a person can bear; e-mail goes on."""
        telling = TELLS[item.milestone.kind]
        if telling.purpose is not Purpose.DELIVERY:
            return {}
        told = self._told_about(item)
        if item.milestone.kind not in TERM_KINDS:
            # Who was reminded as often as may be is told all the same that it does not wait any more.
            told = [n for n in told if n.step is None]
        sent = sms_told(told)
        return {Channel.SMS: "rate_limited"} if sent >= SMS_PER_ITEM_MAX else {}

    def _keep_stay(self, item: Keeping, event_fact: bytes, known: Known) -> None:
        """Note what waits for a person, and have their plan looked at at once."""
        if item.shipment_index is None or item.record.recipient is None:
            return
        place = item.shipment_index, item.record.id
        before = self._stays[place][0] if place in self._stays else self.history.stays.get(place)
        if before is None and (item.event.correction or known.stay is None):
            return  # an item that was said to wait and never did is kept: what tells of that must not say that it waits
        speaks = before is None or not item.event.correction
        stay = PersonalStay(
            id=before.id if before else self.surroundings.new_id(),
            operator=item.event.operator,
            shipment_index=item.shipment_index,
            recipient=item.record.id,
            event=item.id if speaks or before is None else before.event,
            event_fact=event_fact if speaks or before is None else before.event_fact,
            review_at=self.now,
            changed_at=self.now,
            known=known,
        )
        self._stays[place] = stay, item.record

    async def _write_stays(self, tx: Tx) -> None:
        before = self.history.stays
        keys = {record.id: record.key for _, record in self._stays.values()}
        new = [stay for place, (stay, _) in self._stays.items() if place not in before]
        changed = [stay for place, (stay, _) in self._stays.items() if place in before]
        await stay_store.insert_all(tx, new, keys)
        await stay_store.keep_former(
            tx,
            [
                (self.surroundings.new_id(), before[place])
                for place, (stay, _) in self._stays.items()
                if place in before and before[place].known.differs(stay.known)
            ],
            keys,
        )
        await stay_store.save_all(tx, changed, keys)
        if self._have_waited:
            await stay_store.review_soon(tx, self._have_waited, now=self.now)


def _facility(event: Event, known: Known | None) -> str | None:
    """The id of the place that an event names, else of the one at which its item waits."""
    place = event.facility or (known.stay.facility if known and known.stay else None)
    return place.id if place else None


def sms_told(told: Sequence[Notification]) -> int:
    """How many SMS one contact point got, or is getting, about an item that waits, also one with others.

    What is held for its day is not counted.
    """
    sms = [n.contact for n in told if n.channel is Channel.SMS and n.purpose is Purpose.DELIVERY and _goes_out(n)]
    return max((sms.count(contact) for contact in set(sms)), default=0)


def _goes_out(notification: Notification) -> bool:
    goes_out = notification.status not in UNTOLD and not notification.waits_for_its_day
    return goes_out or notification.merged_into is not None
