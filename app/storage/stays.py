"""Items that wait, as one person each is told of them, and what they were before they changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from pydantic import TypeAdapter
from sqlalchemy import Select, delete, select, text, tuple_, update

from app.domain.incident import area_code
from app.domain.stay import Known, PersonalStay
from app.storage.database import Tx
from app.storage.sql import Lookup, insert_rows, locked, one_of
from app.storage.tables import anomalies, events, former_stays, notifications, stays
from app.storage.updates import update_rows
from app.storage.vault import PersonKey

_KNOWN = TypeAdapter(Known)
_WAITS = text("waits")
_OF_SHIPMENTS = Lookup(select(stays), stays.c.shipment_index)
_IDS = Lookup(select(stays.c.id, stays.c.shipment_index, stays.c.recipient_id), stays.c.shipment_index)


async def of_shipments(
    tx: Tx, shipments: Iterable[bytes], keys: Mapping[UUID, PersonKey]
) -> dict[tuple[bytes, UUID], PersonalStay]:
    """The stays of these shipments, by shipment and person; only of people in `keys`, and only what can be read."""
    found = {}
    for row in await _OF_SHIPMENTS.rows(tx, shipments):
        known = _open(row.id, row.known, keys[row.recipient_id]) if row.recipient_id in keys else None
        if known is not None:
            found[row.shipment_index, row.recipient_id] = _stay(row, known)
    return found


async def ids_of_shipments(tx: Tx, shipments: Iterable[bytes]) -> dict[tuple[bytes, UUID], UUID]:
    """The ids of the stays of these shipments, by shipment and person."""
    return {(row.shipment_index, row.recipient_id): row.id for row in await _IDS.rows(tx, shipments)}


async def insert_all(tx: Tx, new: Sequence[PersonalStay], keys: Mapping[UUID, PersonKey]) -> None:
    """Write new stays, each encrypted with the key of its person."""
    await insert_rows(tx, stays, [_row(stay, keys[stay.recipient]) for stay in new])


async def save_all(tx: Tx, changed: Sequence[PersonalStay], keys: Mapping[UUID, PersonKey]) -> None:
    """Write the present state of stays of shipments that the caller has locked."""
    rows = [_row(stay, keys[stay.recipient]) for stay in changed]
    names = ("id", "event_id", "event_fact", "review_at", "changed_at", "known", "waits", "facility", "post_code")
    await update_rows(tx, stays, [{name: row[name] for name in names} for row in rows])


async def keep_former(tx: Tx, former: Sequence[tuple[UUID, PersonalStay]], keys: Mapping[UUID, PersonKey]) -> None:
    """Keep what stays were, each under a new id."""
    rows = [
        {
            "id": new_id,
            "stay_id": stay.id,
            "recipient_id": stay.recipient,
            "changed_at": stay.changed_at,
            "known": _seal(new_id, stay.known, keys[stay.recipient]),
        }
        for new_id, stay in former
    ]
    await insert_rows(tx, former_stays, rows)


async def review_soon(tx: Tx, shipments: Iterable[bytes], *, now: datetime) -> None:
    """Have the plans of these shipments looked at at once."""
    await tx.execute(update(stays).where(one_of(tx, stays.c.shipment_index, list(shipments))).values(review_at=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePlan:
    """A stay whose plan is to be looked at: its id, its shipment and its person."""

    id: UUID
    shipment_index: bytes = field(repr=False)
    recipient: UUID


_DUE = select(stays.c.id, stays.c.shipment_index, stays.c.recipient_id)


async def due_for_review(tx: Tx, *, now: datetime, limit: int) -> list[DuePlan]:
    """Up to `limit` plans that are to be looked at, those waiting longest first."""
    due = _DUE.where(stays.c.review_at.is_not(None), stays.c.review_at <= now)
    return await _due_plans(tx, due.order_by(stays.c.review_at, stays.c.id).limit(limit))


async def due_of_people(tx: Tx, people: Iterable[UUID], *, now: datetime, limit: int) -> list[DuePlan]:
    """Up to `limit` plans of these people that are to be looked at, one person's after the other's."""
    due = _DUE.where(
        one_of(tx, stays.c.recipient_id, list(people)), stays.c.review_at.is_not(None), stays.c.review_at <= now
    )
    return await _due_plans(tx, due.order_by(stays.c.recipient_id, stays.c.id).limit(limit))


async def _due_plans(tx: Tx, query: Select[tuple[Any, ...]]) -> list[DuePlan]:
    rows = await tx.execute(query)
    return [DuePlan(id=row.id, shipment_index=row.shipment_index, recipient=row.recipient_id) for row in rows]


async def review_merged(tx: Tx, speakers: Iterable[UUID], *, now: datetime) -> None:
    """Have the plans looked at of all items for which these reminders were to speak."""
    found = (
        select(stays.c.id)
        .join(
            notifications,
            (notifications.c.shipment_index == stays.c.shipment_index)
            & (notifications.c.recipient_id == stays.c.recipient_id),
        )
        .where(notifications.c.merged_into.is_not(None), one_of(tx, notifications.c.merged_into, list(speakers)))
    )
    # In two steps: with one, SQLite would look at every stay there is.
    ids = sorted(set((await tx.execute(found)).scalars()))
    if ids:
        await tx.execute(update(stays).where(one_of(tx, stays.c.id, ids)).values(review_at=now))


async def of_people(tx: Tx, people: Iterable[UUID]) -> list[DuePlan]:
    """What waits for these people, whenever its plan is looked at again."""
    return await _due_plans(tx, _DUE.where(one_of(tx, stays.c.recipient_id, list(people)), stays.c.waits))


async def waiting_at(tx: Tx, operator: str, facility: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Up to `limit` people for whom something waits at that facility, in the order of their ids, after that one."""
    person = stays.c.recipient_id
    query = select(person).distinct().where(stays.c.operator == operator, stays.c.facility == facility, _WAITS)
    query = query if after is None else query.where(person > after)
    return list((await tx.execute(query.order_by(person).limit(limit))).scalars())


async def waiting_around(
    tx: Tx, operator: str, area: str, *, after: tuple[str, UUID] | None, limit: int
) -> list[tuple[str, UUID]]:
    """Up to `limit` pairs of a post code in that area and a person for whom something waits there, in order."""
    code, person = stays.c.post_code, stays.c.recipient_id
    query = select(code, person).distinct().where(stays.c.operator == operator, _WAITS)
    beginning = area.removesuffix("*")
    query = query.where(code.startswith(beginning, autoescape=True) if area != beginning else code == area)
    query = query if after is None else query.where(tuple_(code, person) > after)
    rows = await tx.execute(query.order_by(code, person).limit(limit))
    return [(row.post_code, row.recipient_id) for row in rows]


async def lock(tx: Tx, plans: Iterable[UUID]) -> None:
    """Nobody asks for these plans to be looked at until `tx` ends; what was asked for before is visible afterwards."""
    query = select(stays.c.id).where(one_of(tx, stays.c.id, list(plans))).order_by(stays.c.id)
    await tx.execute(locked(tx, query))


async def give_up(tx: Tx, plans: Collection[UUID]) -> None:
    """Look no more at these plans."""
    await tx.execute(update(stays).where(one_of(tx, stays.c.id, plans)).values(review_at=None))


async def forget_events(tx: Tx, ids: Sequence[UUID]) -> None:
    """Remove what is known of items that none of these events' successors told of, and what was odd about them."""
    gone = select(stays.c.id).where(one_of(tx, stays.c.event_id, ids))
    await tx.execute(delete(former_stays).where(former_stays.c.stay_id.in_(gone)))
    await tx.execute(delete(stays).where(one_of(tx, stays.c.event_id, ids)))
    shipments = select(events.c.shipment_index).where(
        one_of(tx, events.c.id, ids), events.c.shipment_index.is_not(None)
    )
    # One after the other: together, PostgreSQL would look at every anomaly there is.
    await tx.execute(delete(anomalies).where(one_of(tx, anomalies.c.event_id, ids)))
    await tx.execute(delete(anomalies).where(anomalies.c.shipment_index.in_(shipments), anomalies.c.id <= max(ids)))


def _row(stay: PersonalStay, key: PersonKey) -> dict[str, Any]:
    facility = stay.known.stay.facility if stay.known.stay else None
    return {
        "id": stay.id,
        "operator": stay.operator,
        "shipment_index": stay.shipment_index,
        "recipient_id": stay.recipient,
        "event_id": stay.event,
        "event_fact": stay.event_fact,
        "review_at": stay.review_at,
        "changed_at": stay.changed_at,
        "known": _seal(stay.id, stay.known, key),
        "waits": stay.known.waits,
        "facility": facility.id if facility else None,
        "post_code": area_code(facility.post_code) if facility and facility.post_code else None,
    }


def _stay(row: Any, known: Known) -> PersonalStay:
    return PersonalStay(
        id=row.id,
        operator=row.operator,
        shipment_index=row.shipment_index,
        recipient=row.recipient_id,
        event=row.event_id,
        event_fact=row.event_fact,
        review_at=row.review_at,
        changed_at=row.changed_at,
        known=known,
    )


def _seal(row_id: UUID, known: Known, key: PersonKey) -> bytes:
    return key.seal(_KNOWN.dump_json(known), place=_place(row_id))


def _open(row_id: UUID, sealed: bytes, key: PersonKey) -> Known | None:
    try:
        return _KNOWN.validate_json(key.open(sealed, place=_place(row_id)))
    except (InvalidTag, ValueError):
        return None


def _place(row_id: UUID) -> bytes:
    return b"stay" + row_id.bytes
