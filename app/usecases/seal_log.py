"""Seal the evidence log: sequence what is pending, verify what was committed, sign, remember, publish – in that order.

What a crash leaves behind, step by step:
after sequencing   the entries have their indexes; the next turn verifies, signs and publishes the same tree
after signing      nothing outside knows of the signature; Ed25519 is deterministic, the next one is the same
after the mark     the mark is ahead of what is published; the next start publishes the mark's very note
after the witness  a cosignature waits for its checkpoint, which the next turn publishes
after closing      the shard has its last entry; the next turn publishes it and opens the shard that follows

Any number of processes may do this: the head's row is locked while entries get their indexes and while a signature is
remembered, it moves only by compare-and-set, and every process re-hashes what the others committed before it signs
anything. Witnesses are asked while no transaction is open.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from app.domain.shard import half_year, is_over
from app.evidence.fact import entry_bytes
from app.merkle.checkpoint import Checkpoint
from app.merkle.tree import CompactRange, leaf_hash
from app.ports import Mark, SigningKeys, Surroundings
from app.storage import log, log_keys
from app.storage.database import Database, Tx
from app.storage.log import TreeHead
from app.usecases.ask_witnesses import Witnesses
from app.usecases.change_shards import close_shard, ensure_keys, open_first_shard, open_next_shard
from app.usecases.log_fault import LogFaultError, MarkError, damage_is_a_fault
from app.usecases.sign_notes import signed_by_all
from app.usecases.trust_log import SignedCheckpoint, is_newer, only_signed, reaches, read_signed, trusted_range

BATCH_MAX = 1024
BATCHES_MAX = 8
_VERIFY_CHUNK = 8192
_START_TURNS_MAX = 4

T = TypeVar("T")


class Sealer:
    """Seals on behalf of one process. `start` must have succeeded before `turn` is called."""

    def __init__(
        self,
        database: Database,
        *,
        origin_base: str,
        keys: SigningKeys,
        mark: Mark,
        surroundings: Surroundings,
        witnesses: Witnesses | None = None,
    ) -> None:
        self._database = database
        self._origin_base = origin_base
        self._keys = keys
        self._mark = mark
        self._surroundings = surroundings
        self._witnesses = witnesses or Witnesses((), surroundings=surroundings)
        self._written_shard: str | None = None
        self._remembered: bytes | None = None
        self._verified_shard = ""
        self._verified = CompactRange()
        self.turned_at: datetime | None = None  # when the last turn that went well did

    @damage_is_a_fault()
    async def start(self) -> None:
        """Open the log at the first start; else check that the database holds what was signed of it.

        What was signed is what the mark says, and what the witnesses cosigned last. Raises LogFaultError when the
        database holds less, or something else.
        """
        # The mark before the head: what was signed until now is in every head that is read after it.
        note = await self._in_file(self._mark.read)
        seen = only_signed(await self._witnesses.latest(await self._origins()), keys=self._keys)
        await self._database.transact(lambda tx: self._open_or_take_over(tx, signed=bool(note or seen)))
        await self._trust(note, seen)
        for _ in range(_START_TURNS_MAX):  # facts may come faster than one process seals them: the worker goes on
            if not await self.turn():
                break

    async def _origins(self) -> list[str]:
        """The shards that a witness may know: ours, and the one that the clock says is being written."""
        async with self._database.read() as tx:
            known = [head.origin for head in await log.heads(tx)]
        return list(dict.fromkeys([*known[-1:], f"{self._origin_base}/{half_year(self._surroundings.clock())}"]))

    async def _open_or_take_over(self, tx: Tx, *, signed: bool) -> None:
        head = await log.current_head(tx, lock=True)
        if head is not None:
            await log.take_epoch(tx, head)
            await ensure_keys(tx, head, self._keys, now=self._surroundings.clock())
            return
        if signed:
            raise LogFaultError("The database is empty, but a checkpoint of its log was signed before")
        await open_first_shard(tx, self._origin_base, keys=self._keys, surroundings=self._surroundings)

    async def _trust(self, note: bytes | None, seen: Sequence[SignedCheckpoint]) -> None:
        self._verified_shard, self._verified, self._remembered = "", CompactRange(), None
        note = note or await self._without_mark(seen)
        own = [read_signed(note, keys=self._keys)] if note is not None else []
        for signed in [*seen, *own]:
            trusted = await trusted_range(self._database, signed)
            if trusted.head.final_note is None:
                async with self._database.write() as tx:
                    await self._publish(tx, trusted.head, trusted.checkpoint, trusted.note)
            self._verified_shard, self._verified = trusted.head.shard, trusted.range
        self._remembered = note

    async def _without_mark(self, seen: Sequence[SignedCheckpoint]) -> bytes | None:
        """The mark, when there was none a moment ago: one that was written since, or what a witness remembers.

        None before the first signature. A witness that remembers less than what was published is no substitute.
        """
        async with self._database.read() as tx:
            published = await log.newest_checkpoint(tx)
        if published is None:  # whoever opened the log has not come as far as its first signature
            return None
        note = await self._in_file(self._mark.read)  # written meanwhile by a process that started with us?
        if note is not None:
            return note
        for told in seen:
            trusted = await trusted_range(self._database, told)
            if (trusted.head.shard, trusted.checkpoint.size) >= (published.shard, published.size):
                await self._in_file(self._mark.claim)
                await self._in_file(partial(self._mark.write, trusted.note))
                return trusted.note
        raise LogFaultError("The log was published, but the mark of the last signed checkpoint is missing")

    @damage_is_a_fault()
    async def turn(self) -> int:
        """Sequence up to 8 × 1,024 pending entries and publish what is not published yet; the number sequenced.

        Raises LogFaultError when the database does not hold what was signed, or what was committed is not what we
        believed; MarkError or MissingKeyError when nothing can be signed for now.
        """
        sequenced = await self._sequence_queue()
        async with self._database.read() as tx:
            head = await log.current_head(tx)
            newest = await log.newest_checkpoint(tx, head.shard) if head else None
        if head is None:
            raise LogFaultError("The log is gone from the database")
        await self._check_mark(head)
        if head.range.size > (newest.size if newest else 0) and head.final_note is None:
            await self._verify(head)
            await self._sign_and_publish(head)
        elif newest is not None:
            self._witnesses.remind(self._database, newest)
        for signed in only_signed(self._witnesses.take_larger(), keys=self._keys):
            await trusted_range(self._database, signed)
        if head.closed_at is not None:
            sequenced += await self._database.transact(self._open_next)
        self.turned_at = self._surroundings.clock()
        return sequenced

    async def _sequence_queue(self) -> int:
        """Sequence batch after batch, so that one signature covers a queue; the number of entries."""
        sequenced = 0
        for _ in range(BATCHES_MAX):
            batch = await self._database.transact(self._sequence)
            sequenced += batch
            if batch < BATCH_MAX:
                break
        return sequenced

    @damage_is_a_fault()
    async def look(self) -> None:
        """Compare the database with the mark, and do nothing else. Raises as `turn` does."""
        async with self._database.read() as tx:
            head = await log.current_head(tx)
        if head is None:
            raise LogFaultError("The log is gone from the database")
        await self._check_mark(head)

    async def reaches_mark(self, tx: Tx) -> bool:
        """Whether the log that `tx` sees is at least as long as the one that was signed last, by whomever.

        For those who must not wait for the next turn to find out that the database went back in a failover. A mark that
        cannot be read at the moment stops nobody.
        """
        try:
            note = await self._in_file(self._mark.read)
        except MarkError:
            return True
        head = await log.current_head(tx)
        return note is None or (head is not None and reaches(head, note))

    async def seal_shard(self, detail: str) -> str:
        """Write the last entry of the shard that is being written; the next turns publish it and open another.

        `detail` says why. Gives the name of the shard.
        """

        async def close(tx: Tx) -> str:
            head = await log.current_head(tx, lock=True)
            if head is None or head.closed_at is not None:
                raise LogFaultError("No shard is open")
            entries = await log.pending(tx, limit=BATCH_MAX - 1)
            await close_shard(tx, head, entries, detail=detail, surroundings=self._surroundings)
            return head.shard

        return await self._database.transact(close)

    async def close(self) -> None:
        """Wait no longer for witnesses."""
        await self._witnesses.close()

    async def _sequence(self, tx: Tx) -> int:
        over = self._is_over(self._written_shard)
        if not over and not await log.pending(tx, limit=1):
            return 0
        head = await log.current_head(tx, lock=True)
        if head is None or head.closed_at is not None:
            return 0
        self._written_shard = head.shard
        if self._is_over(head.shard):
            await close_shard(tx, head, [], detail="the half-year is over", surroundings=self._surroundings)
            return 1
        entries = await log.pending(tx, limit=BATCH_MAX)
        await log.sequence(tx, head, entries)
        return len(entries)

    def _is_over(self, shard: str | None) -> bool:
        return shard is not None and is_over(shard, self._surroundings.clock())

    async def _open_next(self, tx: Tx) -> int:
        opened = await open_next_shard(tx, self._origin_base, keys=self._keys, surroundings=self._surroundings)
        return 1 if opened else 0

    async def _check_mark(self, head: TreeHead) -> None:
        """Others may have signed since this process did last, and the database may have been set back under it."""
        note = await self._in_file(self._mark.read)
        if note is None and self._remembered is not None:
            raise MarkError("The mark is gone; nothing is published. See AWIZO_MARK_FILE.")
        went_on = head.shard == self._verified_shard and head.range.size >= self._verified.size
        if note is not None and (note != self._remembered or not went_on):
            await trusted_range(self._database, read_signed(note, keys=self._keys))
        self._remembered = note

    async def _verify(self, head: TreeHead) -> None:
        """Re-hash, over another connection, what was committed since the last signature."""
        if head.shard != self._verified_shard:
            self._verified_shard, self._verified = head.shard, CompactRange()
        grown = self._verified
        for start in range(grown.size, head.range.size, _VERIFY_CHUNK):
            end = min(start + _VERIFY_CHUNK, head.range.size)
            async with self._database.read() as tx:
                grown = grown.extend(_leaf_hashes(await log.commitments(tx, head.shard, start, end)))
        if grown != head.range:
            raise LogFaultError(f"The committed entries do not hash to the head of the tree at {head.range.size}")
        self._verified = grown

    async def _sign_and_publish(self, head: TreeHead) -> None:
        checkpoint = Checkpoint(origin=head.origin, size=head.range.size, root=head.range.root())
        note = await self._signed(head, checkpoint)
        async with self._database.write() as tx:
            # One process at a time remembers, so that the mark never goes back to a smaller tree.
            await log.current_head(tx, lock=True)
            # The claim between two questions: who lost the lock before it fails at the next, who loses it after it
            # cannot write any more once somebody else has claimed.
            remembered = await self._in_file(self._mark.claim)
            newest = await log.newest_checkpoint(tx, head.shard)
            if remembered != self._remembered or (newest is not None and newest.size >= checkpoint.size):
                return  # somebody else signs at this moment; the next turn looks at what it was
            if remembered is None or is_newer(checkpoint, than=remembered):
                await self._in_file(partial(self._mark.write, note))
                self._remembered = note
        await self._witnesses.ask(self._database, head.shard, checkpoint, note)
        async with self._database.write() as tx:
            await self._publish(tx, head, checkpoint, note)

    async def _signed(self, head: TreeHead, checkpoint: Checkpoint) -> bytes:
        """The checkpoint, signed with every key of its shard: after a rotation, by the old one and the new."""
        async with self._database.read() as tx:
            vkeys = (await log_keys.of_shard(tx, head.shard)).log
        return signed_by_all(checkpoint.text(), vkeys, self._keys)

    async def _in_file(self, act: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(act)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise MarkError(
                f"The mark cannot be read or written ({reason}); nothing is published. See AWIZO_MARK_FILE."
            ) from None

    async def _publish(self, tx: Tx, head: TreeHead, checkpoint: Checkpoint, note: bytes) -> None:
        now = self._surroundings.clock()
        await log.publish(tx, shard=head.shard, size=checkpoint.size, root=checkpoint.root, note=note, now=now)


def _leaf_hashes(commitments: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(entry_bytes(commitment)) for commitment in commitments]
