"""Time stamps (RFC 3161) over the texts of published checkpoints."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from app.merkle.note import parse_note
from app.storage.database import Tx
from app.storage.sql import insert_ignoring
from app.storage.tables import checkpoints, timestamps, tree_heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstamped:
    """A published checkpoint that has no stamp; `text` is its note's, which is to be stamped."""

    shard: str
    size: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamped checkpoint: the text of its note, and the TimeStampResp (DER) over that."""

    shard: str
    size: int
    text: str
    response: bytes = field(repr=False)
    stamped_at: datetime


async def keep(tx: Tx, *, shard: str, size: int, response: bytes, now: datetime) -> None:
    """Keep the stamp of a published checkpoint; a second one for the same checkpoint changes nothing."""
    statement = insert_ignoring(tx, timestamps, "shard", "size")
    await tx.execute(statement.values(shard=shard, size=size, response=response, stamped_at=now))


async def newest_stamp(tx: Tx, shard: str) -> tuple[int, datetime] | None:
    """Size of the largest stamped checkpoint of that shard, and when its stamp came; None without any."""
    query = select(timestamps.c.size, timestamps.c.stamped_at).where(timestamps.c.shard == shard)
    row = (await tx.execute(query.order_by(timestamps.c.size.desc()).limit(1))).one_or_none()
    return (row.size, row.stamped_at) if row else None


async def unstamped_ends(tx: Tx) -> list[Unstamped]:
    """The last checkpoint of each closed shard where it has no stamp, the oldest shard first.

    Of a shard whose entries fall short of what was signed, the last that the entries still prove.
    """
    largest = (
        select(func.max(checkpoints.c.size))
        .where(checkpoints.c.shard == tree_heads.c.shard, checkpoints.c.size <= tree_heads.c.size)
        .correlate(tree_heads)
        .scalar_subquery()
    )
    query = (
        select(checkpoints.c.shard, checkpoints.c.size, checkpoints.c.note)
        .join(tree_heads, tree_heads.c.shard == checkpoints.c.shard)
        .outerjoin(timestamps, _same_checkpoint())
        .where(
            tree_heads.c.closed_at.is_not(None),
            checkpoints.c.size == largest,
            or_(checkpoints.c.size == tree_heads.c.size, tree_heads.c.final_note.is_not(None)),
            timestamps.c.size.is_(None),
        )
        .order_by(tree_heads.c.opened_at)
    )
    return [
        Unstamped(shard=row.shard, size=row.size, text=parse_note(row.note).text) for row in await tx.execute(query)
    ]


async def of_checkpoint(tx: Tx, shard: str, size: int) -> Stamp | None:
    """The stamp of one checkpoint."""
    return await _first(tx, _stamps(shard).where(timestamps.c.size == size))


async def covering(tx: Tx, shard: str, size: int) -> Stamp | None:
    """The earliest stamp on a tree of at least `size` entries, else the newest on a smaller one.

    Only trees that the shard's entries still prove count: consistency with them can be shown.
    """
    provable = _stamps(shard).where(timestamps.c.size <= tree_heads.c.size)
    earliest = provable.where(timestamps.c.size >= size).order_by(timestamps.c.size)
    return await _first(tx, earliest) or await _first(tx, provable.order_by(timestamps.c.size.desc()))


def _stamps(shard: str) -> Any:
    return (
        select(timestamps, checkpoints.c.note)
        .join(checkpoints, _same_checkpoint())
        .join(tree_heads, tree_heads.c.shard == timestamps.c.shard)
        .where(timestamps.c.shard == shard)
    )


def _same_checkpoint() -> Any:
    return (timestamps.c.shard == checkpoints.c.shard) & (timestamps.c.size == checkpoints.c.size)


async def _first(tx: Tx, query: Any) -> Stamp | None:
    row = (await tx.execute(query.limit(1))).one_or_none()
    if row is None:
        return None
    return Stamp(
        shard=row.shard,
        size=row.size,
        text=parse_note(row.note).text,
        response=row.response,
        stamped_at=row.stamped_at,
    )
