"""How many messages a second a provider is given: one bucket for all processes, in the database."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.storage import providers as provider_store
from app.storage.database import Database
from tests.conftest import TestClock
from tests.integration.provider_watching import plan, sending, watching
from tests.integration.scripted import Scripted, send
from tests.integration.world import World


@pytest.mark.parametrize("rate", [10.0, 0.5])
async def test_two_processes_together_keep_a_providers_rate(world: World, clock: TestClock, rate: float) -> None:
    twilio = Scripted(capacity=100)
    dispatchers = [sending(world, await watching(world), twilio, rate=rate) for _ in range(2)]
    await plan(world, 60)
    began, burst = clock.now, max(rate, 1.0)
    for _ in range(40):
        await asyncio.gather(*(each.turn() for each in dispatchers))
        await asyncio.gather(*(each.settled() for each in dispatchers))
        assert len(twilio.taken) <= burst + rate * (clock.now - began).total_seconds()
        clock.forward(seconds=0.1)
    passed = (clock.now - began).total_seconds()
    assert len(twilio.taken) >= min(60, int(rate * (passed - 1)))


async def taken(database: Database, wanted: int, *, now: datetime, rate: float = 10.0) -> int:
    return await database.transact(
        lambda tx: provider_store.take_tokens(tx, "twilio", rate=rate, wanted=wanted, now=now)
    )


async def test_a_clock_that_is_behind_fills_no_second_twice(world: World, clock: TestClock) -> None:
    await watching(world)
    now = clock.now
    assert await taken(world.database, 99, now=now) == 10
    for _ in range(5):
        assert await taken(world.database, 99, now=now - timedelta(seconds=30)) == 0
        assert await taken(world.database, 99, now=now) == 0
    assert await taken(world.database, 99, now=now + timedelta(seconds=0.5)) == 5


async def test_a_clock_that_was_a_day_ahead_starves_nobody(world: World, clock: TestClock) -> None:
    await watching(world)
    assert await taken(world.database, 99, now=clock.now + timedelta(hours=25)) == 10
    assert await taken(world.database, 99, now=clock.now) == 0
    assert await taken(world.database, 99, now=clock.now + timedelta(seconds=0.5)) == 5


async def test_tokens_that_were_not_used_are_there_for_others(world: World, clock: TestClock) -> None:
    twilio = Scripted()
    here, there = [sending(world, await watching(world), twilio, rate=10.0) for _ in range(2)]
    await plan(world, 4)
    await send(here)
    await plan(world, 9, "more")
    await send(there)
    assert 10 <= len(twilio.taken) <= 11
