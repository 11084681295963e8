"""Proofs asked for while the log grows, ends its shards and changes its keys: each verifies and is complete."""

import asyncio
from uuid import UUID

from app.storage import log
from app.usecases.prove_notification import NothingPublished, prove_notification
from app.usecases.rotate_key import rotate_key
from app.usecases.seal_log import Sealer
from tests.builders import event
from tests.integration.world import ORIGIN_BASE, SeededKeys, World
from tests.second_verifier import verify

SHARDS = ("2026h2", "2026h2b", "2026h2c")


class Readers:
    """They ask for proofs of the newest notifications, again and again, until it is `over`."""

    def __init__(self, world: World, keys: SeededKeys) -> None:
        self._world, self._keys = world, keys
        self._known: list[UUID] = []
        self.sizes: list[int] = []
        self.over = False

    async def notify(self, count: int) -> None:
        """Notifications that are sent at once."""
        for _ in range(count):
            number = f"{len(self._known)}"
            accepted = await self._world.accepted(event(id=number, data={"shipment": number}))
            self._known.extend(notification.id for notification in accepted.notifications)
            await self._world.dispatch()

    async def read(self) -> None:
        while not self.over:
            for notification in self._known[-3:]:
                await self._prove(notification)
            await asyncio.sleep(0)

    async def _prove(self, notification: UUID) -> None:
        async with self._world.database.read() as tx:
            proof = await prove_notification(
                tx, notification, opened=None, keys=self._keys, surroundings=self._world.surroundings
            )
        if isinstance(proof, NothingPublished):
            return
        names = [f"{ORIGIN_BASE}/{shard}{part}" for shard in SHARDS for part in ("", "/statements")]
        verdict = verify(proof.data, [signer.vkey for name in names for signer in self._keys.all(name)])
        assert verdict.accepted, verdict.reason
        assert b'"statement":"awizo-statement/v1' in proof.data
        self.sizes.append(proof.data.count(b"c2sp.org/tlog-proof@v1"))


async def current_shard(world: World) -> str:
    async with world.database.read() as tx:
        head = await log.current_head(tx)
    assert head is not None
    return head.shard


async def test_a_proof_that_is_asked_for_at_any_moment_verifies_and_is_complete(world: World) -> None:
    keys, surroundings = SeededKeys(), world.surroundings
    world.sealer = Sealer(
        world.database, origin_base=ORIGIN_BASE, keys=keys, mark=world.mark, surroundings=surroundings
    )
    await world.sealer.start()
    await world.register()
    readers = Readers(world, keys)

    async def seal() -> None:
        while not readers.over:
            await world.sealer.turn()

    turning = [asyncio.create_task(task) for task in (seal(), readers.read(), readers.read())]
    await readers.notify(3)
    await world.database.transact(lambda tx: rotate_key(tx, "statements", keys=keys, surroundings=surroundings))
    for before in SHARDS[:-1]:
        await readers.notify(2)
        await world.sealer.seal_shard("tried")
        while await current_shard(world) == before:  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.01)
    await world.database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings))
    await readers.notify(3)
    readers.over = True
    await asyncio.gather(*turning)
    assert await current_shard(world) == SHARDS[-1]
    assert max(readers.sizes) > 1
