"""Check the whole log in the database: documents, leaves, tiles, heads, checkpoints, mark, from the first entry on."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from app.evidence.fact import commitment_of, entry_bytes
from app.merkle.checkpoint import CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, VKey, verify_note
from app.merkle.tiles import TILE_WIDTH
from app.merkle.tree import CompactRange, fold_perfect, leaf_hash
from app.storage import facts as fact_store
from app.storage import log
from app.storage.database import Database
from app.storage.log import PublishedCheckpoint, TreeHead

CHUNK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where the log is not what it must be, in one sentence."""

    shard: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """What was checked and holds."""

    shard: str
    entries: int
    checkpoints: int
    tiles: int


async def check_log(
    database: Database, *, vkey_for: Callable[[str], VKey], mark: bytes | None, progress: Callable[[int], None]
) -> list[LogSummary | Difference]:
    """One result for each shard, the oldest first; stops at the first Difference.

    `vkey_for` gives the log's key for an origin; `progress` is told how many entries were read.
    """
    try:
        async with database.read() as tx:
            heads = await log.heads(tx)
    except ValueError as error:
        return [Difference(shard="tree_heads", sentence=str(error))]
    results: list[LogSummary | Difference] = []
    for head in heads:
        own_mark = mark if head is heads[-1] else None
        check = _ShardCheck(database, head, vkey_for(head.origin), own_mark, progress)
        try:
            results.append(await check.run())
        except _Differs as difference:
            return [*results, Difference(shard=head.shard, sentence=str(difference))]
    async with database.read() as tx:
        lost = await log.lost_facts(tx)
    if lost:
        results.append(Difference(shard="pending", sentence=f"{lost} facts were written and never reached the log"))
    return results


class _Differs(Exception):  # noqa: N818 – a finding, not an error
    """The sentence of a Difference."""


class _ShardCheck:
    def __init__(
        self,
        database: Database,
        head: TreeHead,
        vkey: VKey,
        mark: bytes | None,
        progress: Callable[[int], None],
    ) -> None:
        self._database = database
        self._head = head
        self._vkey = vkey
        self._mark = mark
        self._progress = progress
        self._range = CompactRange()
        self._tile: list[bytes] = []
        self._level_roots: list[bytes] = []

    async def run(self) -> LogSummary:
        async with self._database.read() as tx:
            published = await log.checkpoints_of(tx, self._head.shard)
        async with (
            self._database.read() as tx
        ):  # afterwards: a service at work goes on signing, and the head only grows
            self._head = next(head for head in await log.heads(tx) if head.shard == self._head.shard)
        signed = {checkpoint.size: self._signed_root(checkpoint) for checkpoint in published}
        if self._mark is not None:
            size, root = self._checkpoint(self._mark, "the mark")
            if signed.setdefault(size, root) != root:
                raise _Differs(f"the mark at size {size} differs from the published checkpoint")
        if max(signed, default=0) > self._head.range.size:
            raise _Differs(f"{max(signed)} entries were signed, {self._head.range.size} are there")
        tiles = 0
        async for leaves in self._chunks():
            tiles += await self._absorb(leaves, signed)
        if self._range != self._head.range:
            raise _Differs(f"the entries do not hash to the head of the tree at size {self._head.range.size}")
        tiles += await self._check_upper_tiles()
        return LogSummary(shard=self._head.shard, entries=self._range.size, checkpoints=len(published), tiles=tiles)

    def _signed_root(self, checkpoint: PublishedCheckpoint) -> bytes:
        size, root = self._checkpoint(checkpoint.note, f"the checkpoint of size {checkpoint.size}")
        if (size, root) != (checkpoint.size, checkpoint.root):
            raise _Differs(f"the checkpoint of size {checkpoint.size} is stored under another size or root")
        return root

    def _checkpoint(self, note: bytes, what: str) -> tuple[int, bytes]:
        try:
            checkpoint = parse_checkpoint(verify_note(note, [self._vkey]).text)
        except (NoteError, CheckpointError) as error:
            raise _Differs(f"{what} does not verify: {error}") from None
        if checkpoint.origin != self._head.origin:
            raise _Differs(f"{what} is of another log")
        return checkpoint.size, checkpoint.root

    async def _chunks(self) -> AsyncIterator[list[bytes]]:
        """Leaf hashes recomputed from the facts themselves, chunk by chunk."""
        size = self._head.range.size
        for start in range(0, size, CHUNK):
            end = min(start + CHUNK, size)
            async with self._database.read() as tx:
                placed = await log.facts_of_leaves(tx, self._head.shard, start, end)
                documents = await fact_store.by_ids(tx, [fact for fact, _ in placed])
            if len(placed) != end - start:
                raise _Differs(f"an entry between {start} and {end - 1} is missing")
            hashes = []
            for index, (fact, commitment) in enumerate(placed, start=start):
                stored = documents.get(fact)
                if stored is None:
                    raise _Differs(f"entry {index}: its fact is missing")
                if _commitment(stored) != commitment:
                    raise _Differs(f"entry {index}: the document or its salt was changed")
                hashes.append(leaf_hash(entry_bytes(commitment)))
                if hashes[-1] != stored.leaf:
                    raise _Differs(f"entry {index}: the stored leaf hash was changed")
            self._progress(len(hashes))
            yield hashes

    async def _absorb(self, hashes: list[bytes], signed: dict[int, bytes]) -> int:
        """Grow the tree, comparing every signed root on the way and every full tile; the number of tiles."""
        start = self._range.size
        stops = sorted(size for size in signed if start < size <= start + len(hashes))
        for stop in [*stops, start + len(hashes)]:
            self._range = self._range.extend(hashes[self._range.size - start : stop - start])
            if stop in signed and self._range.root() != signed[stop]:
                raise _Differs(f"the first {stop} entries do not hash to the root that was signed for them")
        self._tile += hashes
        tiles = 0
        while len(self._tile) >= TILE_WIDTH:
            await self._check_tile(0, len(self._level_roots), self._tile[:TILE_WIDTH])
            self._level_roots.append(fold_perfect(self._tile[:TILE_WIDTH]))
            del self._tile[:TILE_WIDTH]
            tiles += 1
        return tiles

    async def _check_upper_tiles(self) -> int:
        tiles, level, hashes = 0, 1, self._level_roots
        while len(hashes) >= TILE_WIDTH:
            full = [hashes[at : at + TILE_WIDTH] for at in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH)]
            for index, tile in enumerate(full):
                await self._check_tile(level, index, tile)
            tiles, level, hashes = tiles + len(full), level + 1, [fold_perfect(tile) for tile in full]
        return tiles

    async def _check_tile(self, level: int, index: int, hashes: list[bytes]) -> None:
        async with self._database.read() as tx:
            stored = await log.stored_tile(tx, self._head.shard, level, index)
        if stored != (b"".join(hashes), fold_perfect(hashes)):
            raise _Differs(f"tile {level}/{index} is not what its entries hash to")


def _commitment(stored: fact_store.StoredFact) -> bytes | None:
    """What the document and its salt commit to; None for a salt that can be none, which no fact was sealed with."""
    try:
        return commitment_of(stored.document, stored.salt)
    except ValueError:
        return None
