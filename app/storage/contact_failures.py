"""Failures of contact points: messages that could not be delivered for good, until they were weighed."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.failing_contact import Failure
from app.domain.receipt import ReceiptStatus
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import attempts, contact_failures, legal_holds, notifications, receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedContact:
    """One message of ours that this contact point did not take. `bounced`: no message will ever reach it."""

    recipient: UUID
    contact: UUID
    attempt: UUID
    bounced: bool
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFailure:
    """One row; `id` rises with time."""

    id: UUID
    failure: FailedContact
    failed_at: datetime


async def insert_new(tx: Tx, failed: Sequence[tuple[UUID, FailedContact]], *, failed_at: datetime) -> None:
    """Keep failures under the ids given, not weighed yet; one for each attempt, the worst that was told."""
    rows = [
        {
            "id": row_id,
            "recipient_id": failure.recipient,
            "contact_id": failure.contact,
            "attempt_id": failure.attempt,
            "bounced": failure.bounced,
            "code": failure.code,
            "failed_at": failed_at,
            "weighed": False,
        }
        for row_id, failure in failed
    ]
    insert = postgresql.insert(contact_failures) if tx.is_postgres else sqlite.insert(contact_failures)
    told, worse = insert.excluded, contact_failures.c.bounced
    raised = {"bounced": worse | told.bounced, "weighed": contact_failures.c.weighed & (worse | ~told.bounced)}
    await tx.execute(insert.on_conflict_do_update(index_elements=["attempt_id"], set_=raised), rows)


async def not_weighed(tx: Tx, *, limit: int) -> list[KeptFailure]:
    """Up to `limit` failures of which nothing has followed yet, the oldest first."""
    query = select(contact_failures).where(~contact_failures.c.weighed).order_by(contact_failures.c.id).limit(limit)
    return [_kept(row) for row in await tx.execute(query)]


async def mark_weighed(tx: Tx, ids: Collection[UUID]) -> int:
    """Note that what follows from these failures was decided; of how many that was not noted yet."""
    waiting = one_of(tx, contact_failures.c.id, ids), contact_failures.c.weighed.is_(False)
    return (await tx.execute(update(contact_failures).where(*waiting).values(weighed=True))).rowcount


async def of_contacts(tx: Tx, recipients: Collection[UUID]) -> dict[UUID, list[Failure]]:
    """All failures of these people's contact points, by contact point, with when each message was sent."""
    query = (
        select(contact_failures.c.contact_id, contact_failures.c.bounced, attempts.c.started_at)
        .join(attempts, attempts.c.id == contact_failures.c.attempt_id)
        .where(one_of(tx, contact_failures.c.recipient_id, recipients))
    )
    found: dict[UUID, list[Failure]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.contact_id].append(Failure(bounced=row.bounced, sent_at=row.started_at))
    return found


async def last_delivered(tx: Tx, recipients: Collection[UUID]) -> dict[UUID, datetime]:
    """When the last message was sent to each of these people's contact points that a provider reported delivered."""
    query = (
        select(notifications.c.contact_id, func.max(attempts.c.started_at).label("sent_at"))
        .join(attempts, attempts.c.notification_id == notifications.c.id)
        .where(
            one_of(tx, notifications.c.recipient_id, recipients),
            notifications.c.contact_id.is_not(None),
            exists().where(receipts.c.attempt_id == attempts.c.id, receipts.c.status == ReceiptStatus.DELIVERED),
        )
        .group_by(notifications.c.contact_id)
    )
    return {row.contact_id: row.sent_at for row in await tx.execute(query)}


async def of_recipient(tx: Tx, recipient: UUID, *, after: UUID, limit: int) -> list[KeptFailure]:
    """The next failures of one person's contact points, by id."""
    query = (
        select(contact_failures)
        .where(contact_failures.c.recipient_id == recipient, contact_failures.c.id > after)
        .order_by(contact_failures.c.id)
        .limit(limit)
    )
    return [_kept(row) for row in await tx.execute(query)]


async def delete_before(tx: Tx, *, before: UUID, limit: int) -> int:
    """Delete up to `limit` of those that are older than the id `before` (UUIDv7); how many.

    Those of people under a legal hold stay as long as it does.
    """
    old = (
        select(contact_failures.c.id)
        .where(
            contact_failures.c.id < before,
            ~exists().where(legal_holds.c.recipient_id == contact_failures.c.recipient_id),
        )
        .order_by(contact_failures.c.id)
        .limit(limit)
    )
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(contact_failures).where(one_of(tx, contact_failures.c.id, ids)))
    return len(ids)


def _kept(row: Any) -> KeptFailure:
    return KeptFailure(
        id=row.id,
        failure=FailedContact(
            recipient=row.recipient_id,
            contact=row.contact_id,
            attempt=row.attempt_id,
            bounced=row.bounced,
            code=row.code,
        ),
        failed_at=row.failed_at,
    )
