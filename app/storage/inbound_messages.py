"""What people wrote to our numbers and was carried out: keyed digests, so that a message that comes again does nothing.

A provider's signature has no time: whoever once saw a signed message could send it again.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.storage.database import Tx
from app.storage.sql import insert_ignoring
from app.storage.tables import inbound_messages


async def is_done(tx: Tx, provider: str, provider_id: str) -> bool:
    """Whether that message was carried out for everybody."""
    query = select(inbound_messages.c.digest).where(inbound_messages.c.digest == _digest(tx, provider, provider_id))
    return (await tx.execute(query)).first() is not None


async def finish(tx: Tx, provider: str, provider_id: str, *, received_at: datetime) -> bool:
    """Note that the message was carried out for everybody; False when that is known already."""
    return await _note(tx, _digest(tx, provider, provider_id), received_at)


async def begin_for(tx: Tx, provider: str, provider_id: str, person: UUID, *, received_at: datetime) -> bool:
    """Note that `tx` carries the message out for that person; False when it was done before.

    Of two transactions at the same time the second waits for the first.
    """
    return await _note(tx, _digest(tx, provider, provider_id, person.bytes), received_at)


async def delete_before(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget up to `limit` of those that came before that moment; how many."""
    old = select(inbound_messages.c.digest).where(inbound_messages.c.received_at < before).limit(limit)
    return (await tx.execute(delete(inbound_messages).where(inbound_messages.c.digest.in_(old)))).rowcount


async def _note(tx: Tx, digest: bytes, received_at: datetime) -> bool:
    statement = insert_ignoring(tx, inbound_messages, "digest").values(digest=digest, received_at=received_at)
    return bool((await tx.execute(statement)).rowcount)


def _digest(tx: Tx, provider: str, provider_id: str, *person: bytes) -> bytes:
    return tx.vault.mac("inbound_message", provider.encode(), provider_id.encode(), *person)
