"""Events as they were accepted, their dedupe keys, and what is known of a shipment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from pydantic import TypeAdapter
from sqlalchemy import literal_column, select

from app.domain.event import Event
from app.domain.shipment import STAY_KINDS, Milestone, code_of
from app.storage import person_keys
from app.storage.database import Tx
from app.storage.sql import Lookup, insert_rows, one_of
from app.storage.tables import events
from app.storage.vault import PersonKey

_EVENT = TypeAdapter(Event)
# Whom an incident touches is kept in a table of its own.
_NOT_DECODED: Any = {"canonical": True, "incident": {"scope": True}}
_ACCEPTED = select(
    events.c.id,
    events.c.operator,
    events.c.kind,
    events.c.status,
    events.c.mapped_type,
    events.c.received_at,
    events.c.recipient_id,
    events.c.content_mac,
    events.c.dedupe_key,
)
_PRESENT = Lookup(select(events.c.id), events.c.id)
_BY_DEDUPE_KEY = Lookup(_ACCEPTED, events.c.dedupe_key)
_MILESTONES = Lookup(
    select(
        events.c.id,
        events.c.shipment_index,
        events.c.recipient_id,
        events.c.kind,
        events.c.ordinal,
        events.c.effective_at,
        events.c.dedupe_key,
        events.c.code,
        events.c.corrects,
        events.c.told,
        events.c.decoded,
    ).where(events.c.status == literal_column("'accepted'")),
    events.c.shipment_index,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedEvent:
    """One accepted event as the database holds it, without its content."""

    id: UUID
    operator: str
    kind: str
    status: str
    mapped_type: str | None
    received_at: datetime
    recipient: UUID
    content_mac: bytes = field(repr=False)
    dedupe_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event to be kept, its keys and its owner.

    `tells`: a message, or a deadline, may be made from it; `told`: its recipient is registered; `corrects` is the key
    of the event that it takes back.
    """

    id: UUID
    event: Event
    status: str
    received_at: datetime
    recipient: UUID
    key: PersonKey = field(repr=False)
    dedupe_key: bytes = field(repr=False)
    shipment_index: bytes | None = field(repr=False)
    tells: bool
    told: bool
    corrects: bytes | None = field(default=None, repr=False)


def dedupe_key(tx: Tx, event: Event) -> bytes:
    """What makes an event the same event: operator, source and the producer's id."""
    return dedupe_key_of(tx, event.operator, event.source, event.id)


def dedupe_key_of(tx: Tx, operator: str, source: str, name: str) -> bytes:
    """The same, of an event that somebody else names."""
    return tx.vault.index("event", operator, source, name)


def content_mac(tx: Tx, event: Event) -> bytes:
    """A keyed digest of the canonical content, to tell a repeat from a conflict."""
    return tx.vault.mac("event-content", event.canonical)


def shipment_index(tx: Tx, operator: str, shipment: str) -> bytes:
    """The blind index under which everything about one shipment is found."""
    return tx.vault.index("shipment", operator, shipment)


async def insert_new(tx: Tx, new: Sequence[NewEvent]) -> set[UUID]:
    """Insert those whose dedupe key is free and return their ids; the others lost to an equal key."""
    # One order for everybody: two transactions that hold some of the same keys cannot wait for each other.
    ordered = sorted(new, key=lambda item: item.dedupe_key)
    inserted = await insert_rows(tx, events, [_row(tx, item) for item in ordered], unless_taken="dedupe_key")
    ids = {item.id for item in new}
    return ids if inserted == len(ids) else {row.id for row in await _PRESENT.rows(tx, ids)}


def _row(tx: Tx, item: NewEvent) -> dict[str, Any]:
    return {
        **meaning(item),
        "operator": item.event.operator,
        "dedupe_key": item.dedupe_key,
        "content_mac": content_mac(tx, item.event),
        "type": item.event.type,
        "received_at": item.received_at,
        "recipient_id": item.recipient,
        "payload": item.key.seal(item.event.canonical, place=_payload_place(item.id)),
    }


def meaning(item: NewEvent) -> dict[str, Any]:
    """The row's id, and the columns that hold how the event is understood."""
    event = item.event
    decoded = _EVENT.dump_json(event, exclude=_NOT_DECODED) if item.tells else None
    return {
        "id": item.id,
        "mapped_type": event.mapped_type,
        "kind": event.kind,
        "ordinal": event.notice.ordinal if event.notice else None,
        "status": item.status,
        "quarantine": event.quarantine,
        "effective_at": event.effective_at,
        "shipment_index": item.shipment_index,
        "code": code_of(event),
        "corrects": item.corrects,
        "told": item.told,
        "decoded": item.key.seal(decoded, place=_decoded_place(item.id)) if decoded else None,
    }


def open_payload(event: UUID, sealed: bytes, key: PersonKey) -> bytes:
    """The canonical CloudEvent in a row's `payload`. Raises InvalidTag when it is damaged."""
    return key.open(sealed, place=_payload_place(event))


async def by_dedupe_keys(tx: Tx, keys: Iterable[bytes]) -> dict[bytes, AcceptedEvent]:
    """Events accepted before under these keys."""
    rows = await _BY_DEDUPE_KEY.rows(tx, keys)
    return {row.dedupe_key: _accepted_event(row) for row in rows}


async def by_id(tx: Tx, event: UUID) -> AcceptedEvent | None:
    """One accepted event, or None."""
    row = (await tx.execute(_ACCEPTED.where(events.c.id == event))).one_or_none()
    return _accepted_event(row) if row else None


async def of_recipient(tx: Tx, recipient: UUID, *, after: UUID, limit: int) -> list[AcceptedEvent]:
    """Up to `limit` events that name one person, oldest first, after the one with the id `after`."""
    query = _ACCEPTED.where(events.c.recipient_id == recipient, events.c.id > after).order_by(events.c.id).limit(limit)
    return [_accepted_event(row) for row in await tx.execute(query)]


async def payload(tx: Tx, event: UUID, key: PersonKey) -> bytes | None:
    """The canonical CloudEvent, or None once it was erased."""
    sealed = (await tx.execute(select(events.c.payload).where(events.c.id == event))).scalar_one()
    return open_payload(event, sealed, key) if sealed else None


async def decoded(tx: Tx, ids: Iterable[UUID], keys: Mapping[UUID, PersonKey]) -> dict[UUID, Event]:
    """The events with these ids as values, without their canonical bytes and without whom an incident touches.

    `keys` are those of people at hand; of others they are looked up. Events that were erased are left out, and so are
    those that are damaged: they hurt nobody else.
    """
    query = select(events.c.id, events.c.recipient_id, events.c.decoded)
    rows = await tx.execute(query.where(one_of(tx, events.c.id, set(ids)), events.c.decoded.is_not(None)))
    return await _opened(tx, list(rows), keys)


async def _opened(tx: Tx, rows: Sequence[Any], keys: Mapping[UUID, PersonKey]) -> dict[UUID, Event]:
    missing = {row.recipient_id for row in rows} - keys.keys()
    known = {**keys, **(await person_keys.of_people(tx, missing) if missing else {})}
    opened = {row.id: _open_decoded(row, known[row.recipient_id]) for row in rows if row.recipient_id in known}
    return {event_id: event for event_id, event in opened.items() if event is not None}


async def corrected_kinds(tx: Tx, corrections: Iterable[UUID]) -> dict[UUID, str]:
    """For each of these corrections the kind of the event that it takes back; absent where that is not known."""
    target = events.alias("target")
    query = (
        select(events.c.id, target.c.kind)
        .join(target, target.c.dedupe_key == events.c.corrects)
        .where(one_of(tx, events.c.id, list(corrections)))
    )
    return {row.id: row.kind for row in await tx.execute(query)}


def _open_decoded(row: Any, key: PersonKey) -> Event | None:
    try:
        text = key.open(row.decoded, place=_decoded_place(row.id))
        return _EVENT.validate_json(b'{"canonical":"",' + text[1:])
    except (InvalidTag, ValueError):
        return None


async def milestones(
    tx: Tx, shipments: Iterable[bytes], keys: Mapping[UUID, PersonKey] | None = None
) -> dict[bytes, list[Milestone]]:
    """What is known of each shipment, by its blind index.

    With `keys`, those of people at hand, also what those events say that tell of an item that waits; the keys of other
    people are looked up.
    """
    rows = await _MILESTONES.rows(tx, shipments)
    contents = await _contents(tx, rows, keys) if keys is not None else {}
    known: dict[bytes, list[Milestone]] = defaultdict(list)
    for row in rows:
        known[row.shipment_index].append(
            Milestone(
                kind=row.kind,
                ordinal=row.ordinal,
                effective_at=row.effective_at,
                id=row.id,
                key=row.dedupe_key,
                code=row.code,
                corrects=row.corrects,
                told=row.told,
                recipient=row.recipient_id,
                event=contents.get(row.id),
            )
        )
    return known


async def named_by(tx: Tx, shipment: bytes) -> list[UUID]:
    """Whom the events of a shipment name, each once, and whom its newest event names first."""
    query = select(events.c.recipient_id).where(events.c.shipment_index == shipment).order_by(events.c.id.desc())
    return list(dict.fromkeys((await tx.execute(query)).scalars()))


async def shipments_of(tx: Tx, people: Iterable[UUID]) -> set[bytes]:
    """The blind indexes of every shipment of which events name one of these people."""
    query = select(events.c.shipment_index).distinct()
    mine = one_of(tx, events.c.recipient_id, list(people))
    return set((await tx.execute(query.where(mine, events.c.shipment_index.is_not(None)))).scalars())


async def _contents(tx: Tx, rows: Iterable[Any], keys: Mapping[UUID, PersonKey]) -> dict[UUID, Event]:
    return await _opened(tx, [row for row in rows if row.decoded is not None and row.kind in STAY_KINDS], keys)


def _accepted_event(row: Any) -> AcceptedEvent:
    return AcceptedEvent(
        id=row.id,
        operator=row.operator,
        kind=row.kind,
        status=row.status,
        mapped_type=row.mapped_type,
        received_at=row.received_at,
        recipient=row.recipient_id,
        content_mac=row.content_mac,
        dedupe_key=row.dedupe_key,
    )


def _payload_place(event: UUID) -> bytes:
    return b"payload" + event.bytes


def _decoded_place(event: UUID) -> bytes:
    return b"decoded" + event.bytes
