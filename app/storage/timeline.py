"""What was reported about one shipment and what was told of it, the newest first and bounded."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.timeline import EventEntry, Said, said_by, said_in
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import events, notifications
from app.storage.vault import PersonKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One event of a shipment as it lies in the database; its content is sealed, None once erased."""

    entry: EventEntry
    recipient: UUID
    payload: bytes | None = field(repr=False)


_REPORTED = select(
    events.c.id,
    events.c.type,
    events.c.mapped_type,
    events.c.status,
    events.c.quarantine,
    events.c.effective_at,
    events.c.received_at,
    events.c.ordinal,
    events.c.code,
    events.c.recipient_id,
    events.c.payload,
)


async def newest_events(tx: Tx, shipment: bytes, *, limit: int) -> list[Reported]:
    """Up to `limit` events of one shipment, whatever became of them, those that happened last first."""
    query = (
        _REPORTED.where(events.c.shipment_index == shipment)
        .order_by(events.c.effective_at.desc(), events.c.id.desc())
        .limit(limit)
    )
    return [
        Reported(entry=_entry(row), recipient=row.recipient_id, payload=row.payload) for row in await tx.execute(query)
    ]


async def shipment_of_event(tx: Tx, event: UUID) -> bytes | None:
    """The blind index of the shipment that an event is about; None when it is about none, or there is no such event."""
    query = select(events.c.shipment_index).where(events.c.id == event)
    index: bytes | None = (await tx.execute(query)).scalar_one_or_none()
    return index


async def events_by_id(tx: Tx, ids: Collection[UUID], keys: Mapping[UUID, PersonKey]) -> list[EventEntry]:
    """These events, which may be about more than one shipment, and what they say."""
    rows = list(await tx.execute(_REPORTED.where(one_of(tx, events.c.id, ids)))) if ids else []
    decoded = await event_store.decoded(tx, ids, keys) if rows else {}
    return [replace(_entry(row), said=said_by(decoded[row.id])) if row.id in decoded else _entry(row) for row in rows]


def _entry(row: Any) -> EventEntry:
    return EventEntry(
        at=row.effective_at,
        id=row.id,
        type=row.type,
        mapped_type=row.mapped_type,
        status=row.status,
        quarantine=row.quarantine,
        received_at=row.received_at,
        ordinal=row.ordinal,
        code=row.code,
    )


async def said(
    tx: Tx, reported: Sequence[Reported], keys: Mapping[UUID, PersonKey], known: Mapping[UUID, Event]
) -> dict[UUID, Said]:
    """What each of these events says; `keys` are those of people, `known` the events that were read before.

    What was erased or is damaged says nothing.
    """
    people = {each.entry.id: keys[each.recipient] for each in reported if each.recipient in keys}
    unread = people.keys() - known.keys()
    decoded = {**known, **(await event_store.decoded(tx, unread, keys) if unread else {})}
    return {each.entry.id: _said(each, decoded.get(each.entry.id), people.get(each.entry.id)) for each in reported}


def _said(reported: Reported, decoded: Event | None, key: PersonKey | None) -> Said:
    """Of an event that nobody is told of, only the posted form is kept."""
    if decoded is not None:
        return said_by(decoded)
    if key is None or reported.payload is None:
        return Said()
    try:
        posted = json.loads(event_store.open_payload(reported.entry.id, reported.payload, key))
    except InvalidTag:
        return Said()
    return said_in(posted["data"])


async def newest_notifications(tx: Tx, shipment: bytes, *, limit: int) -> list[Notification]:
    """Up to `limit` notifications about one shipment, planned last first, and those that speak for them."""
    query = (
        select(notifications.c.id, notifications.c.merged_into)
        .where(outbox.about_shipment(shipment))
        # Ids rise, too; but then PostgreSQL might look for the shipment among all of them, from the newest on.
        .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
        .limit(limit)
    )
    named = [name for row in await tx.execute(query) for name in row if name is not None]
    return list((await outbox.by_ids(tx, set(named))).values())


async def newest_of_event(tx: Tx, event: UUID, *, limit: int) -> list[Notification]:
    """Up to `limit` notifications that tell of one event, which may be about a whole area, planned last first."""
    query = select(notifications).where(notifications.c.event_id == event)
    rows = await tx.execute(query.order_by(notifications.c.created_at.desc(), notifications.c.id.desc()).limit(limit))
    return [outbox.notification_of(row) for row in rows]
