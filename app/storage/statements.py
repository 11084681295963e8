"""What people said about notices."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, select

from app.domain.statement import Statement, StatementKind
from app.storage.database import Tx
from app.storage.sql import Lookup
from app.storage.tables import notifications, statements

_OF_NOTIFICATIONS = Lookup(
    select(statements).order_by(statements.c.made_at, statements.c.id), statements.c.notification_id
)


async def insert_one(tx: Tx, new: Statement) -> None:
    """Write a statement; the caller holds the lock on its notification's row and has looked for an earlier one."""
    await tx.execute(
        insert(statements).values(
            id=new.id,
            notification_id=new.notification,
            recipient_id=new.recipient,
            kind=new.kind,
            reference=new.reference,
            made_at=new.made_at,
        )
    )


async def of_notifications(tx: Tx, notifications: Iterable[UUID]) -> dict[UUID, list[Statement]]:
    """What was said about each of these notifications, in its order."""
    found: dict[UUID, list[Statement]] = defaultdict(list)
    for row in await _OF_NOTIFICATIONS.rows(tx, notifications):
        found[row.notification_id].append(_statement(row))
    return found


async def misdirected_at(tx: Tx, recipient: UUID) -> set[UUID]:
    """The contact points of that person at which somebody said that a message is not for them."""
    query = (
        select(notifications.c.contact_id)
        .join(statements, statements.c.notification_id == notifications.c.id)
        .where(statements.c.recipient_id == recipient, statements.c.kind == StatementKind.MISDIRECTED)
    )
    return {contact for contact in (await tx.execute(query)).scalars() if contact is not None}


async def by_reference(tx: Tx, reference: str) -> Statement | None:
    """The statement that was given that reference."""
    row = (await tx.execute(select(statements).where(statements.c.reference == reference))).one_or_none()
    return _statement(row) if row else None


async def is_given(tx: Tx, reference: str) -> bool:
    """Whether that reference belongs to a statement already."""
    return bool((await tx.execute(select(exists().where(statements.c.reference == reference)))).scalar_one())


def _statement(row: Any) -> Statement:
    return Statement(
        id=row.id,
        notification=row.notification_id,
        recipient=row.recipient_id,
        kind=StatementKind(row.kind),
        reference=row.reference,
        made_at=row.made_at,
    )
