"""Which facts stand where in the log."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import false, func, or_, select

from app.storage import log
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import facts, leaves, pending_entries


async def places(tx: Tx, fact_ids: Iterable[UUID]) -> dict[UUID, tuple[str, int]]:
    """Shard and index of those of these facts that are sequenced; the later place of one that was sealed again."""
    query = (
        select(leaves.c.fact_id, leaves.c.shard, leaves.c.leaf_index)
        .where(one_of(tx, leaves.c.fact_id, list(fact_ids)))
        .order_by(leaves.c.shard)
    )
    return {row.fact_id: (row.shard, row.leaf_index) for row in await tx.execute(query)}


async def published_facts(tx: Tx, notifications: Iterable[UUID]) -> dict[UUID, int]:
    """How many facts of each of these notifications stand under a published checkpoint."""
    covered = [
        (leaves.c.shard == shard) & (leaves.c.leaf_index < checkpoint.size)
        for shard, checkpoint in (await log.newest_checkpoints(tx)).items()
    ]
    query = (
        select(facts.c.notification_id, func.count(facts.c.n.distinct()).label("published"))  # one may be sealed twice
        .join(leaves, leaves.c.fact_id == facts.c.id)
        .where(one_of(tx, facts.c.notification_id, list(notifications)), or_(false(), *covered))
        .group_by(facts.c.notification_id)
    )
    return {row.notification_id: row.published for row in await tx.execute(query)}


async def lost_facts(tx: Tx) -> int:
    """How many facts have neither an index nor a place among those that wait for one."""
    query = (
        select(func.count())
        .select_from(facts)
        .outerjoin(leaves, leaves.c.fact_id == facts.c.id)
        .outerjoin(pending_entries, pending_entries.c.fact_id == facts.c.id)
        .where(leaves.c.fact_id.is_(None), pending_entries.c.fact_id.is_(None))
    )
    return int((await tx.execute(query)).scalar_one())
