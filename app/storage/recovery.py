"""What a recovery reads and writes: entries whose facts are lost, notifications that nobody knows the state of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.domain.notification import Status
from app.storage.database import Tx
from app.storage.log import PendingEntry
from app.storage.sql import insert_rows, locked, one_of
from app.storage.tables import facts, leaves, lost_entries, notifications, pending_entries

UNSETTLED = (Status.HELD, Status.QUEUED, Status.SENDING)


async def pending_by_commitment(tx: Tx, commitments: Iterable[bytes]) -> dict[bytes, PendingEntry]:
    """Those of the waiting entries that have one of these commitments."""
    query = select(pending_entries).where(one_of(tx, pending_entries.c.commitment, list(commitments)))
    return {
        row.commitment: PendingEntry(position=row.position, fact=row.fact_id, commitment=row.commitment)
        for row in await tx.execute(query)
    }


async def note_lost(tx: Tx, shard: str, indexes: Sequence[int], *, now: datetime) -> None:
    """The facts of these entries are lost; only their commitments came back."""
    await insert_rows(tx, lost_entries, [{"shard": shard, "leaf_index": index, "found_at": now} for index in indexes])


async def lost_count(tx: Tx, shard: str) -> int:
    """How many entries of a shard have lost their facts."""
    query = select(func.count()).select_from(lost_entries).where(lost_entries.c.shard == shard)
    return int((await tx.execute(query)).scalar_one())


async def lost_among(tx: Tx, shard: str, start: int, end: int) -> set[int]:
    """Which of the entries [start, end) have lost their facts."""
    query = select(lost_entries.c.leaf_index).where(
        lost_entries.c.shard == shard, lost_entries.c.leaf_index >= start, lost_entries.c.leaf_index < end
    )
    return set((await tx.execute(query)).scalars())


async def seal_again(tx: Tx, shard: str, *, start: int, end: int) -> None:
    """Have the facts of entries [start, end) wait for an index again, before all that wait already."""
    tail = select(leaves.c.fact_id, leaves.c.commitment).where(
        leaves.c.shard == shard, leaves.c.leaf_index >= start, leaves.c.leaf_index < end
    )
    again = list(await tx.execute(tail.join(facts, facts.c.id == leaves.c.fact_id).order_by(leaves.c.leaf_index)))
    # What is taken away is what is put back: an entry that comes meanwhile is not among it.
    removed = delete(pending_entries).returning(
        pending_entries.c.position, pending_entries.c.fact_id, pending_entries.c.commitment
    )
    waiting = sorted(await tx.execute(removed), key=lambda row: row.position)
    rows = [{"fact_id": row.fact_id, "commitment": row.commitment} for row in [*again, *waiting]]
    await insert_rows(tx, pending_entries, rows)


async def forbid_resends(tx: Tx) -> None:
    """Have no unknown notification sent once more."""
    of_these = (notifications.c.status == Status.UNKNOWN, notifications.c.unresolved.is_(False))
    await tx.execute(update(notifications).where(*of_these).values(resent=True))


async def unsettled(tx: Tx, *, limit: int) -> list[UUID]:
    """Notifications that may have been sent after the backup was made, locked."""
    query = (
        select(notifications.c.id)
        .where(notifications.c.status.in_(UNSETTLED))
        .order_by(notifications.c.id)
        .limit(limit)
    )
    return list((await tx.execute(locked(tx, query))).scalars())
