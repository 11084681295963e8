"""The keys of the people whom notifications concern, under the lock that keeps them from being erased meanwhile."""

import contextlib
from collections.abc import Iterable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from app.storage.database import Tx
from app.storage.sql import locked, one_of
from app.storage.tables import notifications, recipient_keys, recipients
from app.storage.vault import PersonKey


async def of_notifications(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, PersonKey]:
    """The key of each notification's person, whose row is share-locked; none for people who were erased.

    Nor for those whose key is damaged: nobody else's messages are to wait for theirs.
    """
    query = (
        select(notifications.c.id, notifications.c.recipient_id, recipient_keys.c.wrapped_key)
        .join(recipients, recipients.c.id == notifications.c.recipient_id)
        .join(recipient_keys, recipient_keys.c.recipient_id == recipients.c.id)
        # Of a row that we waited for, the newest version is asked again; of its key, the one from before is seen.
        .where(one_of(tx, notifications.c.id, list(ids)), recipients.c.erased_at.is_(None))
        .order_by(recipients.c.id)
    )
    keys = {}
    for row in await tx.execute(locked(tx, query, of=recipients, shared=True)):
        with contextlib.suppress(InvalidTag):
            keys[row.id] = tx.vault.unwrap(row.wrapped_key, row.recipient_id.bytes)
    return keys


async def of_people(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, PersonKey]:
    """The keys of these people, without a lock; none of those who were erased, or whose key is damaged."""
    query = select(recipient_keys).where(one_of(tx, recipient_keys.c.recipient_id, list(ids)))
    keys = {}
    for row in await tx.execute(query):
        with contextlib.suppress(InvalidTag):
            keys[row.recipient_id] = tx.vault.unwrap(row.wrapped_key, row.recipient_id.bytes)
    return keys
