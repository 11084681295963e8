"""The evidence log: entries waiting, leaves, full tiles, tree heads, published checkpoints."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, tuple_, update

from app.domain.fact import Anchor
from app.evidence.fact import entry_bytes
from app.merkle.plans import Node, perfect_nodes
from app.merkle.tiles import TILE_WIDTH, node_in_tile, tile_of, tile_width
from app.merkle.tree import HASH_BYTES, CompactRange, fold_perfect, leaf_hash
from app.storage.database import Tx
from app.storage.driver import fetch
from app.storage.sql import insert_columns, insert_ignoring, locked, one_of
from app.storage.tables import checkpoints, leaves, pending_entries, tiles, tree_heads


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """How far a shard has been sequenced. `epoch` counts takeovers.

    A shard that was closed grows no more. `final_note` is its last signed checkpoint when a recovery found fewer
    entries than that, `losses_at` the moment when one found that facts of it are lost.
    """

    shard: str
    origin: str
    range: CompactRange
    epoch: int
    opened_at: datetime
    closed_at: datetime | None = None
    final_note: bytes | None = field(default=None, repr=False)
    losses_at: datetime | None = None


class PendingEntry(NamedTuple):
    """An entry without an index yet."""

    position: int
    fact: UUID
    commitment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCheckpoint:
    """A checkpoint as published: `note` is the signed note verbatim."""

    shard: str
    origin: str
    size: int
    root: bytes
    note: bytes = field(repr=False)
    published_at: datetime


async def open_shard(tx: Tx, *, shard: str, origin: str, now: datetime) -> TreeHead:
    """Begin an empty shard."""
    head = TreeHead(shard=shard, origin=origin, range=CompactRange(), epoch=0, opened_at=now)
    values = {"shard": shard, "origin": origin, "size": 0, "range": head.range.to_bytes(), "epoch": 0}
    await tx.execute(insert(tree_heads).values(**values, opened_at=now))
    return head


async def close_shard(tx: Tx, head: TreeHead, *, now: datetime) -> None:
    """No entry comes after those that `head` counts; its row is locked."""
    await _change_head(tx, head.shard, closed_at=now)


async def cut_shard(tx: Tx, shard: str, *, final_note: bytes, now: datetime) -> None:
    """Close a shard whose entries fall short of `final_note`, the last checkpoint that was signed of it."""
    await _change_head(tx, shard, closed_at=now, final_note=final_note, losses_at=now)


async def note_losses(tx: Tx, shard: str, *, now: datetime) -> None:
    """Facts of this shard were found lost."""
    await _change_head(tx, shard, losses_at=now)


async def _change_head(tx: Tx, shard: str, **values: object) -> None:
    await tx.execute(update(tree_heads).where(tree_heads.c.shard == shard).values(values))


async def current_head(tx: Tx, *, lock: bool = False) -> TreeHead | None:
    """The head of the shard that is being written, or None before the log was opened."""
    query = select(tree_heads).order_by(tree_heads.c.opened_at.desc()).limit(1)
    row = (await tx.execute(locked(tx, query) if lock else query)).one_or_none()
    if lock and row is not None:
        newest = (await tx.execute(query)).one()
        if newest.shard != row.shard:  # another shard was opened while we waited for the lock
            return await current_head(tx, lock=True)
    return _head(row) if row else None


async def heads(tx: Tx) -> list[TreeHead]:
    """The heads of all shards, the oldest first. Raises ValueError when one is damaged."""
    return [_head(row) for row in await tx.execute(select(tree_heads).order_by(tree_heads.c.opened_at))]


class DamagedHeadError(ValueError):
    """What the database keeps as the head of a tree is none."""


def _head(row: Any) -> TreeHead:
    try:
        known = CompactRange.from_bytes(row.range)
    except ValueError as error:
        raise DamagedHeadError(str(error)) from None
    if known.size != row.size:
        raise DamagedHeadError("the stored head of a tree contradicts itself")
    return TreeHead(
        shard=row.shard,
        origin=row.origin,
        range=known,
        epoch=row.epoch,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        final_note=row.final_note,
        losses_at=row.losses_at,
    )


async def pending(tx: Tx, *, limit: int) -> list[PendingEntry]:
    """The entries that wait for an index, in the order in which they must get one."""
    query = _PENDING.order_by(pending_entries.c.position).limit(limit)
    return [PendingEntry._make(row) for row in await tx.execute(query)]


async def pending_of(tx: Tx, fact: UUID) -> PendingEntry:
    """The entry of one fact that waits for its index."""
    row = (await tx.execute(_PENDING.where(pending_entries.c.fact_id == fact))).one()
    return PendingEntry._make(row)


_PENDING = select(pending_entries.c.position, pending_entries.c.fact_id, pending_entries.c.commitment)


async def pending_count(tx: Tx, facts: Collection[UUID] | None = None) -> int:
    """How many entries wait, of all or of these facts."""
    query = select(func.count()).select_from(pending_entries)
    if facts is not None:
        query = query.where(one_of(tx, pending_entries.c.fact_id, facts))
    return int((await tx.execute(query)).scalar_one())


class HeadMovedError(Exception):
    """Somebody else moved the head of the tree, although its row was locked; the transaction must be rolled back."""


async def sequence(tx: Tx, head: TreeHead, entries: Sequence[PendingEntry]) -> TreeHead:
    """Give `entries` the next indexes after `head`, whose row is locked.

    Leaves, full tiles and the new head are written in this transaction. Raises HeadMovedError if the head moved.
    """
    if not entries:
        return head
    positions, fact_ids, added = zip(*entries, strict=True)
    hashes = [leaf_hash(entry_bytes(commitment)) for commitment in added]
    grown = head.range.extend(hashes)
    moved = await tx.execute(
        update(tree_heads)
        .where(
            tree_heads.c.shard == head.shard,
            tree_heads.c.size == head.range.size,
            tree_heads.c.epoch == head.epoch,
        )
        .values(size=grown.size, range=grown.to_bytes())
    )
    if moved.rowcount != 1:
        raise HeadMovedError(head.shard)
    indexes = range(head.range.size, grown.size)
    placed: dict[str, Sequence[Any]] = {
        "shard": [head.shard] * len(indexes),
        "leaf_index": indexes,
        "fact_id": fact_ids,
        "commitment": added,
    }
    await insert_columns(tx, leaves, placed)
    await tx.execute(delete(pending_entries).where(one_of(tx, pending_entries.c.position, positions)))
    await _write_full_tiles(tx, head.shard, head.range.size, hashes)
    return replace(head, range=grown)


async def take_epoch(tx: Tx, head: TreeHead) -> TreeHead | None:
    """Count a takeover: a transaction that read the head before it loses its compare-and-set."""
    taken = await tx.execute(
        update(tree_heads)
        .where(tree_heads.c.shard == head.shard, tree_heads.c.epoch == head.epoch)
        .values(epoch=head.epoch + 1)
    )
    if taken.rowcount != 1:
        return None
    return replace(head, epoch=head.epoch + 1)


async def _write_full_tiles(tx: Tx, shard: str, size: int, added: list[bytes]) -> None:
    """Write the tiles that became full when the tree of `size` leaves got those with the hashes `added`."""
    level = 0
    while size % TILE_WIDTH + len(added) >= TILE_WIDTH:
        first = size // TILE_WIDTH
        begun = await _hashes_at_tile_level(tx, shard, level, first * TILE_WIDTH, size)
        hashes = begun + added
        full = [hashes[at : at + TILE_WIDTH] for at in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH)]
        roots = [fold_perfect(tile) for tile in full]
        indexes = range(first, first + len(full))
        columns: dict[str, Sequence[Any]] = {
            "shard": [shard] * len(full),
            "level": [level] * len(full),
            "tile_index": indexes,
            "hashes": [b"".join(tile) for tile in full],
            "root": roots,
        }
        await insert_columns(tx, tiles, columns)
        size, added, level = first, roots, level + 1


async def _hashes_at_tile_level(tx: Tx, shard: str, level: int, start: int, end: int) -> list[bytes]:
    """Hashes [start, end) of tile level `level`: leaf hashes at level 0, roots of the tiles below elsewhere."""
    if start == end:
        return []
    if level == 0:
        return [leaf_hash(entry_bytes(c)) for c in await commitments(tx, shard, start, end)]
    query = (
        select(tiles.c.root)
        .where(
            tiles.c.shard == shard,
            tiles.c.level == level - 1,
            tiles.c.tile_index >= start,
            tiles.c.tile_index < end,
        )
        .order_by(tiles.c.tile_index)
    )
    return list((await tx.execute(query)).scalars())


async def commitments(tx: Tx, shard: str, start: int, end: int) -> list[bytes]:
    """The commitments of leaves [start, end), in order."""
    query = (
        select(leaves.c.commitment)
        .where(leaves.c.shard == shard, leaves.c.leaf_index >= start, leaves.c.leaf_index < end)
        .order_by(leaves.c.leaf_index)
    )
    return list((await tx.execute(query)).scalars())


async def node_hashes(tx: Tx, shard: str, size: int, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of perfect subtrees in the tree of `size` leaves, each tile read once."""
    by_tile: dict[tuple[int, int], list[Node]] = {}
    for node in nodes:
        span = tile_of(node)
        by_tile.setdefault((span.level, span.index), []).append(node)
    full = [place for place in by_tile if tile_width(*place, size) == TILE_WIDTH]
    hashes = await _stored_hashes(tx, shard, full) if full else {}
    for level, index in by_tile.keys() - hashes.keys():
        start = index * TILE_WIDTH
        end = start + tile_width(level, index, size)
        hashes[level, index] = await _hashes_at_tile_level(tx, shard, level, start, end)
    return {node: node_in_tile(node, hashes[place]) for place, wanted in by_tile.items() for node in wanted}


async def _stored_hashes(tx: Tx, shard: str, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], list[bytes]]:
    """The hashes of full tiles, by level and index. Raises LookupError when one is missing."""
    query = select(tiles.c.level, tiles.c.tile_index, tiles.c.hashes).where(
        tiles.c.shard == shard, tuple_(tiles.c.level, tiles.c.tile_index).in_(places)
    )
    found = {
        (row.level, row.tile_index): [row.hashes[at : at + HASH_BYTES] for at in range(0, len(row.hashes), HASH_BYTES)]
        for row in await tx.execute(query)
    }
    if len(found) != len(places):
        raise LookupError("a full tile of the log is missing")
    return found


async def tile_hashes(tx: Tx, shard: str, level: int, index: int, size: int) -> list[bytes]:
    """The hashes of one tile of the tree of `size` leaves: stored when full, else derived."""
    width = tile_width(level, index, size)
    if width == TILE_WIDTH:
        return (await _stored_hashes(tx, shard, [(level, index)]))[level, index]
    start = index * TILE_WIDTH
    return await _hashes_at_tile_level(tx, shard, level, start, start + width)


async def compact_range(tx: Tx, shard: str, size: int) -> CompactRange:
    """The frontier of the first `size` leaves, from tiles and leaves."""
    nodes = perfect_nodes(0, size)
    hashes = await node_hashes(tx, shard, size, nodes)
    return CompactRange(size=size, hashes=tuple(hashes[node] for node in nodes))


async def publish(tx: Tx, *, shard: str, size: int, root: bytes, note: bytes, now: datetime) -> None:
    """Publish a signed checkpoint; the same one again changes nothing."""
    statement = insert_ignoring(tx, checkpoints, "shard", "size")
    await tx.execute(statement.values(shard=shard, size=size, root=root, note=note, published_at=now))


async def newest_checkpoint(tx: Tx, shard: str | None = None) -> PublishedCheckpoint | None:
    """The largest published checkpoint of one shard, by default of the newest shard that has one."""
    query = _NEWEST if shard is None else _newest_of(shard)
    row = (await tx.execute(query)).one_or_none()
    return _checkpoint(row) if row else None


async def newest_checkpoints(tx: Tx) -> dict[str, PublishedCheckpoint]:
    """The largest published checkpoint of each shard that has one."""
    rows = await tx.execute(_NEWEST_OF_EACH)
    return {row.shard: _checkpoint(row) for row in rows}


async def checkpoint(tx: Tx, *, origin: str, size: int) -> PublishedCheckpoint | None:
    """The published checkpoint of that origin and size, or None."""
    query = _published().where(tree_heads.c.origin == origin, checkpoints.c.size == size)
    row = (await tx.execute(query)).one_or_none()
    return _checkpoint(row) if row else None


async def checkpoints_at(tx: Tx, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], PublishedCheckpoint]:
    """The published checkpoints of these origins and sizes."""
    if not places:
        return {}
    query = _published().where(tuple_(tree_heads.c.origin, checkpoints.c.size).in_(places))
    return {(row.origin, row.size): _checkpoint(row) for row in await tx.execute(query)}


async def last_loss_at(tx: Tx) -> datetime | None:
    """When a recovery last found that facts are lost; None when none ever did."""
    latest: datetime | None = (await tx.execute(select(func.max(tree_heads.c.losses_at)))).scalar_one()
    return latest


def _published() -> Any:
    return select(checkpoints, tree_heads.c.origin).join(tree_heads, tree_heads.c.shard == checkpoints.c.shard)


def _newest_of(shard: Any) -> Any:
    return _published().where(checkpoints.c.shard == shard).order_by(checkpoints.c.size.desc()).limit(1)


_NEWEST = _newest_of(
    select(tree_heads.c.shard)
    .where(exists().where(checkpoints.c.shard == tree_heads.c.shard))
    .order_by(tree_heads.c.opened_at.desc())
    .limit(1)
    .scalar_subquery()
)


_of_shard = checkpoints.alias()
_LARGEST = select(func.max(_of_shard.c.size)).where(_of_shard.c.shard == tree_heads.c.shard).scalar_subquery()
_NEWEST_OF_EACH = _published().where(checkpoints.c.size == _LARGEST)


def _checkpoint(row: Any) -> PublishedCheckpoint:
    return PublishedCheckpoint(
        shard=row.shard,
        origin=row.origin,
        size=row.size,
        root=row.root,
        note=row.note,
        published_at=row.published_at,
    )


async def anchor(tx: Tx) -> Anchor | None:
    """The newest published checkpoint as an anchor for facts; None before the first."""
    found = await fetch(tx, _ANCHOR, ())
    return Anchor(origin=found[0][0], size=found[0][1], root=found[0][2]) if found else None


# Asked in every transaction that writes facts, so in the words of both drivers.
_ANCHOR = """
SELECT h.origin, c.size, c.root FROM checkpoints c JOIN tree_heads h ON h.shard = c.shard
WHERE c.shard = (
    SELECT n.shard FROM tree_heads n WHERE EXISTS (SELECT 1 FROM checkpoints p WHERE p.shard = n.shard)
    ORDER BY n.opened_at DESC LIMIT 1
)
ORDER BY c.size DESC LIMIT 1
"""
