"""Reads for an audit of the log: no value is decoded that damage may have made undecodable, no key is believed."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, union

from app.merkle.tree import CompactRange
from app.storage.database import Tx
from app.storage.tables import checkpoints, facts, leaves, retired_entries, tiles, tree_heads


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFact:
    """What is kept of the fact that a leaf names."""

    document: bytes
    salt: bytes = field(repr=False)
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLeaf:
    """A leaf as stored; `fact` is None when what it names is not there."""

    index: int
    commitment: bytes
    fact: AuditedFact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCheckpoint:
    """A published checkpoint as stored."""

    size: int
    root: bytes
    note: bytes = field(repr=False)


async def leaves_with_facts(tx: Tx, shard: str, start: int, end: int) -> list[AuditedLeaf]:
    """Those of the leaves [start, end) that are there, in order. Facts are found inside the database, by its bytes."""
    query = (
        select(leaves.c.leaf_index, leaves.c.commitment, facts.c.document, facts.c.salt, facts.c.leaf)
        .outerjoin(facts, facts.c.id == leaves.c.fact_id)
        .where(leaves.c.shard == shard, leaves.c.leaf_index >= start, leaves.c.leaf_index < end)
        .order_by(leaves.c.leaf_index)
    )
    return [
        AuditedLeaf(
            index=row.leaf_index,
            commitment=row.commitment,
            fact=None if row.leaf is None else AuditedFact(document=row.document, salt=row.salt, leaf=row.leaf),
        )
        for row in await tx.execute(query)
    ]


async def stray_leaf(tx: Tx, shard: str) -> int | None:
    """The index of a leaf that lies outside of its tree, or None. One statement: a tree that grows is no stray."""
    query = (
        select(leaves.c.leaf_index)
        .join(tree_heads, tree_heads.c.shard == leaves.c.shard)
        .where(leaves.c.shard == shard, (leaves.c.leaf_index < 0) | (leaves.c.leaf_index >= tree_heads.c.size))
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def retired_below(tx: Tx, shard: str) -> int:
    """Below this index facts may be gone because they were too old."""
    query = select(retired_entries.c.below_index).where(retired_entries.c.shard == shard)
    return int((await tx.execute(query)).scalar_one_or_none() or 0)


async def has_fact(tx: Tx, leaf: bytes) -> bool:
    """Whether a fact with this leaf hash is kept, under whatever id."""
    return bool((await tx.execute(select(func.count()).where(facts.c.leaf == leaf))).scalar_one())


async def tiles_between(tx: Tx, shard: str, level: int, start: int, end: int) -> dict[int, tuple[bytes, bytes]]:
    """Hashes and root of those of the full tiles [start, end) of a level that are there, by index."""
    query = select(tiles.c.tile_index, tiles.c.hashes, tiles.c.root).where(
        tiles.c.shard == shard, tiles.c.level == level, tiles.c.tile_index >= start, tiles.c.tile_index < end
    )
    return {row.tile_index: (row.hashes, row.root) for row in await tx.execute(query)}


async def checkpoints_between(tx: Tx, shard: str, after: int, upto: int) -> list[AuditedCheckpoint]:
    """The checkpoints that are stored under a size of `after` < size ≤ `upto`, the smallest first."""
    query = _stored().where(checkpoints.c.shard == shard, checkpoints.c.size > after, checkpoints.c.size <= upto)
    return _audited(await tx.execute(query.order_by(checkpoints.c.size)))


async def outermost_checkpoints(tx: Tx, shard: str) -> list[AuditedCheckpoint]:
    """The checkpoints that are stored under the smallest and the largest size; none when there are none."""
    of_shard = checkpoints.c.shard == shard
    sizes = union(
        select(func.min(checkpoints.c.size)).where(of_shard), select(func.max(checkpoints.c.size)).where(of_shard)
    )
    return _audited(await tx.execute(_stored().where(of_shard, checkpoints.c.size.in_(sizes))))


async def damaged_head(tx: Tx) -> str | None:
    """The shard whose stored head is no frontier of a tree of its size, or None."""
    query = select(tree_heads.c.shard, tree_heads.c.size, tree_heads.c.range).order_by(tree_heads.c.opened_at)
    for row in await tx.execute(query):
        try:
            known = CompactRange.from_bytes(row.range)
        except ValueError:
            return str(row.shard)
        if known.size != row.size:
            return str(row.shard)
    return None


def _stored() -> Any:
    return select(checkpoints.c.size, checkpoints.c.root, checkpoints.c.note)


def _audited(rows: Any) -> list[AuditedCheckpoint]:
    return [AuditedCheckpoint(size=row.size, root=row.root, note=row.note) for row in rows]
