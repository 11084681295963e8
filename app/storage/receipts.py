"""Receipts: what providers reported later, kept whatever it was, once each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.domain.notification import Attempt
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage.database import Tx
from app.storage.notifications import attempts_by_id
from app.storage.sql import insert_ignoring, one_of
from app.storage.tables import attempts, receipts
from app.storage.vault import PersonKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReceipt:
    """A receipt as kept. `applied`: the notification's state and facts already speak of it."""

    id: UUID
    receipt: Receipt
    received_at: datetime
    late: bool
    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyReceipt:
    """A receipt that came before the outcome of an attempt, and the attempt that it speaks of."""

    id: UUID
    attempt: Attempt
    receipt: Receipt


async def insert_new(
    tx: Tx,
    receipt_id: UUID,
    receipt: Receipt,
    *,
    key: PersonKey | None,
    received_at: datetime,
    applied: bool,
    late: bool,
) -> bool:
    """Keep a receipt; False when the same report of the same attempt is kept already."""
    statement = insert_ignoring(tx, receipts, "attempt_id", "status", "code").values(
        id=receipt_id,
        attempt_id=receipt.attempt,
        provider=receipt.provider,
        status=receipt.status,
        code=receipt.code,
        via=receipt.via,
        signature=receipt.signature,
        claimed_at=receipt.claimed_at,
        received_at=received_at,
        late=late,
        applied=applied,
        raw=key.seal(receipt.raw, place=_place(receipt_id)) if key else None,
    )
    return bool((await tx.execute(statement)).rowcount)


async def unapplied(
    tx: Tx, notifications: Iterable[UUID], keys: Mapping[UUID, PersonKey]
) -> dict[UUID, list[EarlyReceipt]]:
    """Receipts that wait for the outcome of an attempt, by the notification they speak of, in the order of arrival.

    `keys` are the notifications'; without one (erased) the raw bytes are empty.
    """
    query = (
        select(receipts, attempts.c.notification_id)
        .join(attempts, attempts.c.id == receipts.c.attempt_id)
        .where(one_of(tx, attempts.c.notification_id, list(notifications)), receipts.c.applied.is_(False))
        .order_by(receipts.c.id)
    )
    rows = list(await tx.execute(query))
    spoken_of = await attempts_by_id(tx, {row.attempt_id for row in rows}) if rows else {}
    found: dict[UUID, list[EarlyReceipt]] = defaultdict(list)
    for row in rows:
        key = keys.get(row.notification_id)
        raw = key.open(row.raw, place=_place(row.id)) if key and row.raw else b""
        early = EarlyReceipt(id=row.id, attempt=spoken_of[row.attempt_id], receipt=_stored(row, raw).receipt)
        found[row.notification_id].append(early)
    return found


async def mark_applied(tx: Tx, ids: Iterable[UUID]) -> None:
    """Note that these receipts have had their effect."""
    await tx.execute(update(receipts).where(one_of(tx, receipts.c.id, list(ids))).values(applied=True))


async def of_notifications(tx: Tx, notifications: Iterable[UUID]) -> dict[UUID, list[StoredReceipt]]:
    """The receipts of each of these notifications in the order of arrival, without their raw bytes."""
    query = (
        select(receipts, attempts.c.notification_id)
        .join(attempts, attempts.c.id == receipts.c.attempt_id)
        .where(one_of(tx, attempts.c.notification_id, list(notifications)))
        .order_by(receipts.c.id)
    )
    found: dict[UUID, list[StoredReceipt]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.notification_id].append(_stored(row, b""))
    return found


def _stored(row: Any, raw: bytes) -> StoredReceipt:
    return StoredReceipt(
        id=row.id,
        receipt=Receipt(
            attempt=row.attempt_id,
            provider=row.provider,
            status=ReceiptStatus(row.status),
            code=row.code,
            via=row.via,
            signature=row.signature,
            claimed_at=row.claimed_at,
            raw=raw,
        ),
        received_at=row.received_at,
        late=row.late,
        applied=row.applied,
    )


def _place(receipt: UUID) -> bytes:
    return b"receipt" + receipt.bytes
