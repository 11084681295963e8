"""Messages that wait for their turn with a provider: what waits too long, or when the process stops, goes back."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.channel import Channel
from app.domain.notification import AttemptStatus, Notification
from app.storage import notifications as outbox
from app.usecases.expire_leases import expire_leases
from app.usecases.start_attempt import BEGIN_WITHIN, LEASE
from app.usecases.watch_log import LogWatch
from app.worker import Worker
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.providers import until
from tests.integration.scripted import (
    LOST,
    Scripted,
    attempts,
    follow,
    follower,
    planned,
    send,
    standing,
    statuses,
    through,
)
from tests.integration.world import World

PLANNED, STARTED, NOT_SENT, ACCEPTED = "notification.planned", "attempt.started", "attempt.not_sent", "attempt.accepted"


async def plan(world: World, count: int, channel: Channel = Channel.SMS) -> list[Notification]:
    await world.register(channels=[channel], consents=[channel])
    await world.post(*(event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(count)))
    async with world.database.read() as tx:
        return list(reversed(await outbox.newest(tx, outbox.NotificationFilter(channel=channel))))


def slow(channel: Channel = Channel.SMS) -> Scripted:
    """A provider that takes one message at a time, and answers when told."""
    provider = Scripted(capacity=1, channel=channel, name="twilio" if channel is Channel.SMS else "smtp")
    provider.sending.clear()
    return provider


@pytest.mark.parametrize("channel", list(Channel))
async def test_what_waited_too_long_for_its_turn_goes_back_and_is_sent_later_once(
    world: World, clock: TestClock, channel: Channel
) -> None:
    first, second = await plan(world, 2, channel)
    provider = slow(channel)
    sending = through(world, provider)
    assert await sending.turn() == 2
    await until(lambda: provider.taken)
    clock.now += BEGIN_WITHIN[channel]
    provider.sending.set()
    await sending.settled()
    assert [(await standing(world, each))[0] for each in (first, second)] == ["sent", "queued"]
    clock.forward(seconds=5)
    await send(sending)
    assert len({each.attempt for each in provider.taken}) == len(provider.taken) == 2
    facts = await world.facts(second.id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, NOT_SENT, STARTED, ACCEPTED]
    assert (facts[2]["data"]["stage"], facts[2]["data"]["code"]) == ("process", "waited")


@pytest.mark.parametrize("channel", list(Channel))
async def test_what_waited_a_little_less_is_sent(world: World, clock: TestClock, channel: Channel) -> None:
    both = await plan(world, 2, channel)
    provider = slow(channel)
    sending = through(world, provider)
    await sending.turn()
    await until(lambda: provider.taken)
    clock.now += BEGIN_WITHIN[channel] - timedelta(seconds=1)
    provider.sending.set()
    await sending.settled()
    assert [(await standing(world, each))[0] for each in both] == ["sent", "sent"]


def test_the_lease_outlives_the_wait_for_a_turn_and_the_longest_sending_after_it() -> None:
    longest = {Channel.SMS: timedelta(seconds=30), Channel.EMAIL: timedelta(seconds=15 + 60 + 600)}
    for channel, sending in longest.items():
        assert BEGIN_WITHIN[channel] + sending < LEASE[channel]


async def test_a_process_that_was_stopped_past_its_leases_sends_nothing_of_what_it_held(
    world: World, clock: TestClock
) -> None:
    first, second = await plan(world, 2)
    provider = slow()
    sending = through(world, provider)
    assert await sending.turn() == 2
    await until(lambda: provider.taken)
    clock.forward(minutes=30)  # as if it had been stopped, and another process went on
    assert await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings)) == 2
    provider.sending.set()
    await sending.settled()
    assert len(provider.taken) == 1
    assert await standing(world, first) == ("sent", False)  # the late answer is evidence
    following = follower(world, sending)
    for _ in range(30):
        clock.forward(minutes=1)
        await follow(following, sending)
    assert await standing(world, second) == ("unknown", True)
    assert await sending.turn() == 0


async def test_stopping_gives_back_what_has_not_begun_and_it_is_sent_later_once(world: World, clock: TestClock) -> None:
    every = await plan(world, 2)
    provider = slow()
    sending = through(world, provider)
    assert await sending.turn() == 2
    await until(lambda: provider.taken)
    draining = asyncio.create_task(sending.drain())
    await asyncio.sleep(0)
    provider.sending.set()
    await draining
    assert len(provider.taken) == 1
    assert [(await standing(world, each))[0] for each in every] == ["sent", "queued"]
    successor = through(world, provider)
    clock.forward(seconds=5)
    await send(successor)
    assert len({each.attempt for each in provider.taken}) == len(provider.taken) == 2
    facts = await world.facts(every[1].id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, NOT_SENT, STARTED, ACCEPTED]
    assert (facts[2]["data"]["stage"], facts[2]["data"]["code"]) == ("process", "stopping")


async def test_stopping_is_held_against_no_provider(world: World) -> None:
    await plan(world, 20)
    provider = Scripted(capacity=7)
    provider.sending.clear()
    sending = through(world, provider)
    await sending.turn()
    await until(lambda: len(provider.taken) == 7)
    draining = asyncio.create_task(sending.drain())
    await asyncio.sleep(0)
    provider.sending.set()
    await draining
    await world.watch.turn()
    assert (world.watch.state("twilio").health, world.watch.state("twilio").openings) == (10, 0)


async def test_what_does_not_end_while_stopping_is_left_to_its_lease(world: World, clock: TestClock) -> None:
    (sms,) = await plan(world, 1)
    provider = slow()
    sending = through(world, provider)
    await sending.turn()
    await until(lambda: provider.taken)
    await sending.drain(0.05)
    assert await standing(world, sms) == ("sending", False)
    clock.forward(minutes=3)
    assert await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings)) == 1
    assert await statuses(world, sms) == [AttemptStatus.UNKNOWN]
    assert len(provider.taken) == 1


async def test_a_worker_that_stops_settles_begun_and_gives_back_the_rest(world: World) -> None:
    every = await plan(world, 3)
    provider = slow()
    sending = through(world, provider)
    worker = Worker(
        world.database,
        sealer=world.sealer,
        dispatchers=[sending],
        follower=follower(world, sending),
        log_watch=LogWatch(),
        surroundings=world.surroundings,
    )
    worker.start()
    await until(lambda: provider.taken)
    stopping = asyncio.create_task(worker.stop())
    await until(lambda: sending._stopping)
    provider.sending.set()
    await stopping
    assert sorted([(await standing(world, each))[0] for each in every]) == ["queued", "queued", "sent"]
    assert len(provider.taken) == 1


async def test_a_re_send_that_is_stopped_goes_back_to_unknown_and_is_made_later_once(
    world: World, clock: TestClock
) -> None:
    sms = await planned(world)
    provider = Scripted(LOST, has_keys=True, looks_up=False, capacity=1)
    sending = through(world, provider)
    await send(sending)
    following = follower(world, sending, resends=[Channel.SMS])
    clock.forward(seconds=31)
    sending._stopping = True
    await following.turn()
    await sending.settled()
    assert await standing(world, sms) == ("unknown", False)
    sending._stopping = False
    clock.forward(seconds=10)
    await follow(following, sending)
    assert await standing(world, sms) == ("sent", False)
    assert len(provider.taken) == 2
    assert [each.code for each in await attempts(world, sms)][1] == "stopping"


async def test_a_full_provider_is_waited_for_until_it_can_take_more(world: World) -> None:
    await plan(world, 6)
    provider = slow()
    sending = through(world, provider)
    while await sending.turn():
        pass
    waiting = asyncio.create_task(sending.wait_for_room())
    await until(lambda: provider.taken)
    assert not waiting.done()
    provider.sending.set()
    await waiting
    assert sending.room_with("twilio") > 0
    await sending.settled()
