"""Bring a log back after an old backup: what was published of it comes back from a copy, or its shard ends at the mark.

Nothing is sent by this. Whatever may have left since the backup was made becomes unknown, and what is lost is counted
and listed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.shard import half_year, shard_of
from app.evidence.copied_files import MalformedError, bundled_entries, read_opening
from app.evidence.fact import entry_bytes
from app.merkle.checkpoint import Checkpoint
from app.merkle.tiles import TILE_WIDTH, tile_path, tile_width
from app.merkle.tree import HASH_BYTES, CompactRange, leaf_hash
from app.ports import Mark, SigningKeys, Surroundings
from app.storage import log, log_keys, recovery
from app.storage.database import Database, Tx
from app.storage.log import PendingEntry, TreeHead
from app.usecases.ask_witnesses import Witnesses
from app.usecases.log_fault import LogFaultError
from app.usecases.open_shard import ensure_keys, open_next_shard
from app.usecases.record_facts import new_fact_sheet
from app.usecases.restore_notifications import forget_progress
from app.usecases.trust_log import SignedCheckpoint, only_signed, read_signed, says_the_same

_NO_POSITION = 0  # positions count from 1

ReadCopy = Callable[[str], bytes | None]
"""A file of the published log by its path below the log's address, such as `2026h2/checkpoint`; None: not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRange:
    """Entries [first, last] of a shard whose facts are lost. `entries_too` when not even their hashes came back."""

    shard: str
    first: int
    last: int
    entries_too: bool

    def __str__(self) -> str:
        return f"{self.shard} {self.first}-{self.last}" + (" with their entries" if self.entries_too else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a recovery did. `successor` is the shard that was opened, None when the same one goes on."""

    imported: int
    lost: tuple[LostRange, ...]
    successor: str | None
    unknown: int

    @property
    def lost_facts(self) -> int:
        """How many facts have no document any more."""
        return sum(each.last - each.first + 1 for each in self.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToRecover:
    """The database holds everything that was signed, as far as mark, witnesses and copy know."""


async def recover_log(
    database: Database,
    *,
    origin_base: str,
    mark: Mark,
    witnesses: Witnesses,
    copy: ReadCopy | None,
    reason: str,
    keys: SigningKeys,
    surroundings: Surroundings,
) -> Recovery | NothingToRecover:
    """Compare the database with mark, witnesses and copy, and mend it in one transaction.

    Entries that were published and that the copy holds are taken back under their old indexes. Where they cannot be
    had, or the database holds others, the shard ends with the checkpoint that was signed last, and the log goes on
    under a new origin whose first fact gives `reason`. Raises LogFaultError when a checkpoint is none of ours, or
    there is no log at all, and what `copy` raises.
    """
    remembered = mark.read()
    copied = [read_signed(note, keys=keys) for note in _copied_notes(copy)]
    told = await witnesses.latest(await _origins(database, origin_base, remembered, surroundings))
    seen = only_signed(told, keys=keys)
    signed = [read_signed(note, keys=keys) for note in [*([remembered] if remembered else []), *seen]]
    newest = _newest_of_each([*signed, *copied])
    bundles = await _missing_bundles(database, copy, copied)

    async def mend(tx: Tx) -> Recovery | NothingToRecover:
        work = _Recovery(tx, bundles=bundles, copied=copied, surroundings=surroundings)
        for each in newest:
            await work.mend(each, is_last=each is newest[-1])
        head = await log.current_head(tx, lock=True)
        if head is None:
            raise LogFaultError("There is no log, and no checkpoint of one was signed")
        await ensure_keys(tx, head, keys, now=surroundings.clock())
        if not newest:
            await work.end_at_what_is_published(head, mark)
        if not work.changed:
            return NothingToRecover()
        return await _go_on(tx, work, origin_base=origin_base, reason=reason, keys=keys, surroundings=surroundings)

    return await database.transact(mend)


async def _origins(
    database: Database, origin_base: str, remembered: bytes | None, surroundings: Surroundings
) -> list[str]:
    """The shards that witnesses may know: those of the database, of the mark, and of the present half-year."""
    async with database.read() as tx:
        known = [head.origin for head in await log.heads(tx)]
    marked = [_origin_of(remembered)] if remembered else []
    return list(dict.fromkeys([*known, *marked, f"{origin_base}/{half_year(surroundings.clock())}"]))


async def _go_on(
    tx: Tx, work: "_Recovery", *, origin_base: str, reason: str, keys: SigningKeys, surroundings: Surroundings
) -> Recovery:
    successor = await open_next_shard(tx, origin_base, keys=keys, surroundings=surroundings, detail=reason)
    unknown = await forget_progress(tx, surroundings=surroundings)
    done = Recovery(imported=work.imported, lost=tuple(work.lost), successor=successor, unknown=unknown)
    head = await log.current_head(tx)
    assert head is not None  # noqa: S101 – it was there before, or was opened above
    sheet = await new_fact_sheet(tx, surroundings)
    sheet.record(
        "log.recovered",
        at=surroundings.clock(),
        data={
            "origin": head.origin,
            "vkey": (await log_keys.of_shard(tx, head.shard)).log[-1],
            "previous_checkpoint": work.last_signed.decode() if work.last_signed else None,
            "detail": _in_words(done, reason),
        },
    )
    await sheet.write(tx)
    return done


def _in_words(done: Recovery, reason: str) -> str:
    places = ", ".join(str(each) for each in done.lost)
    lost = f"facts lost: {done.lost_facts} ({places})" if done.lost else "no fact lost"
    return f"{reason}; entries taken back: {done.imported}; {lost}; notifications made unknown: {done.unknown}"


def _newest_of_each(signed: Sequence[SignedCheckpoint]) -> list[SignedCheckpoint]:
    """The largest checkpoint of each shard, the oldest shard first."""
    newest: dict[str, SignedCheckpoint] = {}
    for each in signed:
        known = newest.get(each.checkpoint.origin)
        if known is None or each.checkpoint.size > known.checkpoint.size:
            newest[each.checkpoint.origin] = each
    return [newest[origin] for origin in sorted(newest, key=shard_of)]


def _copied_notes(copy: ReadCopy | None) -> Iterator[bytes]:
    """The checkpoints of the copy, from its newest shard back to its first."""
    note = copy("checkpoint") if copy else None
    while copy is not None and note is not None:
        yield note
        opening = copy(f"{shard_of(_origin_of(note))}/opening.json")
        try:
            previous = read_opening(opening).previous_checkpoint if opening else None
        except MalformedError as error:
            raise LogFaultError(f"The copy cannot be used: {error}") from None
        note = previous.encode() if previous else None


async def _missing_bundles(
    database: Database, copy: ReadCopy | None, copied: Sequence[SignedCheckpoint]
) -> dict[str, bytes]:
    """The copy's entries that the database lacks, read before a transaction is open: they may come from afar."""
    async with database.read() as tx:
        sizes = {head.origin: head.range.size for head in await log.heads(tx)}
    found: dict[str, bytes] = {}
    for each in copied:
        for _, path in _bundles_after(sizes.get(each.checkpoint.origin, 0), each.checkpoint):
            data = copy(path) if copy else None
            if data is None:
                break
            found[path] = data
    return found


def _bundles_after(size: int, copied: Checkpoint) -> Iterator[tuple[int, str]]:
    """Index and path of the copy's entry bundles that hold entries from `size` on."""
    shard = shard_of(copied.origin)
    for index in range(size // TILE_WIDTH, -(-copied.size // TILE_WIDTH)):
        yield index, f"{shard}/{tile_path('entries', index, tile_width(0, index, copied.size))}"


def _origin_of(note: bytes) -> str:
    return note.partition(b"\n")[0].decode()


class _Recovery:
    """One recovery in its transaction: what it did so far."""

    def __init__(
        self, tx: Tx, *, bundles: Mapping[str, bytes], copied: Sequence[SignedCheckpoint], surroundings: Surroundings
    ) -> None:
        self._tx = tx
        self._bundles = bundles
        self._copied = {each.checkpoint.origin: each.checkpoint for each in copied}
        self._now = surroundings.clock()
        self._new_id = surroundings.new_id
        self.imported = 0
        self.lost: list[LostRange] = []
        self.last_signed: bytes | None = None
        self.changed = False

    async def mend(self, signed: SignedCheckpoint, *, is_last: bool) -> None:
        """Make one shard hold what was signed of it, or end it there."""
        checkpoint, self.last_signed = signed.checkpoint, signed.note
        head = await self._head(signed)
        if head.final_note is not None and says_the_same(head.final_note, checkpoint):
            return  # an earlier recovery has ended it here
        if await self._holds(head, checkpoint):
            return
        self.changed = True
        copied = self._copied.get(checkpoint.origin)
        if copied is not None and copied.size > head.range.size and self._continues(head.range, copied):
            head = await self._take_back(head, copied)
        if not await self._holds(head, checkpoint):
            await self._end(head, signed)
            return
        await log.publish(
            self._tx, shard=head.shard, size=checkpoint.size, root=checkpoint.root, note=signed.note, now=self._now
        )
        if not is_last:
            await log.close_shard(self._tx, head, now=self._now)

    async def end_at_what_is_published(self, head: TreeHead, mark: Mark) -> None:
        """Nobody remembers what was signed: end the shard with its newest published checkpoint."""
        newest = await log.newest_checkpoint(self._tx, head.shard)
        if newest is None:
            return
        self.changed, self.last_signed = True, newest.note
        mark.write(newest.note)  # before the commit: a mark of what is published does no harm
        await log.cut_shard(self._tx, head.shard, final_note=newest.note, now=self._now)

    async def _head(self, signed: SignedCheckpoint) -> TreeHead:
        """The head of the checkpoint's shard; an empty one when the database does not know the shard."""
        origin = signed.checkpoint.origin
        known = {head.origin: head for head in await log.heads(self._tx)}
        if origin not in known:
            shard = shard_of(origin)
            await log.open_shard(self._tx, shard=shard, origin=origin, now=self._now)
            for vkey in signed.vkeys:
                await log_keys.add(self._tx, shard, use="log", vkey=str(vkey), now=self._now)
            known = {head.origin: head for head in await log.heads(self._tx)}
        return known[origin]

    async def _holds(self, head: TreeHead, checkpoint: Checkpoint) -> bool:
        if head.range.size < checkpoint.size:
            return False
        return (await log.compact_range(self._tx, head.shard, checkpoint.size)).root() == checkpoint.root

    def _continues(self, known: CompactRange, copied: Checkpoint) -> bool:
        """Whether the copy's entries after ours lead to the copy's checkpoint, which we signed."""
        for commitments in self._missing(known.size, copied):
            known = known.extend(leaf_hash(entry_bytes(commitment)) for commitment in commitments)
        return known.size == copied.size and known.root() == copied.root

    def _missing(self, size: int, copied: Checkpoint) -> Iterator[list[bytes]]:
        """The commitments of entries [size, copied.size), a bundle of at most 256 at a time; fewer where one is bad."""
        for index, path in _bundles_after(size, copied):
            try:
                entries = bundled_entries(self._bundles.get(path, b""))
            except MalformedError:
                return
            start = max(0, size - index * TILE_WIDTH)
            yield [entry[-HASH_BYTES:] for entry in entries[start:]]

    async def _take_back(self, head: TreeHead, copied: Checkpoint) -> TreeHead:
        lost: list[int] = []
        for commitments in self._missing(head.range.size, copied):
            waiting = await recovery.pending_by_commitment(self._tx, commitments)
            entries = [waiting.get(commitment) or self._without_fact(commitment) for commitment in commitments]
            first = head.range.size
            lost += [index for index, entry in enumerate(entries, start=first) if entry.commitment not in waiting]
            head = await log.sequence(self._tx, head, entries) or head
            self.imported += len(entries)
        if lost:
            await recovery.note_lost(self._tx, head.shard, lost, now=self._now)
            await log.note_losses(self._tx, head.shard, now=self._now)
            self.lost += _ranges(head.shard, lost)
        return head

    def _without_fact(self, commitment: bytes) -> PendingEntry:
        return PendingEntry(position=_NO_POSITION, fact=self._new_id(), commitment=commitment)

    async def _end(self, head: TreeHead, signed: SignedCheckpoint) -> None:
        await log.cut_shard(self._tx, head.shard, final_note=signed.note, now=self._now)
        # Where the database holds other entries than those that were signed, none of the signed ones is known.
        first = head.range.size if head.range.size < signed.checkpoint.size else 0
        self.lost.append(LostRange(shard=head.shard, first=first, last=signed.checkpoint.size - 1, entries_too=True))


def _ranges(shard: str, indexes: Sequence[int]) -> Iterator[LostRange]:
    """Rising indexes as stretches without a gap."""
    first = last = indexes[0]
    for index in indexes[1:]:
        if index != last + 1:
            yield LostRange(shard=shard, first=first, last=last, entries_too=False)
            first = index
        last = index
    yield LostRange(shard=shard, first=first, last=last, entries_too=False)
