"""Have other people's witnesses cosign checkpoints, without waiting for them longer than half a second.

Each witness is asked on its own and one thing at a time; what it answers later is added to the same checkpoint, and
one that was away is asked for the newest checkpoint when it may be back.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from app.merkle.checkpoint import Checkpoint
from app.merkle.cosignature import CosignerKey, cosignatures_in
from app.merkle.note import NoteError, signature_line
from app.merkle.plans import consistency_plan, plan_nodes, resolve
from app.merkle.witness_request import format_add_checkpoint
from app.ports import Behind, Cosigned, Surroundings, Unanswered, Witness
from app.storage import cosignatures, log
from app.storage.database import Database
from app.storage.log import PublishedCheckpoint

WAIT_SECONDS = 0.5
_AFTER_FAILURE, _AFTER_FAILURE_MAX = timedelta(seconds=5), timedelta(minutes=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWitness:
    """How to reach a witness, and the key that its cosignatures verify under."""

    witness: Witness
    key: CosignerKey


@dataclass(slots=True)
class _Memory:
    """What this process knows of one witness: the size it saw last of each shard, and when to ask again."""

    sizes: dict[str, int] = field(default_factory=dict)
    done: Checkpoint | None = None
    ask_again_at: datetime | None = None
    pause: timedelta = _AFTER_FAILURE
    task: asyncio.Task[None] | None = None


class Witnesses:
    """The witnesses of one process's log.

    Raises nothing for what they do or say.
    """

    def __init__(self, known: Iterable[KnownWitness], *, surroundings: Surroundings) -> None:
        self._known = tuple(known)
        self._surroundings = surroundings
        self._memory = {each.key: _Memory() for each in self._known}
        self._larger: list[bytes] = []

    async def latest(self, origins: Sequence[str]) -> list[bytes]:
        """The checkpoints of these shards that the witnesses cosigned last, as far as they say."""
        asked = [each.witness.latest(origin) for each in self._known for origin in origins]
        return [note for note in await asyncio.gather(*asked) if note is not None]

    async def ask(self, database: Database, shard: str, checkpoint: Checkpoint, note: bytes) -> None:
        """Ask every witness that is not being asked already; return when all have answered, at the latest after 0.5 s.

        No transaction may be open.
        """
        tasks = [
            self._start(each, database, shard, checkpoint, note)
            for each in self._known
            if self._may_ask(each, checkpoint)
        ]
        if tasks:
            await asyncio.wait(tasks, timeout=WAIT_SECONDS)

    def remind(self, database: Database, newest: PublishedCheckpoint) -> None:
        """Ask those who have not cosigned the newest checkpoint yet, and wait for nobody."""
        checkpoint = Checkpoint(origin=newest.origin, size=newest.size, root=newest.root)
        for each in self._known:
            if self._may_ask(each, checkpoint):
                self._start(each, database, newest.shard, checkpoint, newest.note)

    async def close(self) -> None:
        """Give up what is still being asked, and close the connections."""
        tasks = [memory.task for memory in self._memory.values() if memory.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._known:
            await each.witness.close()

    def take_larger(self) -> list[bytes]:
        """What they showed, since this was asked last, for having seen a larger tree than the database has.

        Nothing vouches for it yet.
        """
        taken, self._larger = self._larger, []
        return taken

    def _may_ask(self, each: KnownWitness, checkpoint: Checkpoint) -> bool:
        memory = self._memory[each.key]
        if memory.done == checkpoint or (memory.task is not None and not memory.task.done()):
            return False
        return memory.ask_again_at is None or memory.ask_again_at <= self._surroundings.clock()

    def _start(
        self, each: KnownWitness, database: Database, shard: str, checkpoint: Checkpoint, note: bytes
    ) -> asyncio.Task[None]:
        memory = self._memory[each.key]
        memory.task = asyncio.create_task(self._ask_one(each, database, shard, checkpoint, note))
        return memory.task

    async def _ask_one(
        self, each: KnownWitness, database: Database, shard: str, checkpoint: Checkpoint, note: bytes
    ) -> None:
        memory = self._memory[each.key]
        try:
            refusal = await self._cosigned(each, database, shard, checkpoint, note)
        except Exception as error:  # noqa: BLE001 – nobody awaits this task's result; the next turn asks again
            refusal = f"asking failed ({type(error).__name__})"
        if refusal is None:
            memory.done, memory.ask_again_at, memory.pause = checkpoint, None, _AFTER_FAILURE
            return
        _log.warning("witness_did_not_cosign", witness=each.key.name, size=checkpoint.size, reason=refusal)
        memory.ask_again_at = self._surroundings.clock() + memory.pause
        memory.pause = min(memory.pause * 2, _AFTER_FAILURE_MAX)

    async def _cosigned(
        self, each: KnownWitness, database: Database, shard: str, checkpoint: Checkpoint, note: bytes
    ) -> str | None:
        """Get and keep one cosignature; the reason when there is none."""
        sizes = self._memory[each.key].sizes
        for _ in range(2):  # once more after it has said which size it knows
            known = sizes.get(checkpoint.origin, 0)
            if known > checkpoint.size:
                return await self._outgrown(each, database, shard, checkpoint.origin)
            body = await _request(database, shard, checkpoint, note, known)
            answer = await each.witness.add_checkpoint(body)
            match answer:
                case Cosigned():
                    return await self._keep(each, database, shard, checkpoint, answer.lines)
                case Behind():
                    if answer.size == known:
                        return "it has seen another tree of this size"
                    sizes[checkpoint.origin] = answer.size
                case Unanswered():
                    return answer.reason
                case _:
                    assert_never(answer)
        return "it names another size each time"

    async def _outgrown(self, each: KnownWitness, database: Database, shard: str, origin: str) -> str:
        """The witness has seen a larger tree: another process's newer one, or one that the database has lost."""
        size = self._memory[each.key].sizes[origin]
        async with database.read() as tx:
            sizes = {head.shard: head.range.size for head in await log.heads(tx)}
        if sizes.get(shard, 0) < size:
            note = await each.witness.latest(origin)
            self._larger += [note] if note is not None else []
        del self._memory[each.key].sizes[origin]
        return "it says that it has seen a larger tree"

    async def _keep(
        self, each: KnownWitness, database: Database, shard: str, checkpoint: Checkpoint, lines: bytes
    ) -> str | None:
        try:
            cosigned = cosignatures_in(lines, text=checkpoint.text(), keys=[each.key])
        except NoteError as error:
            return str(error)
        if not cosigned:
            return "it answered without a signature by its key"
        self._memory[each.key].sizes[checkpoint.origin] = checkpoint.size
        async with database.write() as tx:
            await cosignatures.keep(
                tx,
                shard=shard,
                size=checkpoint.size,
                witness=each.key.name,
                line=signature_line(cosigned[0]),
                now=self._surroundings.clock(),
            )
        return None


async def _request(database: Database, shard: str, checkpoint: Checkpoint, note: bytes, known: int) -> bytes:
    plan = consistency_plan(known, checkpoint.size)
    async with database.read() as tx:
        nodes = await log.node_hashes(tx, shard, checkpoint.size, plan_nodes(plan))
    return format_add_checkpoint(old_size=known, proof=resolve(plan, nodes), note=note)
