"""Several processes look at the same plans, while events about them come in."""

import asyncio
from datetime import timedelta
from functools import partial

from app.domain.notification import WAITING
from app.usecases.remind import remind
from tests.builders import NOON, event
from tests.conftest import TestClock
from tests.integration.test_reminders import at, notice, reminders, texts
from tests.integration.world import World


async def look(world: World) -> int:
    return await world.database.transact(partial(remind, surroundings=world.surroundings))


async def test_many_processes_hold_each_reminder_once(world: World, clock: TestClock) -> None:
    await world.register()
    items = [f"item-{number}" for number in range(12)]
    await world.post(*(notice(item) for item in items))
    await asyncio.gather(*(look(world) for _ in range(6)))
    await world.remind()
    assert {item: len(await reminders(world, item)) for item in items} == dict.fromkeys(items, 1)


async def test_many_processes_release_one_message_for_all_items_of_a_day(world: World, clock: TestClock) -> None:
    await world.register()
    items = [f"item-{number}" for number in range(5)]
    await world.post(*(notice(item) for item in items))
    await at(world, clock, "2026-11-26T10:00")
    before = len(texts(world))
    clock.now = NOON.replace(month=12, day=3, hour=9, minute=1)
    await asyncio.gather(*(look(world) for _ in range(6)))
    while await world.dispatch():
        pass
    assert len(texts(world)) - before == 1


async def test_no_reminder_outlives_a_collection_that_comes_while_plans_are_looked_at(
    world: World, clock: TestClock
) -> None:
    await world.register()
    items = [f"item-{number}" for number in range(8)]
    await world.post(*(notice(item) for item in items))
    clock.now = NOON + timedelta(hours=3)
    collected = [event("delivered", at=clock.now, id=f"got-{item}", data={"shipment": item}) for item in items]
    await asyncio.gather(*(look(world) for _ in range(3)), *(world.post(news) for news in collected))
    await world.remind()
    left = [n for item in items for n in await reminders(world, item) if n.status in WAITING]
    assert left == []
