"""Legal holds on people. Whoever changes one holds the lock on the row of the recipient."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.domain.hold import Hold
from app.storage.database import Tx
from app.storage.sql import one_of, upsert
from app.storage.tables import legal_holds
from app.storage.vault import PersonKey


async def of_recipient(tx: Tx, recipient: UUID, key: PersonKey) -> Hold | None:
    """The hold on that person; one whose end has passed counts until it is lifted."""
    row = (await tx.execute(select(legal_holds).where(legal_holds.c.recipient_id == recipient))).one_or_none()
    if row is None:
        return None
    return Hold(
        reason=key.open(row.reason, place=_place(recipient)).decode(),
        until=row.until,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
    )


async def held(tx: Tx, recipients: Iterable[UUID]) -> set[UUID]:
    """Those of these recipients on whom there is a hold."""
    query = select(legal_holds.c.recipient_id).where(one_of(tx, legal_holds.c.recipient_id, set(recipients)))
    return set((await tx.execute(query)).scalars())


async def save(tx: Tx, recipient: UUID, hold: Hold, key: PersonKey) -> None:
    """Place the hold, in place of the one before."""
    row = {
        "recipient_id": recipient,
        "reason": key.seal(hold.reason.encode(), place=_place(recipient)),
        "until": hold.until,
        "placed_at": hold.placed_at,
        "placed_by": hold.placed_by,
    }
    await tx.execute(upsert(tx, legal_holds, "recipient_id"), [row])


async def lift(tx: Tx, recipient: UUID) -> None:
    """Remove the hold, and with it its reason."""
    await tx.execute(delete(legal_holds).where(legal_holds.c.recipient_id == recipient))


async def ended(tx: Tx, *, now: datetime, limit: int, among: Collection[UUID] | None = None) -> list[UUID]:
    """Up to `limit` recipients (of these) whose hold has reached its end, the earliest first."""
    query = (
        select(legal_holds.c.recipient_id).where(legal_holds.c.until <= now).order_by(legal_holds.c.until).limit(limit)
    )
    if among is not None:
        query = query.where(one_of(tx, legal_holds.c.recipient_id, among))
    return list((await tx.execute(query)).scalars())


def _place(recipient: UUID) -> bytes:
    return b"hold" + recipient.bytes
