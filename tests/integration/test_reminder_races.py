"""Several processes look at the same plans, while events about them come in."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.notification import WAITING, Status
from app.domain.quiet_hours import QuietHours
from app.usecases import remind as reminding
from app.usecases.remind import remind
from tests.builders import NOON, event
from tests.conftest import TestClock
from tests.integration.test_reminders import at, notice, reminders, sms_of, texts, warsaw
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


async def test_more_items_than_are_looked_at_together_are_all_spoken_for(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "PLANS_MAX", 2)
    await world.register(channels=[Channel.SMS])
    items = [f"item-{number}" for number in range(5)]
    await world.post(*(notice(item) for item in items))
    await at(world, clock, "2026-11-26T10:00")
    before = len(texts(world))
    await at(world, clock, "2026-12-03T10:00")
    told = [n for item in items for n in await sms_of(world, item)]
    assert sorted(n.status for n in told) == [Status.SENT] * 3 + [Status.SUPPRESSED] * 2
    assert len(texts(world)) - before == 3


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


async def test_who_is_to_speak_for_himself_is_heard_although_his_plan_is_looked_at_just_then(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register(channels=[Channel.SMS], quiet_hours=QuietHours())
    await world.post(notice("item-a"), notice("item-b"))
    await at(world, clock, "2026-11-26T10:00")
    clock.now = warsaw("2026-12-03T21:00")  # the process was down all day, and now it is night
    await world.remind()
    await world.dispatch()
    assert [n.status for n in await sms_of(world, "item-b")] == [Status.SUPPRESSED]
    collected = event("delivered", at=clock.now, id="got-a", data={"shipment": "item-a", "recipient": None})
    heard: list[asyncio.Task[Any]] = []
    as_it_is = reminding._silenced

    async def and_then_it_is_collected(*arguments: Any) -> Any:
        found = await as_it_is(*arguments)
        if not heard:
            heard.append(asyncio.create_task(world.post(collected)))
            await asyncio.wait(heard, timeout=1)  # it waits for us, or is done
        return found

    monkeypatch.setattr(reminding, "_silenced", and_then_it_is_collected)
    await world.post(event("in_transit", at=clock.now, id="seen-b", data={"shipment": "item-b"}))
    await world.remind()
    await asyncio.gather(*heard)
    await world.remind()
    await at(world, clock, "2026-12-04T08:00")
    assert [n.status for n in await sms_of(world, "item-b")] == [Status.SUPPRESSED, Status.SENT]
