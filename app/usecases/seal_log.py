"""Seal the evidence log: sequence what is pending, verify what was committed, sign, remember, publish – in that order.

What a crash leaves behind, step by step:
after sequencing   the entries have their indexes; the next turn verifies, signs and publishes the same tree
after signing      nothing outside knows of the signature; Ed25519 is deterministic, the next one is the same
after the mark     the mark is ahead of what is published; the next turn publishes the mark's very note

Any number of processes may do this: the head's row is locked while entries get their indexes and while a signature is
remembered and published, it moves only by compare-and-set, and every process re-hashes what the others committed
before it signs anything.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import datetime

from app.evidence.fact import entry_bytes
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, parse_vkey, sign_note, verify_note
from app.merkle.tree import CompactRange, leaf_hash
from app.ports import Mark, Signer, Surroundings
from app.storage import log
from app.storage.database import Database, Tx
from app.storage.log import TreeHead
from app.usecases.record_facts import new_fact_sheet

BATCH_MAX = 1024
_VERIFY_CHUNK = 8192


class LogFaultError(Exception):
    """The database does not hold the log that was signed. Nothing may be signed, sent or accepted.

    The text is one sentence for the operator; it names `awizo log recover`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; nothing is signed, sent or accepted until `awizo log recover` was run")


class MarkError(Exception):
    """The mark cannot be written, so no checkpoint may be published; one sentence."""


def shard_name(moment: datetime) -> str:
    """The half-year (UTC) that `moment` falls in: `2026h2`."""
    return f"{moment.year}h{1 if moment.month <= 6 else 2}"


class Sealer:
    """Seals on behalf of one process. `start` must have succeeded before `turn` is called."""

    def __init__(
        self,
        database: Database,
        *,
        origin_base: str,
        signer_for: Callable[[str], Signer],
        mark: Mark,
        surroundings: Surroundings,
    ) -> None:
        self._database = database
        self._origin_base = origin_base
        self._signer_for = signer_for
        self._mark = mark
        self._surroundings = surroundings
        self._verified = CompactRange()

    async def start(self) -> None:
        """Open the log at the first start; else check that the database holds what the mark says was signed.

        Raises LogFaultError when it does not.
        """
        # The mark before the head: what was signed until now is in every head that is read after it.
        note = self._mark.read()
        head = await self._database.transact(lambda tx: self._open_or_take_over(tx, note))
        await self._check_mark(head, note)
        while await self.turn():
            pass

    async def _open_or_take_over(self, tx: Tx, note: bytes | None) -> TreeHead:
        head = await log.current_head(tx, lock=True)
        if head is not None:
            return await log.take_epoch(tx, head) or head
        if note is not None:
            raise LogFaultError("The database is empty, but a checkpoint of its log was signed before")
        now = self._surroundings.clock()
        shard = shard_name(now)
        origin = f"{self._origin_base}/{shard}"
        await log.open_shard(tx, shard=shard, origin=origin, now=now)
        sheet = await new_fact_sheet(tx, self._surroundings)
        vkey = self._signer_for(origin).vkey
        sheet.record("log.opened", at=now, data={"origin": origin, "vkey": vkey})
        await sheet.write(tx)
        opened = await log.current_head(tx)
        assert opened is not None  # noqa: S101 – written two lines above
        return opened

    async def _check_mark(self, head: TreeHead, note: bytes | None) -> None:
        self._verified = CompactRange()
        if note is None:
            async with self._database.read() as tx:
                published = await log.newest_checkpoint(tx)
            if published is None:  # whoever opened the log has not come as far as its first signature
                return
            note = self._mark.read()  # written meanwhile by a process that started with us?
            if note is None:
                raise LogFaultError("The log was published, but the mark of the last signed checkpoint is missing")
            async with self._database.read() as tx:
                head = await log.current_head(tx) or head
        signed = self._read_note(note, head)
        if signed.size > head.range.size:
            raise LogFaultError(
                f"The database is behind the mark: it has {head.range.size} entries, {signed.size} were signed"
            )
        async with self._database.read() as tx:
            known = await log.compact_range(tx, head.shard, signed.size)
        if known.root() != signed.root:
            raise LogFaultError(f"The first {signed.size} entries differ from those that were signed")
        self._verified = known
        async with self._database.write() as tx:
            await self._publish(tx, head, signed, note)

    def _read_note(self, note: bytes, head: TreeHead) -> Checkpoint:
        try:
            vkey = parse_vkey(self._signer_for(head.origin).vkey)
            checkpoint = parse_checkpoint(verify_note(note, [vkey]).text)
        except (NoteError, CheckpointError) as error:
            raise LogFaultError(f"The mark is not a checkpoint of this log ({error})") from error
        if checkpoint.origin != head.origin:
            raise LogFaultError("The mark is a checkpoint of another log")
        return checkpoint

    async def turn(self) -> int:
        """Sequence up to 1,024 pending entries and publish what is not published yet; the number sequenced.

        Raises LogFaultError when what was committed is not what we believed.
        """
        sequenced = await self._database.transact(self._sequence)
        async with self._database.read() as tx:
            head = await log.current_head(tx)
            newest = await log.newest_checkpoint(tx)
        if head is not None and head.range.size > (newest.size if newest else 0):
            await self._verify(head)
            await self._sign_and_publish(head)
        return sequenced

    async def _sequence(self, tx: Tx) -> int:
        if not await log.pending(tx, limit=1):
            return 0
        head = await log.current_head(tx, lock=True)
        entries = await log.pending(tx, limit=BATCH_MAX)
        if head is None or not entries:
            return 0
        if await log.sequence(tx, head, entries) is None:
            raise LogFaultError("The head of the log moved under its lock")
        return len(entries)

    async def _verify(self, head: TreeHead) -> None:
        """Re-hash, over another connection, what was committed since the last signature."""
        if head.range.size < self._verified.size:
            raise LogFaultError(
                f"The log shrank from {self._verified.size} to {head.range.size} entries while it was being written"
            )
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
        signer = self._signer_for(head.origin)
        note = sign_note(checkpoint.text(), vkey=parse_vkey(signer.vkey), sign=signer.sign)
        async with self._database.write() as tx:
            # One process at a time remembers and publishes, so that the mark never goes back to a smaller tree.
            await log.current_head(tx, lock=True)
            newest = await log.newest_checkpoint(tx)
            if newest is None or newest.size < checkpoint.size:
                await self._remember(note)
                await self._publish(tx, head, checkpoint, note)

    async def _remember(self, note: bytes) -> None:
        try:
            await asyncio.to_thread(self._mark.write, note)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise MarkError(
                f"The mark cannot be written ({reason}); nothing is published. See AWIZO_MARK_FILE."
            ) from None

    async def _publish(self, tx: Tx, head: TreeHead, checkpoint: Checkpoint, note: bytes) -> None:
        now = self._surroundings.clock()
        await log.publish(tx, shard=head.shard, size=checkpoint.size, root=checkpoint.root, note=note, now=now)


def _leaf_hashes(commitments: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(entry_bytes(commitment)) for commitment in commitments]
