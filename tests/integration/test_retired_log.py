"""The log goes on holding when documents have grown too old to be kept, and only for those."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.domain.retention import Retention
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import facts, leaves, retired_entries
from app.usecases.close_chains import close_chains
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.world import ORIGIN_BASE, World, open_world, signer_for

SHORT = Retention(months=1, skeleton_years=1)


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


@pytest.fixture
async def world(database: Database, surroundings: Surroundings, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, surroundings, tmp_path) as opened:
        yield opened  # and then the whole log is checked


async def live_and_retire(world: World, clock: TestClock) -> None:
    """A notice that was sent, and two years later nothing of it but what a standing consent rests on."""
    await world.register()
    await world.accepted(event())
    await world.dispatch()
    clock.forward(days=4)
    await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings))
    await world.seal()
    clock.forward(days=800)
    await keep(world.database, world.surroundings, SHORT)
    async with world.database.read() as tx:
        kept = sorted((await tx.execute(select(facts.c.type))).scalars())
        assert kept == ["consent.granted", "consent.granted", "log.opened"]
        assert (await tx.execute(select(func.count(leaves.c.fact_id)))).scalar_one() > 10


async def test_the_log_verifies_without_documents_that_were_too_old(world: World, clock: TestClock) -> None:
    await live_and_retire(world, clock)
    await world.check_log()


async def test_a_document_that_is_missing_before_its_time_is_still_found(world: World, clock: TestClock) -> None:
    await live_and_retire(world, clock)
    async with world.database.read() as tx:
        below = (await tx.execute(select(retired_entries.c.below_index))).scalar_one()
    async with world.database.write() as tx:
        await tx.execute(update(retired_entries).values(below_index=below - 1))
    with pytest.raises(AssertionError):  # a Difference was found
        await world.check_log()
    async with world.database.write() as tx:
        await tx.execute(update(retired_entries).values(below_index=below))


async def test_what_is_sent_under_the_old_consent_can_be_proven(world: World, clock: TestClock) -> None:
    await live_and_retire(world, clock)
    fresh = await world.accepted(event(id="years-later", at=clock.now, data={"shipment": "years-later"}))
    await world.dispatch()
    for shard in ("2027h1", "2027h2", "2028h1", "2028h2", "2029h1"):
        world.vkeys += [signer_for(f"{ORIGIN_BASE}/{shard}{use}").vkey for use in ("", "/statements")]
    for notification in fresh.notifications:
        assert await world.fact_types(notification.id) == [
            "notification.planned",
            "attempt.started",
            "attempt.accepted",
        ]
