"""Events that nobody could interpret when they came: found, counted, and written again once they are understood."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import Select, func, select

from app.storage.database import Tx
from app.storage.events import NewEvent, meaning, open_payload
from app.storage.sql import locked, one_of
from app.storage.tables import QUARANTINED_ROWS, events
from app.storage.updates import update_rows
from app.storage.vault import PersonKey

COUNTED_MAX = 10_000

# As text, so that the index of these rows fits whatever the statement is prepared for.
_SET_ASIDE = select(events.c.id).where(QUARANTINED_ROWS)
_IS_THERE = events.c.payload.is_not(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event as it lies in the database. `payload` is sealed; None once its content was erased.

    `why` says why it is set aside, None when it is not; `code` is the operator's own, after its vocabulary.
    """

    id: UUID
    operator: str
    type: str
    code: str | None
    why: str | None
    received_at: datetime
    recipient: UUID
    dedupe_key: bytes = field(repr=False)
    payload: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which of the events that are set aside are sought. None means any; `before` is an id, left out itself."""

    operator: str | None = None
    received_from: datetime | None = None
    before: UUID | None = None
    limit: int = 50


async def newest(tx: Tx, sought: Sought) -> list[KeptEvent]:
    """What is set aside, the newest first; also what was erased meanwhile."""
    query = _kept().where(QUARANTINED_ROWS)
    if sought.operator is not None:
        query = query.where(events.c.operator == sought.operator)
    if sought.received_from is not None:
        query = query.where(events.c.received_at >= sought.received_from)
    if sought.before is not None:
        query = query.where(events.c.id < sought.before)
    return [_event(row) for row in await tx.execute(query.order_by(events.c.id.desc()).limit(sought.limit))]


async def by_ids(tx: Tx, ids: Iterable[UUID]) -> list[KeptEvent]:
    """Those of these events that exist, set aside or not, in the order of their ids."""
    query = _kept().where(one_of(tx, events.c.id, set(ids))).order_by(events.c.id)
    return [_event(row) for row in await tx.execute(query)]


def content(kept: KeptEvent, key: PersonKey) -> bytes | None:
    """The canonical CloudEvent; None when it was erased, or is damaged."""
    if kept.payload is None:
        return None
    try:
        return open_payload(kept.id, kept.payload, key)
    except InvalidTag:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many of the newest 10,000 that are set aside have their content, and how many had it erased."""

    there: int
    erased: int


async def count(tx: Tx) -> Counted:
    """How many events are set aside; more than 10,000 are not counted."""
    some = select(events.c.payload.is_not(None).label("there")).where(QUARANTINED_ROWS)
    newest_first = some.order_by(events.c.id.desc()).limit(COUNTED_MAX).subquery()
    query = select(newest_first.c.there, func.count().label("number")).group_by(newest_first.c.there)
    counts = {bool(row.there): row.number for row in await tx.execute(query)}
    return Counted(there=counts.get(True, 0), erased=counts.get(False, 0))


async def last(tx: Tx) -> UUID | None:
    """The newest event that is set aside."""
    found: UUID | None = (await tx.execute(_SET_ASIDE.order_by(events.c.id.desc()).limit(1))).scalar_one_or_none()
    return found


async def oldest(tx: Tx, *, after: UUID, until: UUID, code: str | None, limit: int) -> list[UUID]:
    """Up to `limit` events that are set aside and have their content, oldest first, with ids in (after, until]."""
    query = _SET_ASIDE.where(_IS_THERE, events.c.id > after, events.c.id <= until)
    if code is not None:
        query = query.where(events.c.code == code)
    return list((await tx.execute(query.order_by(events.c.id).limit(limit))).scalars())


async def of_same_shipments(tx: Tx, ids: Collection[UUID], *, until: UUID, code: str | None, limit: int) -> list[UUID]:
    """Up to `limit` more events, of the same shipments as these, that would be found in the same way later."""
    shipments = select(events.c.shipment_index).where(one_of(tx, events.c.id, ids))
    query = _SET_ASIDE.where(
        _IS_THERE, events.c.shipment_index.in_(shipments), events.c.id > max(ids), events.c.id <= until
    )
    if code is not None:
        query = query.where(events.c.code == code)
    return list((await tx.execute(query.order_by(events.c.id).limit(limit))).scalars())


async def lock(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these events that are still set aside, with their content; locked, so that they stay so."""
    query = _SET_ASIDE.where(_IS_THERE, one_of(tx, events.c.id, set(ids))).order_by(events.c.id)
    return set((await tx.execute(locked(tx, query, of=events))).scalars())


async def understand(tx: Tx, understood: Sequence[NewEvent]) -> None:
    """Write how events are understood now; their rows are locked by the caller."""
    await update_rows(tx, events, [meaning(item) for item in understood])


def _kept() -> Select[Any]:
    return select(
        events.c.id,
        events.c.operator,
        events.c.type,
        events.c.code,
        events.c.quarantine,
        events.c.received_at,
        events.c.recipient_id,
        events.c.dedupe_key,
        events.c.payload,
    )


def _event(row: Any) -> KeptEvent:
    return KeptEvent(
        id=row.id,
        operator=row.operator,
        type=row.type,
        code=row.code,
        why=row.quarantine,
        received_at=row.received_at,
        recipient=row.recipient_id,
        dedupe_key=row.dedupe_key,
        payload=row.payload,
    )
