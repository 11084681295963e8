"""Bring a log back after an old backup: what was published of it comes back from a copy, or its shard ends at the mark.

Nothing is sent by this. Whatever may have left since the backup was made becomes unknown, and what is lost is counted
and listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.domain.shard import half_year, shard_of
from app.evidence.statement import statement_key_name
from app.merkle.checkpoint import Checkpoint
from app.merkle.tree import HASH_BYTES, CompactRange, leaf_hash
from app.ports import Mark, SigningKeys, Surroundings
from app.storage import facts as fact_store
from app.storage import log, log_keys, recovery
from app.storage.database import Database, Tx
from app.storage.log import PendingEntry, TreeHead
from app.usecases.ask_witnesses import Witnesses
from app.usecases.change_shards import ensure_keys, open_next_shard
from app.usecases.log_fault import LogFaultError, LogStuckError
from app.usecases.read_copy import CopiedShard, CopyError, ReadCopy, read_copied
from app.usecases.record_facts import new_fact_sheet
from app.usecases.restore_notifications import forget_progress
from app.usecases.trust_log import SignedCheckpoint, covers, only_signed

_NO_POSITION = 0  # positions count from 1
_EMPTY = CompactRange()


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRange:
    """Entries [first, last] of a shard whose facts are lost; `last` is None when nobody knows how many there were.

    `entries_too` when not even their hashes came back.
    """

    shard: str
    first: int
    last: int | None
    entries_too: bool

    @property
    def count(self) -> int:
        """How many, as far as that is known."""
        return 0 if self.last is None else self.last - self.first + 1

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.shard} {self.first} and after, nobody knows how many, with their entries"
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
        """How many facts have no document any more, as far as that is known."""
        return sum(each.count for each in self.lost)


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
    under a new origin whose first fact gives `reason`. So it does without a readable mark: witnesses and copies may not
    have seen what was signed last. The mark is written at the end when there was none.

    Raises LogFaultError when there is no log at all, CopyError when the copy cannot be used, and what `copy` raises.
    """
    remembered = mark.read()
    marks = only_signed(filter(None, [remembered]), keys=keys)
    async with database.read() as tx:
        heads = await log.heads(tx)
    copied = read_copied(copy, _sizes(heads), keys=keys) if copy else {}
    _require_continuation(copied, heads)
    known = [*_sizes(heads), *(each.checkpoint.origin for each in marks), *copied]
    told = await witnesses.latest([*dict.fromkeys([*known, f"{origin_base}/{half_year(surroundings.clock())}"])])
    shards = [shard.signed for shard in copied.values()]
    newest = _newest_of_each([*marks, *only_signed(told, keys=keys), *shards])

    async def recover(tx: Tx) -> tuple[Recovery | NothingToRecover, bytes | None]:
        await log.current_head(tx, lock=True)
        if mark.read() != remembered:
            raise LogStuckError("Somebody signed meanwhile; stop every process of the service, and try again")
        work = _Recovery(tx, copied=copied, keys=keys, surroundings=surroundings)
        await work.mend_all(newest, is_marked=bool(marks))
        if not work.changed:
            return NothingToRecover(), work.last_signed
        done = await _go_on(tx, work, origin_base=origin_base, reason=reason, keys=keys, surroundings=surroundings)
        return done, work.last_signed

    done, last_signed = await database.transact(recover)
    if not marks and last_signed is not None:
        mark.claim()
        mark.write(last_signed)
    return done


def _sizes(heads: Sequence[TreeHead]) -> dict[str, int]:
    return {head.origin: head.range.size for head in heads}


def _require_continuation(copied: Mapping[str, CopiedShard], heads: Sequence[TreeHead]) -> None:
    """Raise CopyError unless the copy's entries lead from those of the database to what we signed."""
    ranges = {head.origin: head.range for head in heads}
    for origin, shard in copied.items():
        known = ranges.get(origin, _EMPTY)
        if shard.checkpoint.size > known.size and not shard.continues(known):
            raise CopyError(
                f"The copy of {shard_of(origin)} does not continue what the database holds. "
                "Without --from the shard ends where it was signed last."
            )


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


class _Recovery:
    """One recovery in its transaction: what it did so far."""

    def __init__(
        self, tx: Tx, *, copied: Mapping[str, CopiedShard], keys: SigningKeys, surroundings: Surroundings
    ) -> None:
        self._tx = tx
        self._copied = copied
        self._keys = keys
        self._now = surroundings.clock()
        self._new_id = surroundings.new_id
        self.imported = 0
        self.lost: list[LostRange] = []
        self.last_signed: bytes | None = None
        self.changed = False

    async def mend_all(self, newest: Sequence[SignedCheckpoint], *, is_marked: bool) -> None:
        """Make the log hold what was signed of it. Without a mark nobody knows all of that, and the shard ends."""
        for each in newest:
            await self._mend(each)
        if not is_marked:
            await self._end_at_what_is_published()
        await self._close_all_but_the_newest()

    async def _mend(self, signed: SignedCheckpoint) -> None:
        """Make one shard hold what was signed of it, or end it there."""
        checkpoint, self.last_signed = signed.checkpoint, signed.note
        head = await self._head(signed)
        if head.final_note is not None and covers(head.final_note, checkpoint):
            self.last_signed = head.final_note
            return  # an earlier recovery has ended it there
        if await self._holds(head, checkpoint):
            return
        self.changed = True
        copied = self._copied.get(checkpoint.origin)
        if copied is not None and copied.checkpoint.size > head.range.size:
            head = await self._take_back(head, copied)
            await self._publish(head, copied.signed)
        if await self._holds(head, checkpoint):
            await self._publish(head, signed)
        else:
            await self._end(head, signed)

    async def _end_at_what_is_published(self) -> None:
        """Nobody remembers what was signed last: end the newest shard with its newest published checkpoint."""
        *older, head = await self._heads()
        newest = await log.newest_checkpoint(self._tx, head.shard)
        if head.final_note is not None:
            return
        if newest is not None:
            self.changed, self.last_signed = True, newest.note
            await self._cut(head, newest.note)
        elif older:  # an earlier recovery came so far, and was broken off before it wrote the mark
            self.last_signed = older[-1].final_note

    async def _close_all_but_the_newest(self) -> None:
        """Of a shard that another one followed nothing more is written, even if its end is lost."""
        for head in (await self._heads())[:-1]:
            if head.closed_at is None:
                await log.close_shard(self._tx, head, now=self._now)
                await log.note_losses(self._tx, head.shard, now=self._now)
                self.lost.append(LostRange(shard=head.shard, first=head.range.size, last=None, entries_too=True))

    async def _heads(self) -> list[TreeHead]:
        heads = await log.heads(self._tx)
        if not heads:
            raise LogFaultError("There is no log, and no checkpoint of one was signed")
        await ensure_keys(self._tx, heads[-1], self._keys, now=self._now)
        return heads

    async def _head(self, signed: SignedCheckpoint) -> TreeHead:
        """The head of the checkpoint's shard; an empty one when the database does not know the shard."""
        origin, shard = signed.checkpoint.origin, shard_of(signed.checkpoint.origin)
        heads = await log.heads(self._tx)
        if origin not in {head.origin for head in heads}:
            opened_at = max([self._now, *(head.opened_at + timedelta(milliseconds=1) for head in heads)])
            await log.open_shard(self._tx, shard=shard, origin=origin, now=opened_at)
            statements = self._keys.newest(statement_key_name(origin))
            await log_keys.add(self._tx, shard, use="statements", vkey=statements.vkey, now=self._now)
        for vkey in signed.vkeys:  # a rotation may be among what was lost
            await log_keys.add(self._tx, shard, use="log", vkey=str(vkey), now=self._now)
        return next(head for head in await log.heads(self._tx) if head.origin == origin)

    async def _holds(self, head: TreeHead, checkpoint: Checkpoint) -> bool:
        if head.range.size < checkpoint.size:
            return False
        return (await log.compact_range(self._tx, head.shard, checkpoint.size)).root() == checkpoint.root

    async def _publish(self, head: TreeHead, signed: SignedCheckpoint) -> None:
        checkpoint = signed.checkpoint
        await log.publish(
            self._tx, shard=head.shard, size=checkpoint.size, root=checkpoint.root, note=signed.note, now=self._now
        )

    async def _take_back(self, head: TreeHead, copied: CopiedShard) -> TreeHead:
        lost: list[int] = []
        for commitments in copied.commitments_from(head.range.size):
            known = await recovery.pending_by_commitment(self._tx, commitments)
            if head.range.size == 0 and copied.opening is not None:
                known[commitments[0]] = await self._opened(copied)
            first = head.range.size
            lost += [index for index, commitment in enumerate(commitments, start=first) if commitment not in known]
            entries = [known.get(commitment) or self._without_fact(commitment) for commitment in commitments]
            head = await log.sequence(self._tx, head, entries)
            self.imported += len(entries)
        if lost:
            await recovery.note_lost(self._tx, head.shard, lost, now=self._now)
            await log.note_losses(self._tx, head.shard, now=self._now)
            self.lost += _ranges(head.shard, lost)
        return head

    async def _opened(self, copied: CopiedShard) -> PendingEntry:
        """Entry 0 with its fact, which everybody can read."""
        opening = copied.opening
        assert opening is not None  # noqa: S101 – the caller has looked
        fact = await fact_store.restore(
            self._tx,
            fact_type="log.opened",
            document=opening.document,
            salt=opening.salt,
            leaf=leaf_hash(opening.entry),
        )
        return PendingEntry(position=_NO_POSITION, fact=fact, commitment=opening.entry[-HASH_BYTES:])

    def _without_fact(self, commitment: bytes) -> PendingEntry:
        return PendingEntry(position=_NO_POSITION, fact=self._new_id(), commitment=commitment)

    async def _end(self, head: TreeHead, signed: SignedCheckpoint) -> None:
        await self._cut(head, signed.note)
        # Where the database holds other entries than those that were signed, none of the signed ones is known.
        first = head.range.size if head.range.size < signed.checkpoint.size else 0
        self.lost.append(LostRange(shard=head.shard, first=first, last=signed.checkpoint.size - 1, entries_too=True))

    async def _cut(self, head: TreeHead, final_note: bytes) -> None:
        """End a shard. What is sequenced in it and was not published never will be, and is sealed in the next one."""
        await log.cut_shard(self._tx, head.shard, final_note=final_note, now=self._now)
        newest = await log.newest_checkpoint(self._tx, head.shard)
        published = newest.size if newest is not None else 0
        await recovery.seal_again(self._tx, head.shard, start=published, end=head.range.size)


def _ranges(shard: str, indexes: Sequence[int]) -> Iterator[LostRange]:
    """Rising indexes as stretches without a gap."""
    first = last = indexes[0]
    for index in indexes[1:]:
        if index != last + 1:
            yield LostRange(shard=shard, first=first, last=last, entries_too=False)
            first = index
        last = index
    yield LostRange(shard=shard, first=first, last=last, entries_too=False)
