"""Check the whole log in the database: documents, leaves, tiles, heads, checkpoints, mark, from the first entry on.

Memory stays bounded by the chunk, but for 32 bytes a full tile of level 0, from which the tiles above are rebuilt.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.evidence.fact import commitment_of, entry_bytes
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, VKey, parse_vkey, verify_note
from app.merkle.tiles import TILE_WIDTH
from app.merkle.tree import CompactRange, fold_perfect, leaf_hash
from app.ports import SigningKeys
from app.storage import audit, log, placement, recovery
from app.storage.audit import AuditedCheckpoint, AuditedFact
from app.storage.database import Database
from app.storage.log import TreeHead

CHUNK = 4 * TILE_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where the log is not what it must be, in one sentence."""

    shard: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """What was checked and holds.

    Of `retired` entries the facts were removed because they were old, of `lost` ones a recovery found them lost.
    `short` counts entries that were signed after those that are there, where a recovery ended the shard.
    """

    shard: str
    entries: int
    checkpoints: int
    tiles: int
    retired: int = 0
    lost: int = 0
    short: int = 0


async def check_log(
    database: Database, *, keys: SigningKeys, mark: bytes | None, progress: Callable[[int], None]
) -> list[LogSummary | Difference]:
    """One result for each shard, the oldest first; stops at the first Difference.

    Only what one of our own `keys` signed counts; `progress` is told how many entries were read.
    """
    async with database.read() as tx:
        damaged = await audit.damaged_head(tx)
        if damaged is not None:
            return [Difference(shard=damaged, sentence="the stored head of the tree contradicts itself")]
        heads = await log.heads(tx)
    results: list[LogSummary | Difference] = []
    marked = mark.partition(b"\n")[0].decode(errors="replace") if mark else None
    if heads and marked not in {None, *(head.origin for head in heads)}:
        return [
            Difference(shard="mark", sentence="the mark does not verify: it names a log or a shard that is not there")
        ]
    for head in heads:
        vkeys = [parse_vkey(signer.vkey) for signer in keys.all(head.origin)]
        own_mark = mark if head.origin == marked else None
        check = _ShardCheck(database, head, vkeys, own_mark, progress)
        try:
            results.append(await check.run())
        except _Differs as difference:
            return [*results, Difference(shard=head.shard, sentence=str(difference))]
    async with database.read() as tx:
        lost = await placement.lost_facts(tx)
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
        vkeys: Sequence[VKey],
        mark: bytes | None,
        progress: Callable[[int], None],
    ) -> None:
        self._database = database
        self._head = head
        self._vkeys = vkeys
        self._progress = progress
        self._mark = mark
        self._marked: Checkpoint | None = None
        self._range = CompactRange()
        self._tile_roots: list[bytes] = []
        self._checkpoints = self._retired = self._lost = self._short = 0

    async def run(self) -> LogSummary:
        self._marked = None if self._mark is None else self._signed(self._mark, "the mark")
        if self._head.final_note is not None:
            self._check_cut(self._signed(self._head.final_note, "the last checkpoint of the shard"))
        await self._check_sizes()
        size = self._head.range.size
        for start in range(0, size, CHUNK):
            end = min(start + CHUNK, size)
            roots = await self._signed_roots(start, end)
            hashes = await self._leaf_hashes(start, end)
            self._grow(hashes, roots)
            self._tile_roots += await self._check_tiles(0, start // TILE_WIDTH, hashes)
            self._progress(len(hashes))
        if self._range != self._head.range:
            raise _Differs(f"the entries do not hash to the head of the tree at size {size}")
        tiles = len(self._tile_roots) + await self._check_upper_tiles()
        return LogSummary(
            shard=self._head.shard,
            entries=size,
            checkpoints=self._checkpoints,
            tiles=tiles,
            retired=self._retired,
            lost=self._lost,
            short=self._short,
        )

    def _check_cut(self, final: Checkpoint) -> None:
        """A recovery ended the shard at `final`, short of which its entries may fall: then the mark says the same."""
        self._short = max(0, final.size - self._head.range.size)
        if self._marked is not None and self._marked.size > final.size:
            raise _Differs(f"the shard was ended at {final.size} entries, {self._marked.size} were signed")
        if self._marked is not None and self._marked.size == final.size:
            if self._marked != final:
                raise _Differs(f"the mark at size {final.size} differs from the last checkpoint of the shard")
            self._marked = None

    async def _check_sizes(self) -> None:
        """Nothing was signed beyond the head, and no leaf lies outside of it."""
        async with self._database.read() as tx:
            outermost = await audit.outermost_checkpoints(tx, self._head.shard)
        # The head afterwards: a service at work goes on signing, and the head only grows.
        async with self._database.read() as tx:
            self._head = next(head for head in await log.heads(tx) if head.shard == self._head.shard)
            stray = await audit.stray_leaf(tx, self._head.shard)
        signed = [self._published(stored).size for stored in outermost]
        if self._marked is not None:
            signed.append(self._marked.size)
        size = self._head.range.size
        for each in signed:
            if not 0 < each <= size:
                raise _Differs(f"{each} entries were signed, {size} are there")
        if stray is not None:
            raise _Differs(f"entry {stray} lies outside of the tree, which has {size} entries")

    async def _signed_roots(self, start: int, end: int) -> Mapping[int, bytes]:
        """The roots that were signed for trees of `start` < size ≤ `end` entries, in the order of size."""
        async with self._database.read() as tx:
            stored = await audit.checkpoints_between(tx, self._head.shard, start, end)
        self._checkpoints += len(stored)
        roots = {checkpoint.size: self._published(checkpoint).root for checkpoint in stored}
        marked = self._marked
        if marked is not None and start < marked.size <= end:
            root = roots.setdefault(marked.size, marked.root)
            if root != marked.root:
                raise _Differs(f"the mark at size {marked.size} differs from the published checkpoint")
        return dict(sorted(roots.items()))

    def _published(self, stored: AuditedCheckpoint) -> Checkpoint:
        what = f"the checkpoint of size {stored.size}"
        signed = self._signed(stored.note, what)
        if signed.size != stored.size:
            raise _Differs(f"{what} is one of size {signed.size}")
        if signed.root != stored.root:
            raise _Differs(f"{what} is stored under another root")
        return signed

    def _signed(self, note: bytes, what: str) -> Checkpoint:
        try:
            checkpoint = parse_checkpoint(verify_note(note, self._vkeys).text)
        except (NoteError, CheckpointError) as error:
            raise _Differs(f"{what} does not verify: {error}") from None
        if checkpoint.origin != self._head.origin:
            raise _Differs(f"{what} is of another log")
        return checkpoint

    async def _leaf_hashes(self, start: int, end: int) -> list[bytes]:
        """The leaf hashes of [start, end), recomputed from the facts themselves."""
        async with self._database.read() as tx:
            found = await audit.leaves_with_facts(tx, self._head.shard, start, end)
            lost = await recovery.lost_among(tx, self._head.shard, start, end)
            retired_below = await audit.retired_below(tx, self._head.shard)
        missing = {*range(start, end)}.difference(leaf.index for leaf in found)
        if missing:
            raise _Differs(f"entry {min(missing)} is missing")
        hashes = []
        for leaf in found:
            hashes.append(leaf_hash(entry_bytes(leaf.commitment)))
            if leaf.fact is None and leaf.index in lost:
                self._lost += 1
            elif leaf.fact is None and leaf.index < retired_below:
                self._retired += 1
            elif not _fits(leaf.fact, leaf.commitment, hashes[-1]):
                raise _Differs(f"entry {leaf.index}: {await self._blame(leaf.fact, leaf.commitment, hashes[-1])}")
        return hashes

    async def _blame(self, fact: AuditedFact | None, commitment: bytes, leaf: bytes) -> str:
        """Which of the values that do not fit each other differs from the others."""
        if fact is None:
            async with self._database.read() as tx:
                kept = await audit.has_fact(tx, leaf)
            return "it names another fact than its own" if kept else "its fact is missing"
        if fact.leaf == leaf:
            return "the document or its salt was changed"
        if _commitment(fact) == commitment:
            return "the stored leaf hash was changed"
        return "its commitment is not that of its fact"

    def _grow(self, hashes: Sequence[bytes], roots: Mapping[int, bytes]) -> None:
        """Grow the tree by a chunk, comparing every signed root on the way."""
        start = self._range.size
        for size, root in roots.items():
            self._range = self._range.extend(hashes[self._range.size - start : size - start])
            if self._range.root() != root:
                raise _Differs(f"the first {size} entries do not hash to the root that was signed for them")
        self._range = self._range.extend(hashes[self._range.size - start :])

    async def _check_tiles(self, level: int, first: int, hashes: Sequence[bytes]) -> list[bytes]:
        """Compare the full tiles that `hashes` make up with those stored, from tile `first` on; their roots."""
        count = len(hashes) // TILE_WIDTH
        async with self._database.read() as tx:
            stored = await audit.tiles_between(tx, self._head.shard, level, first, first + count)
        roots = []
        for index in range(first, first + count):
            tile = hashes[(index - first) * TILE_WIDTH : (index - first + 1) * TILE_WIDTH]
            roots.append(fold_perfect(tile))
            if stored.get(index) != (b"".join(tile), roots[-1]):
                raise _Differs(f"tile {level}/{index} is not what its entries hash to")
        return roots

    async def _check_upper_tiles(self) -> int:
        """The number of full tiles above level 0."""
        tiles, level, hashes = 0, 1, self._tile_roots
        while len(hashes) >= TILE_WIDTH:
            roots = []
            for start in range(0, len(hashes), CHUNK):
                roots += await self._check_tiles(level, start // TILE_WIDTH, hashes[start : start + CHUNK])
            tiles, level, hashes = tiles + len(roots), level + 1, roots
        return tiles


def _fits(fact: AuditedFact | None, commitment: bytes, leaf: bytes) -> bool:
    return fact is not None and fact.leaf == leaf and _commitment(fact) == commitment


def _commitment(fact: AuditedFact) -> bytes | None:
    """What the document and its salt commit to; None for a salt that can be none, which no fact was sealed with."""
    try:
        return commitment_of(fact.document, fact.salt)
    except ValueError:
        return None
