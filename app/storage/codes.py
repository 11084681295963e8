"""One-time codes that were handed out. What they read follows from their id and the root secret, and stands nowhere."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update

from app.domain.channel import Channel
from app.domain.one_time_code import TRIES_MAX, Use, digits_of
from app.storage.database import Tx
from app.storage.sql import locked, one_of
from app.storage.tables import codes, contact_points
from app.storage.vault import Vault

# As many operators may have asked about one contact point at once.
WAITING_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code by the id of the message that carries it: for what, for whom, and until when.

    `contact_index` is the blind index of the contact point it is sent to; `recipient` and `contact` are known where
    somebody's record is. `tries` is how often somebody gave one back for it.
    """

    id: UUID
    use: Use
    channel: Channel | None = None
    contact_index: bytes | None = field(default=None, repr=False)
    recipient: UUID | None = None
    contact: UUID | None = None
    created_at: datetime
    expires_at: datetime
    tries: int = 0


def reading(vault: Vault, code: UUID) -> str:
    """What the code of that id reads."""
    return digits_of(vault.mac("code", code.bytes))


async def insert_one(tx: Tx, code: Code, *, handled_at: datetime | None = None) -> None:
    """Write a new code; with `handled_at` its message is written as well, or there is none, else it is to be sent."""
    await tx.execute(
        insert(codes).values(
            id=code.id,
            use=code.use,
            channel=code.channel,
            contact_index=code.contact_index,
            recipient_id=code.recipient,
            contact_id=code.contact,
            created_at=code.created_at,
            expires_at=code.expires_at,
            handled_at=handled_at,
        )
    )


async def to_send(tx: Tx, *, limit: int) -> list[Code]:
    """Up to `limit` codes that nobody has sent yet, the oldest first, locked; others' are left out."""
    query = select(codes).where(text("handled_at IS NULL")).order_by(codes.c.id).limit(limit)
    return [_code(row) for row in await tx.execute(locked(tx, query, skip=True))]


async def handled(tx: Tx, code: Code, *, recipient: UUID | None, contact: UUID | None, now: datetime) -> None:
    """The code was sent to that contact point of that person, or there is nobody to send it to."""
    await tx.execute(
        update(codes).where(codes.c.id == code.id).values(handled_at=now, recipient_id=recipient, contact_id=contact)
    )


async def by_id(tx: Tx, code: UUID) -> Code | None:
    """One code, whether it still holds or not; None when there is none."""
    row = (await tx.execute(select(codes).where(codes.c.id == code))).one_or_none()
    return _code(row) if row else None


async def waiting_at(tx: Tx, use: Use, contact_index: bytes, *, now: datetime) -> list[UUID]:
    """The newest codes for that use that were sent to people's contact points of that blind index and still hold."""
    query = (
        select(codes.c.id)
        .join(contact_points, contact_points.c.recipient_id == codes.c.recipient_id)
        .where(
            contact_points.c.value_index == contact_index,
            contact_points.c.id == codes.c.contact_id,
            codes.c.use == use,
            codes.c.used_at.is_(None),
            codes.c.expires_at > now,
        )
        .order_by(codes.c.id.desc())
        .limit(WAITING_MAX)
    )
    return list((await tx.execute(query)).scalars())


async def take_try(tx: Tx, code: UUID, uses: Iterable[Use], *, now: datetime) -> Code | None:
    """Use up one of the tries of a code that still holds; None when it does not, or is for something else.

    However many ask at once, no more than five are let through (one statement, whose row lock they share).
    """
    statement = (
        update(codes)
        .where(
            codes.c.id == code,
            one_of(tx, codes.c.use, list(uses)),
            codes.c.used_at.is_(None),
            codes.c.expires_at > now,
            codes.c.tries < TRIES_MAX,
        )
        .values(tries=codes.c.tries + 1)
        .returning(*codes.c)
    )
    row = (await tx.execute(statement)).one_or_none()
    return _code(row) if row else None


async def count_try(tx: Tx, guessed_at: Collection[UUID]) -> None:
    """Use up one of the tries of each of these codes, at which somebody has guessed without naming one."""
    await tx.execute(update(codes).where(one_of(tx, codes.c.id, list(guessed_at))).values(tries=codes.c.tries + 1))


async def use(tx: Tx, code: UUID, *, now: datetime) -> bool:
    """Spend a code; False when somebody has spent it before."""
    statement = update(codes).where(codes.c.id == code, codes.c.used_at.is_(None)).values(used_at=now)
    return (await tx.execute(statement)).rowcount == 1


async def spend_all(
    tx: Tx, recipient: UUID, uses: Iterable[Use], *, contact: UUID | None = None, now: datetime
) -> None:
    """Make every code of that person for these uses worthless; only those for one contact point, where it is named."""
    statement = update(codes).where(
        codes.c.recipient_id == recipient, one_of(tx, codes.c.use, list(uses)), codes.c.used_at.is_(None)
    )
    if contact is not None:
        statement = statement.where(codes.c.contact_id == contact)
    await tx.execute(statement.values(used_at=now))


async def forget(tx: Tx, *, before: datetime, limit: int) -> int:
    """Remove up to `limit` codes that ended before that moment; how many."""
    old = select(codes.c.id).where(codes.c.expires_at < before).order_by(codes.c.expires_at).limit(limit)
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(codes).where(one_of(tx, codes.c.id, ids)))
    return len(ids)


def _code(row: Any) -> Code:
    return Code(
        id=row.id,
        use=Use(row.use),
        channel=Channel(row.channel) if row.channel else None,
        contact_index=row.contact_index,
        recipient=row.recipient_id,
        contact=row.contact_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        tries=row.tries,
    )
