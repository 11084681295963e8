"""What is read of one shipment as days go by, and what that asks of the database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.timeline import ENTRIES_MAX, AttemptEntry, EventEntry, NotificationEntry
from app.storage import sql
from app.storage.database import Tx
from app.usecases.read_shipment import ShipmentAnswer, read_shipment
from tests.builders import NOON, OPERATOR, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.test_reminders import at, notice, warsaw
from tests.integration.world import World


async def read(world: World, shipment: str = SHIPMENT) -> ShipmentAnswer:
    async with world.database.read() as tx:
        found = await read_shipment(tx, OPERATOR, shipment, now=world.surroundings.clock())
    assert found is not None
    return found


def messages(answer: ShipmentAnswer) -> list[NotificationEntry]:
    return [each for each in answer.timeline.entries if isinstance(each, NotificationEntry)]


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What this task asks of the database meanwhile."""
    asked: list[str] = []
    task, execute, fetch = asyncio.current_task(), Tx.execute, sql.fetch

    async def counted_execute(tx: Tx, statement: Any, *parameters: Any) -> Any:
        if asyncio.current_task() is task:
            asked.append(str(statement))
        return await execute(tx, statement, *parameters)

    async def counted_fetch(tx: Tx, text: str, *parameters: Any) -> Any:
        if asyncio.current_task() is task:
            asked.append(text)
        return await fetch(tx, text, *parameters)

    with monkeypatch.context() as patched:
        patched.setattr(Tx, "execute", counted_execute)
        patched.setattr(sql, "fetch", counted_fetch)
        yield asked


async def test_what_is_to_come_is_what_the_planner_sends(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    foretold = (await read(world)).plan
    sent = set()
    while plan := (await read(world)).plan:
        await at(world, clock, f"{plan[0].on:%Y-%m-%d}T18:00")
        reminded = [each.notification for each in messages(await read(world)) if each.notification.step]
        sent = {(n.kind, n.channel) for n in reminded if n.status in {"sent", "delivered"}}
        assert {(each.kind, each.channel) for each in foretold if each.on <= plan[0].on} <= sent
    assert {(each.kind, each.channel) for each in foretold} == sent
    assert len({each.on for each in foretold}) == 3


async def test_an_item_tells_of_the_reminder_that_spoke_for_it(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("S1"), notice("S2"))
    await at(world, clock, "2026-12-03T10:00")
    spoken = []
    for shipment in ("S1", "S2"):
        answer = await read(world, shipment)
        told = {each.notification.id: each.notification for each in messages(answer)}
        tried = {each.attempt.notification for each in answer.timeline.entries if isinstance(each, AttemptEntry)}
        spoken += [(n, told[n.merged_into], n.merged_into in tried) for n in told.values() if n.merged_into]
    assert {(n.step, n.status, speaker.status, tried) for n, speaker, tried in spoken} == {
        ("before_last", "suppressed", "sent", True)
    }
    assert {speaker.channel for _, speaker, _ in spoken} == {"sms", "email"}


async def test_an_item_whose_speaker_was_cancelled_is_to_be_reminded_itself(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("S1"), notice("S2"))
    clock.now = NOON + timedelta(days=10, hours=-1)
    await world.remind()
    merged = [
        shipment
        for shipment in ("S1", "S2")
        if any(each.notification.reason == "merged" for each in messages(await read(world, shipment)))
    ]
    (speaking,) = {"S1", "S2"} - set(merged)
    await world.post(event("delivered", at=clock.now, id="collected", data={"shipment": speaking}))
    assert (await read(world, speaking)).plan == []
    assert {(each.on.isoformat(), each.kind) for each in (await read(world, *merged)).plan} == {
        ("2026-12-03", "reminder"),
        ("2026-12-04", "last_day"),
    }


async def test_an_item_whose_speaker_left_too_late_is_to_be_reminded_itself(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.EMAIL])
    await world.post(notice("short", pickup={"until": "2026-11-30"}), notice("long"))
    await at(world, clock, "2026-11-23T12:30")
    clock.now = warsaw("2026-11-26T10:00")
    await world.remind()
    assert [n.reason for each in messages(await read(world, "long")) if (n := each.notification).merged_into] == [
        "merged"
    ]
    clock.now = warsaw("2026-12-01T09:00")  # whatever sends stood still until then
    await world.dispatch()
    foretold = [each for each in (await read(world, "long")).plan if each.on == clock.now.date()]
    assert [(each.kind, each.channel) for each in foretold] == [("reminder", "email")]
    await world.remind()
    await world.dispatch()
    assert [each.notification.status for each in messages(await read(world, "long"))][-1] == "sent"


async def test_of_a_shipment_with_thousands_of_events_the_newest_thousand_entries_are_read(world: World) -> None:
    scans = [
        event("in_transit", at=NOON + timedelta(seconds=each), id=f"scan-{each}", data={"recipient": "somebody"})
        for each in range(ENTRIES_MAX + 1)
    ]
    await world.post(*scans[1:])
    exact = (await read(world)).timeline
    assert (len(exact.entries), exact.truncated) == (ENTRIES_MAX, False)
    await world.post(scans[0])
    more = (await read(world)).timeline
    assert (more.entries, more.truncated) == (exact.entries, True)


async def test_reading_asks_the_same_few_questions_however_much_there_is_to_tell(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register()
    scans = [event("in_transit", at=NOON, id=f"e{each}", data={"shipment": "S1"}) for each in range(20)]
    await world.post(notice("S1"), notice("S2"), scans[0])
    await world.dispatch()
    with statements(monkeypatch) as few:
        await read(world, "S1")
    await world.register("neighbour")
    again = [notice("S1", at=NOON + timedelta(hours=each), recipient="neighbour") for each in range(1, 9)]
    await world.post(*scans[1:], *again)
    await at(world, clock, "2026-12-03T10:00")
    with statements(monkeypatch) as many:
        answer = await read(world, "S1")
    assert len([each for each in answer.timeline.entries if isinstance(each, EventEntry)]) == 29
    assert len(many) == len(few) <= 16, many
