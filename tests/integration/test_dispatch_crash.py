"""A worker that dies, hangs or comes back late between sending and settling: never a second copy."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.channel import Channel
from app.domain.notification import AttemptStatus, Notification
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.storage import notifications as outbox
from app.storage.database import DatabaseUnavailableError
from app.usecases.close_chains import close_chains
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.expire_leases import expire_leases
from app.usecases.settle_attempts import Ended, settle_attempts
from app.usecases.watch_log import LogWatch
from app.worker import Worker
from tests.builders import event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import AcceptThenHang
from tests.integration.providers import GatedTransport, dispatcher, until
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN = "notification.planned", "attempt.started", "attempt.unknown"
ROOT = Path(__file__).parents[2]


async def one_sms(world: World) -> Notification:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    return (await world.accepted(event())).notifications[0]


async def expire(world: World) -> int:
    return await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings))


async def close(world: World) -> int:
    return await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings))


async def kill_tasks(dead: Dispatcher) -> None:
    """End everything the dispatcher was doing, without letting it settle anything."""
    tasks = list(dead._in_flight)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_message_in_flight_when_its_worker_died_is_unknown_and_never_sent_again(
    world: World, clock: TestClock
) -> None:
    sms = await one_sms(world)
    world.gateway.next(AcceptThenHang())
    await world.sms.turn()
    await until(lambda: world.gateway.journal)
    await kill_tasks(world.sms)
    assert await expire(world) == 0
    clock.forward(seconds=121)
    successor = dispatcher(world, world.sms.providers["twilio"].transport)
    assert await successor.turn() == 0
    assert await expire(world) == 1
    for _ in range(6):
        clock.forward(hours=1)
        assert await successor.turn() == 0
        assert await expire(world) == 0
    assert len(world.gateway.journal) == 1
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, UNKNOWN]
    assert facts[2]["data"]["code"] == "lease_expired"


@asynccontextmanager
async def a_running_worker(world: World, database_url: str, directory: Path, now: str) -> AsyncIterator[int]:
    """The pid of a worker in a process of its own; it is killed when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.killed_worker",
        database_url,
        world.gateway.base_url,
        str(directory),
        now,
        cwd=ROOT,
    )
    try:
        yield process.pid
    finally:
        process.kill()
        assert await process.wait() == -signal.SIGKILL


async def test_a_process_killed_between_send_and_settle_leaves_unknown_and_one_copy(
    world: World, database_url: str, clock: TestClock, tmp_path: Path
) -> None:
    sms = await one_sms(world)
    world.gateway.next(AcceptThenHang())
    async with a_running_worker(world, database_url, tmp_path, clock.now.isoformat()):
        await until(lambda: world.gateway.journal)
    assert (await world.notification(sms.id)).status == "sending"
    clock.forward(minutes=3)
    reborn = Worker(
        world.database,
        sealer=world.sealer,
        dispatchers=[dispatcher(world, world.sms.providers["twilio"].transport)],
        log_watch=LogWatch(),
        surroundings=world.surroundings,
    )
    reborn.start()
    async with asyncio.timeout(60):
        while (await world.notification(sms.id)).status == "sending":  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.02)
    await reborn.stop()
    assert len(world.gateway.journal) == 1
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, UNKNOWN]


async def late(world: World, clock: TestClock, outcome: Outcome, meanwhile: Awaitable[object] | None = None) -> str:
    """The status after an attempt whose outcome comes when its lease ran out."""
    sms = await one_sms(world)
    transport = GatedTransport(outcome)
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    clock.forward(minutes=3)
    assert await expire(world) == 1
    if meanwhile is not None:
        await meanwhile
    transport.gate.set()
    await slow.settled()
    assert len(transport.taken) == 1
    return (await world.notification(sms.id)).status


async def only_sms(world: World) -> Notification:
    async with world.database.read() as tx:
        found = await outbox.newest(tx, outbox.NotificationFilter(channel=Channel.SMS))
    assert len(found) == 1
    return found[0]


async def test_an_acceptance_that_comes_after_the_lease_reconciles(world: World, clock: TestClock) -> None:
    assert await late(world, clock, Accepted(provider_id="SM1", code="queued")) == "sent"
    sms = await only_sms(world)
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, UNKNOWN, "attempt.reconciled"]
    assert facts[3]["data"]["method"] == "late_answer"
    async with world.database.read() as tx:
        (attempt,) = (await outbox.attempts_of(tx, [sms.id]))[sms.id]
    assert attempt.status is AttemptStatus.ACCEPTED


@pytest.mark.parametrize(
    "outcome",
    [
        NotSent(stage="connect", code="refused"),
        Refused(permanence=Permanence.TEMPORARY, stage="response", code="21611"),
        Refused(permanence=Permanence.PERMANENT, stage="response", code="21211"),
        Unknown(stage="response", code="timeout"),
    ],
    ids=["not-sent", "temporary", "permanent", "unknown"],
)
async def test_any_other_late_answer_changes_nothing(world: World, clock: TestClock, outcome: Outcome) -> None:
    assert await late(world, clock, outcome) == "unknown"
    clock.forward(hours=1)
    assert await world.dispatch() == 0
    assert world.gateway.journal == []
    assert await world.fact_types((await only_sms(world)).id) == [PLANNED, STARTED, UNKNOWN]


async def test_an_acceptance_after_the_chain_was_closed_adds_nothing_to_it(world: World, clock: TestClock) -> None:
    async def three_days_later() -> None:
        clock.forward(hours=73)
        await world.follow()
        assert await close(world) == 1

    assert await late(world, clock, Accepted(provider_id="SM1"), three_days_later()) == "unknown"
    assert await world.fact_types((await only_sms(world)).id) == [
        PLANNED,
        STARTED,
        UNKNOWN,
        "attempt.unresolved",
        "notification.closed",
    ]


async def test_two_dispatchers_never_take_the_same_message(world: World) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.post(*(event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(60)))
    other = dispatcher(world, world.sms.providers["twilio"].transport)
    while sum(await asyncio.gather(world.sms.turn(), other.turn())):
        await asyncio.gather(world.sms.wait_for_room(), other.wait_for_room())
    await asyncio.gather(world.sms.settled(), other.drain())
    bodies = [sms.form["Body"] for sms in world.gateway.journal]
    assert len(bodies) == 60
    callbacks = {sms.form["StatusCallback"] for sms in world.gateway.journal}
    assert len(callbacks) == 60


async def test_an_outcome_under_an_older_lease_does_not_settle_a_newer_attempt(world: World, clock: TestClock) -> None:
    sms = await one_sms(world)
    first = GatedTransport(NotSent(stage="connect", code="refused"))
    first.gate.set()
    slow = dispatcher(world, first)
    await slow.turn()
    await slow.settled()
    clock.forward(seconds=10)
    second = GatedTransport(Accepted(provider_id="SM2"))
    quick = dispatcher(world, second)
    await quick.turn()
    await until(lambda: second.taken)
    async with world.database.read() as tx:
        old, new = (await outbox.attempts_of(tx, [sms.id]))[sms.id]
    stray = Ended(
        attempt=old, lease=world.surroundings.new_id(), outcome=Refused(
            permanence=Permanence.PERMANENT, stage="response", code="21211"
        )
    )  # fmt: skip
    assert await world.database.transact(lambda tx: settle_attempts(tx, [stray], surroundings=world.surroundings)) == [
        False
    ]
    assert (await world.notification(sms.id)).status == "sending"
    second.gate.set()
    await quick.settled()
    assert (await world.notification(sms.id)).status == "sent"
    assert (old.number, new.number) == (1, 2)


async def test_a_known_outcome_is_kept_while_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = await one_sms(world)
    submit, failures = world.sms._settlements.submit, 2

    async def away_at_first(ended: object) -> bool:
        nonlocal failures
        if failures:
            failures -= 1
            raise DatabaseUnavailableError("away")
        return await submit(ended)  # type: ignore[arg-type]

    monkeypatch.setattr("app.usecases.dispatch_notifications.SETTLE_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(world.sms._settlements, "submit", away_at_first)
    await world.dispatch()
    assert failures == 0
    assert (await world.notification(sms.id)).status == "sent"
    assert len(world.gateway.journal) == 1
