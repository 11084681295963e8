"""Complaints about shipments. What names them is encrypted with the key of the person whom each is about."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, exists, insert, select, tuple_, update

from app.domain.complaint import Complaint, ComplaintState
from app.storage import person_keys
from app.storage.database import Tx
from app.storage.sql import locked, one_of
from app.storage.tables import complaints, legal_holds
from app.storage.vault import PersonKey

_COMPLAINT = complaints.c


def _reference_index(tx: Tx, operator: str, shipment: str, reference: str) -> bytes:
    return tx.vault.index("complaint", operator, shipment, reference)


async def find(tx: Tx, operator: str, shipment: str, reference: str, *, lock: bool = False) -> Complaint | None:
    """The complaint about that shipment under that reference; None when there is none."""
    query = select(complaints).where(_COMPLAINT.reference_index == _reference_index(tx, operator, shipment, reference))
    rows = list(await tx.execute(locked(tx, query) if lock else query))
    found = await _opened(tx, rows)
    return found[0] if found else None


async def insert_one(tx: Tx, new: Complaint, *, shipment_index: bytes, key: PersonKey) -> None:
    """Write a complaint. The caller holds the lock on the shipment, and has looked for an earlier one."""
    names = json.dumps([new.shipment, new.reference, new.whose]).encode()
    await tx.execute(
        insert(complaints).values(
            id=new.id,
            operator=new.operator,
            recipient_id=new.recipient,
            shipment_index=shipment_index,
            reference_index=_reference_index(tx, new.operator, new.shipment, new.reference),
            names=key.seal(names, place=_place(new.id)),
            received_on=new.received_on,
            answer_due_on=new.answer_due_on,
            answered_on=new.answered_on,
            attached_at=new.attached_at,
        )
    )


async def answered(tx: Tx, complaint: UUID, *, on: date) -> None:
    """Write that it was answered; its row is locked."""
    await tx.execute(update(complaints).where(_COMPLAINT.id == complaint).values(answered_on=on))


async def of_shipment(tx: Tx, shipment: bytes, keys: Mapping[UUID, PersonKey]) -> list[Complaint]:
    """The complaints about a shipment, in the order in which they must be answered. `keys` are of people at hand."""
    query = select(complaints).where(_COMPLAINT.shipment_index == shipment)
    rows = await tx.execute(query.order_by(_COMPLAINT.answer_due_on, _COMPLAINT.id))
    return await _opened(tx, list(rows), keys)


async def of_recipient(tx: Tx, recipient: UUID, *, after: UUID, limit: int) -> list[Complaint]:
    """Up to `limit` complaints of one person, oldest first, after the one with the id `after`."""
    query = select(complaints).where(_COMPLAINT.recipient_id == recipient, _COMPLAINT.id > after)
    return await _opened(tx, list(await tx.execute(query.order_by(_COMPLAINT.id).limit(limit))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which complaints of an operator: in that state on the day `today` (None: in any), after that place."""

    operator: str
    state: ComplaintState | None
    today: date
    after: tuple[date, UUID] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Complaints, the earliest last day first; `following` is the place after which there are more, None at the end."""

    complaints: list[Complaint]
    following: tuple[date, UUID] | None


async def page(tx: Tx, wanted: Wanted) -> Page:
    """One page, by its place in (last day, id): what is written meanwhile neither repeats nor hides another one.

    A complaint whose names are damaged is left out.
    """
    place = tuple_(_COMPLAINT.answer_due_on, _COMPLAINT.id)
    query = select(complaints).where(_COMPLAINT.operator == wanted.operator)
    match wanted.state:
        case ComplaintState.ANSWERED:
            query = query.where(_COMPLAINT.answered_on.is_not(None))
        case ComplaintState.OPEN:
            query = query.where(_COMPLAINT.answered_on.is_(None), _COMPLAINT.answer_due_on > wanted.today)
        case ComplaintState.DUE:
            query = query.where(_COMPLAINT.answered_on.is_(None), _COMPLAINT.answer_due_on <= wanted.today)
        case None:
            pass
    if wanted.after is not None:
        query = query.where(place > tuple_(*wanted.after))
    query = query.order_by(_COMPLAINT.answer_due_on, _COMPLAINT.id).limit(wanted.limit + 1)
    rows = list(await tx.execute(query))
    shown = rows[: wanted.limit]
    following = (shown[-1].answer_due_on, shown[-1].id) if len(rows) > wanted.limit else None
    return Page(complaints=await _opened(tx, shown), following=following)


async def delete_before(tx: Tx, *, before: UUID, limit: int) -> int:
    """Delete up to `limit` of those that are older than the id `before` (UUIDv7); how many.

    Those about people under a legal hold stay as long as it does.
    """
    old = (
        select(_COMPLAINT.id)
        .where(_COMPLAINT.id < before, ~exists().where(legal_holds.c.recipient_id == _COMPLAINT.recipient_id))
        .order_by(_COMPLAINT.id)
        .limit(limit)
    )
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(complaints).where(one_of(tx, _COMPLAINT.id, ids)))
    return len(ids)


async def _opened(tx: Tx, rows: Iterable[Any], keys: Mapping[UUID, PersonKey] | None = None) -> list[Complaint]:
    kept = list(rows)
    known = dict(keys or {})
    if missing := {row.recipient_id for row in kept} - known.keys():
        known |= await person_keys.of_people(tx, missing)
    opened = [_complaint(row, known[row.recipient_id]) for row in kept if row.recipient_id in known]
    return [each for each in opened if each is not None]


def _complaint(row: Any, key: PersonKey) -> Complaint | None:
    try:
        shipment, reference, whose = json.loads(key.open(row.names, place=_place(row.id)))
    except (InvalidTag, ValueError):
        return None
    return Complaint(
        id=row.id,
        operator=row.operator,
        recipient=row.recipient_id,
        shipment=shipment,
        reference=reference,
        whose=whose,
        received_on=row.received_on,
        answer_due_on=row.answer_due_on,
        answered_on=row.answered_on,
        attached_at=row.attached_at,
    )


def _place(complaint: UUID) -> bytes:
    return b"complaint" + complaint.bytes
