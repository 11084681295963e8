"""What support did, beside the facts that tell of it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, or_, select

from app.domain.support import Act, SupportAct
from app.storage.database import Tx
from app.storage.sql import insert_rows, one_of
from app.storage.tables import legal_holds, support_acts

_ACT = support_acts.c


async def insert_all(tx: Tx, new: Sequence[SupportAct]) -> None:
    """Write acts, whose facts the same transaction writes."""
    rows = [
        {
            "id": each.id,
            "operator": each.operator,
            "recipient_id": each.recipient,
            "act": each.act,
            "actor": each.actor,
            "done_at": each.done_at,
            "shipment_index": each.shipment_index,
            "notification_id": each.notification,
            "made_id": each.made,
            "complaint_id": each.complaint,
            "fact_leaf": each.fact_leaf,
        }
        for each in new
    ]
    await insert_rows(tx, support_acts, rows)


async def concerning(
    tx: Tx, shipment: bytes, *, notifications: Collection[UUID], people: Collection[UUID], limit: int
) -> list[SupportAct]:
    """The newest acts about a shipment, about messages that tell of it, and about these people themselves."""
    about_people = and_(
        one_of(tx, _ACT.recipient_id, people), _ACT.shipment_index.is_(None), _ACT.notification_id.is_(None)
    )
    about_it = or_(_ACT.shipment_index == shipment, one_of(tx, _ACT.notification_id, notifications), about_people)
    query = select(support_acts).where(about_it)
    return [_act(row) for row in await tx.execute(query.order_by(_ACT.id.desc()).limit(limit))]


async def resent_as(tx: Tx, notification: UUID) -> UUID | None:
    """The notification by which that one was sent again; the caller holds the lock on its row."""
    query = select(_ACT.made_id).where(_ACT.notification_id == notification, _ACT.act == Act.RESENT)
    made: UUID | None = (await tx.execute(query)).scalar_one_or_none()
    return made


async def released(tx: Tx, notifications: Iterable[UUID]) -> set[UUID]:
    """Those of these notifications that were released."""
    query = select(_ACT.notification_id).where(
        one_of(tx, _ACT.notification_id, list(notifications)), _ACT.act == Act.RELEASED
    )
    return set((await tx.execute(query)).scalars())


async def of_complaint(tx: Tx, complaint: UUID, *, shipment: bytes) -> list[SupportAct]:
    """What was done about a complaint of that shipment, in order."""
    query = select(support_acts).where(_ACT.shipment_index == shipment, _ACT.complaint_id == complaint)
    return [_act(row) for row in await tx.execute(query.order_by(_ACT.id))]


async def delete_before(tx: Tx, *, before: UUID, limit: int) -> int:
    """Delete up to `limit` of those that are older than the id `before` (UUIDv7); how many. Their facts stay.

    Those about people under a legal hold stay as long as it does.
    """
    old = (
        select(_ACT.id)
        .where(_ACT.id < before, ~exists().where(legal_holds.c.recipient_id == _ACT.recipient_id))
        .order_by(_ACT.id)
        .limit(limit)
    )
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(support_acts).where(one_of(tx, _ACT.id, ids)))
    return len(ids)


def _act(row: Any) -> SupportAct:
    return SupportAct(
        id=row.id,
        operator=row.operator,
        recipient=row.recipient_id,
        act=Act(row.act),
        actor=row.actor,
        done_at=row.done_at,
        shipment_index=row.shipment_index,
        notification=row.notification_id,
        made=row.made_id,
        complaint=row.complaint_id,
        fact_leaf=row.fact_leaf,
    )
