"""Accept events: dedupe, keep, decide, plan – one transaction for any number of events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.domain.decision import TELLS
from app.domain.event import AREA_INCIDENT_KINDS, Event
from app.domain.notification import Notification
from app.domain.shipment import milestone_of
from app.domain.vocabulary import Vocabularies
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.events import AcceptedEvent, NewEvent
from app.storage.incidents import Progress
from app.storage.recipients import NOBODY, RecipientRecord
from app.usecases.keep_incidents import keep_incidents, lock_incidents
from app.usecases.plan_notifications import Keeping, Planning
from app.usecases.read_codes import ReadEvent, Reading
from app.usecases.record_facts import new_fact_sheet, sealed_shipments
from app.usecases.shipment_history import read_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer for one event. `status` is accepted, duplicate or quarantined.

    An incident of an area is told to people later: `plan` is how far that is, None for all other events.
    """

    event: UUID
    status: str
    mapped_type: str | None
    notifications: tuple[Notification, ...]
    plan: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Another event with other content holds the same operator, source and id. Nothing was kept."""


Answer = Accepted | Conflict


async def accept_events(
    tx: Tx, events: Sequence[Event], *, surroundings: Surroundings, vocabularies: Vocabularies
) -> list[Answer]:
    """One answer for each event, in order. Everything is in `tx`: nothing is promised before it commits.

    `vocabularies` give the operators' own codes their meaning.

    Equal keys inside `events` count like repeats: the first is accepted, later ones are duplicates or conflicts.
    """
    keys = [event_store.dedupe_key(tx, event) for event in events]
    known = await event_store.by_dedupe_keys(tx, set(keys))
    firsts: dict[bytes, int] = {}
    for index, key in enumerate(keys):
        if key not in known:
            firsts.setdefault(key, index)
    fresh = {key: events[index] for key, index in firsts.items()}
    accepted = await _take(tx, fresh, surroundings, vocabularies) if fresh else {}
    if lost := fresh.keys() - accepted.keys():  # somebody else committed the same key a moment earlier
        known |= await event_store.by_dedupe_keys(tx, lost)
    told = await _told(tx, known.values()) if known else _Told()
    return [
        _repeat(tx, events[index], known[key], told)
        if key in known
        else _fresh(events[index], fresh[key], accepted[key], is_first=firsts[key] == index)
        for index, key in enumerate(keys)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What became of events that were accepted before: their notifications, and how far incidents were told."""

    notifications: Mapping[UUID, Sequence[Notification]] = field(default_factory=dict)
    plans: Mapping[UUID, Progress] = field(default_factory=dict)


async def _told(tx: Tx, known: Iterable[AcceptedEvent]) -> _Told:
    known = list(known)
    incidents = [each.id for each in known if each.kind in AREA_INCIDENT_KINDS]  # whose notifications can be many
    others = [each.id for each in known if each.kind not in AREA_INCIDENT_KINDS]
    return _Told(
        notifications=await outbox.by_events(tx, others) if others else {},
        plans=await incident_store.progress(tx, incidents) if incidents else {},
    )


def _repeat(tx: Tx, event: Event, before: AcceptedEvent, told: _Told) -> Answer:
    if before.content_mac and before.content_mac != event_store.content_mac(tx, event):  # empty once erased
        return Conflict()
    return Accepted(
        event=before.id,
        status="duplicate",
        mapped_type=before.mapped_type,
        notifications=tuple(told.notifications.get(before.id, ())),
        plan=told.plans.get(before.id),
    )


def _fresh(event: Event, first: Event, answer: Accepted, *, is_first: bool) -> Answer:
    if is_first:
        return answer
    return replace(answer, status="duplicate") if event.canonical == first.canonical else Conflict()


async def _take(
    tx: Tx, fresh: Mapping[bytes, Event], surroundings: Surroundings, vocabularies: Vocabularies
) -> dict[bytes, Accepted]:
    """Keep the events whose key is still free, and everything that follows from them."""
    shipments = {key: shipment_index_of(tx, event) for key, event in fresh.items()}
    named = await _owners(tx, fresh.values(), surroundings)
    misinformed = await _misinformed(tx, fresh, shipments, vocabularies)
    records = {key: misinformed.get(key) or named[_owner(event)] for key, event in fresh.items()}
    people = {record.id: record.key for record in records.values()}
    news = [(index, fresh[key]) for key, index in shipments.items() if index]
    history = await read_history(tx, {index for index, _ in news}, people, news=news)
    await lock_incidents(tx, fresh.values())
    now = surroundings.clock()  # after the locks: no fact is older than what it names
    history = history.as_of(now)
    reading = Reading(tx=tx, vocabularies=vocabularies, known=history.known)
    keepings = {
        key: keeping_of(
            reading.read(event, shipments[key], key),
            records[key],
            shipment_index=shipments[key],
            own_id=surroundings.new_id(),
            key=key,
            received_at=now,
        )
        for key, event in fresh.items()
    }
    won = await event_store.insert_new(tx, [new_event_of(item) for item in keepings.values()])
    sheet = await new_fact_sheet(tx, surroundings)
    planning = Planning(now=now, surroundings=surroundings, sheet=sheet, history=history)
    for item in keepings.values():
        if item.id in won:
            planning.keep(item)
    await planning.write(tx)
    plans = await keep_incidents(tx, planning.incidents)
    return {key: _accepted(item, planning, plans) for key, item in keepings.items() if item.id in won}


async def _misinformed(
    tx: Tx, fresh: Mapping[bytes, Event], shipments: Mapping[bytes, bytes | None], vocabularies: Vocabularies
) -> dict[bytes, RecipientRecord]:
    """Whom corrections concern that name nobody, by their keys: who was named by the events that they take back."""
    nameless = {key: shipments[key] for key, event in fresh.items() if event.recipient is None and shipments[key]}
    nameless = {key: index for key, index in nameless.items() if vocabularies.may_correct(fresh[key])}
    if not nameless:
        return {}
    known = await event_store.milestones(tx, {index for index in nameless.values() if index}, {})
    reading = Reading(tx=tx, vocabularies=vocabularies, known=known)
    aims = {key: reading.read(fresh[key], index, key).corrects for key, index in nameless.items()}
    owners = {one.key: one.recipient for milestones in known.values() for one in milestones}
    people = {key: person for key, aim in aims.items() if aim and (person := owners.get(aim))}
    records = await recipient_store.by_ids(tx, people.values(), lock=True)
    return {key: records[person] for key, person in people.items() if person in records}


def shipment_index_of(tx: Tx, event: Event) -> bytes | None:
    """The index of the one shipment that the event is about; None for none, and for incidents of areas."""
    if event.incident is not None or len(event.shipments) != 1:
        return None
    return event_store.shipment_index(tx, event.operator, event.shipments[0])


def keeping_of(
    read: ReadEvent,
    record: RecipientRecord,
    *,
    shipment_index: bytes | None,
    own_id: UUID,
    key: bytes,
    received_at: datetime,
    replayed: bool = False,
) -> Keeping:
    """The event of that dedupe key as it is kept under our own id; `record` is of the person whom it names."""
    milestone = replace(
        milestone_of(read.event),
        id=own_id,
        key=key,
        corrects=read.corrects,
        told=record.recipient is not None,
        recipient=record.id,
    )
    return Keeping(
        id=own_id,
        event=read.event,
        record=record,
        milestone=milestone,
        shipments=sealed_shipments(read.event),
        shipment_index=shipment_index,
        received_at=received_at,
        replayed=replayed,
    )


def _accepted(item: Keeping, planning: Planning, plans: Mapping[UUID, Progress]) -> Accepted:
    return Accepted(
        event=item.id,
        status=item.status,
        mapped_type=item.event.mapped_type,
        notifications=tuple(planning.planned_for(item.id)),
        plan=plans.get(item.id),
    )


def new_event_of(item: Keeping) -> NewEvent:
    """The same as it is written."""
    return NewEvent(
        id=item.id,
        event=item.event,
        status=item.status,
        received_at=item.received_at,
        recipient=item.record.id,
        key=item.record.key,
        dedupe_key=item.milestone.key,
        shipment_index=item.shipment_index,
        tells=item.milestone.kind in TELLS,
        told=item.milestone.told,
        corrects=item.milestone.corrects,
    )


def _owner(event: Event) -> tuple[str, str]:
    return event.operator, event.recipient or NOBODY


async def _owners(
    tx: Tx, events: Iterable[Event], surroundings: Surroundings
) -> dict[tuple[str, str], RecipientRecord]:
    names = sorted({_owner(event) for event in events})
    while True:
        new_ids = (surroundings.new_id() for _ in names)
        records = await recipient_store.ensure(tx, names, now=surroundings.clock(), new_ids=new_ids)
        if len(records) == len(names):
            return records
        # Somebody made a record and somebody else erased it between two of our statements.
