"""Shipments in their operators' own codes, posted as they come, day after day: kinds, states, and what people are told.

The files are in tests/vectors/operator_days; tests/unit/domain/test_operator_days.py says what is in them.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.calendar import at_local, local_day
from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct
from app.domain.notification import Status
from app.domain.record_time import local_record_time
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.usecases.accept_events import Accepted
from app.usecases.read_shipment import read_shipment
from tests.builders import RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.world import OPERATOR, World

DAYS = sorted((Path(__file__).parents[1] / "vectors" / "operator_days").glob("*.json"))
ARRIVES_AFTER = timedelta(minutes=2)
HOURS = (time(10), time(17))


@pytest.fixture
def clock() -> TestClock:
    # Before the first record of any of them.
    return TestClock(datetime(2026, 10, 20, 8, 0, tzinfo=UTC))


@pytest.fixture(params=DAYS, ids=lambda path: path.stem)
def day(request: pytest.FixtureRequest) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    return read


def tracking(day: dict[str, Any], number: int) -> Event:
    """The record as a system posts it that knows its own codes only."""
    record = day["records"][number]
    at = local_record_time(record["time"])
    assert at is not None
    raw = {"vocabulary": day["vocabulary"], "code": record["code"], "time": record["time"]}
    raw |= {"notice_left": True} if record.get("notice_left") else {}
    data = {"shipment": day["shipment"], "service": None, "raw": raw, "pickup": record.get("pickup")}
    return event("tracking", at=at, id=f"record-{number}", type="pl.awizo.tracking.v1", data=data)


async def register(world: World, clock: TestClock) -> None:
    """Somebody who agreed to everything."""
    await world.register(consents=())
    acts = tuple(
        ConsentAct(channel=channel, purpose=purpose, granted=True, at=clock.now, method="counter", text_version="1")
        for channel in Channel
        for purpose in (Purpose.DELIVERY, Purpose.PROGRESS, Purpose.INCIDENT)
    )
    await world.put(RECIPIENT, consents=acts)


def hours(since: datetime, until: datetime) -> Iterator[datetime]:
    """Every ten and five o'clock between the two."""
    for ahead in range((local_day(until) - local_day(since)).days + 1):
        for hour in HOURS:
            moment = at_local(local_day(since) + timedelta(days=ahead), hour)
            if since < moment < until:
                yield moment


def sent(world: World) -> Counter[str]:
    return Counter(sms=len(world.gateway.journal), email=len(world.mail.journal))


async def live_until(world: World, clock: TestClock, moment: datetime) -> None:
    """Do what is due on the way, and go there."""
    for hour in hours(clock.now, moment):
        clock.now = hour
        await world.remind()
        await world.dispatch()
    clock.now = max(clock.now, moment)


async def state(world: World, clock: TestClock, shipment: str) -> tuple[str | None, bool]:
    async with world.database.read() as tx:
        answer = await read_shipment(tx, OPERATOR, shipment, now=clock.now)
    assert answer is not None
    return answer.known.picture.state, answer.known.waits


async def test_each_record_is_understood_and_told_as_a_clerk_would(
    world: World, clock: TestClock, day: dict[str, Any]
) -> None:
    await register(world, clock)
    came = []
    for number in range(len(day["records"])):
        record = tracking(day, number)
        await live_until(world, clock, record.effective_at + ARRIVES_AFTER)
        answer = await world.accepted(record)
        before = sent(world)
        await world.dispatch()
        told = sent(world) - before
        where, waits = await state(world, clock, day["shipment"])
        came.append(
            {
                "kind": (answer.mapped_type or "tracking.v1").removesuffix(".v1").rpartition(".")[2],
                "state": where,
                "waits": waits,
                "tells": [channel.value for channel in Channel if told[channel]],
                "untold_because": reason(answer),
            }
        )
    assert came == [record["expected"] for record in day["records"]]


def reason(answer: Accepted) -> str | None:
    """Why nobody was told, where they were to be told."""
    reasons = {n.reason for n in answer.notifications if n.status is Status.SUPPRESSED}
    assert len(reasons) < 2
    return next(iter(reasons), None)


async def test_reminders_come_only_while_the_item_waits(world: World, clock: TestClock, day: dict[str, Any]) -> None:
    await register(world, clock)
    stretches = []
    for number, record in enumerate(day["records"]):
        posted = tracking(day, number)
        await live_until(world, clock, posted.effective_at + ARRIVES_AFTER)
        await world.post(posted)
        await world.dispatch()
        stretches.append((clock.now, record["expected"]["waits"]))
    await live_until(world, clock, clock.now + timedelta(days=20))
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, day["shipment"])
        reminders = [n for n in await outbox.of_shipments(tx, [index]) if n.step and n.status is Status.SENT]
        attempts = await outbox.attempts_of(tx, [n.id for n in reminders])
    for made in attempts.values():
        waited = [waits for since, waits in stretches if since < made[0].started_at]
        assert waited[-1]
