"""Leases, closing, and what ends by itself."""

from datetime import timedelta

import pytest

from app.domain.channel import Channel
from app.domain.notification import Notification
from app.domain.outcome import Accepted, Outcome, Unknown
from app.usecases.close_chains import close_chains
from app.usecases.expire_leases import expire_leases
from app.usecases.expire_notifications import expire_notifications
from app.usecases.start_attempt import LEASE
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.providers import GatedTransport, dispatcher, until
from tests.integration.world import World

PLANNED, STARTED = "notification.planned", "attempt.started"


async def keep_house(world: World) -> tuple[int, int, int]:
    """Leases given up, news expired, chains closed."""
    given = {"surroundings": world.surroundings}
    return (
        await world.database.transact(lambda tx: expire_leases(tx, **given)),
        await world.database.transact(lambda tx: expire_notifications(tx, **given)),
        await world.database.transact(lambda tx: close_chains(tx, **given)),
    )


async def sms_with(world: World, outcome: Outcome) -> Notification:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    sms = (await world.accepted(event())).notifications[0]
    transport = GatedTransport(outcome)
    transport.gate.set()
    one = dispatcher(world, transport)
    await one.turn()
    await one.settled()
    return sms


@pytest.mark.parametrize("channel", list(Channel))
async def test_a_lease_lasts_its_channels_time_and_no_longer(world: World, clock: TestClock, channel: Channel) -> None:
    await world.register(channels=[channel], consents=[channel])
    await world.accepted(event())
    transport = GatedTransport(Accepted(provider_id="SM1"))
    transport.channel = channel
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    clock.now += LEASE[channel] - timedelta(seconds=1)
    assert await keep_house(world) == (0, 0, 0)
    clock.forward(seconds=2)
    assert await keep_house(world) == (1, 0, 0)
    assert await keep_house(world) == (0, 0, 0)
    transport.gate.set()
    await slow.settled()


def test_the_lease_of_an_email_outlives_the_wait_after_its_dot() -> None:
    assert LEASE[Channel.EMAIL] > timedelta(seconds=600 + 60)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Accepted(provider_id="SM1"), "sent"), (Unknown(stage="response", code="timeout"), "unknown")],
)
async def test_a_chain_of_which_nothing_more_was_heard_closes_after_72_hours(
    world: World, clock: TestClock, outcome: Outcome, status: str
) -> None:
    sms = await sms_with(world, outcome)
    clock.forward(hours=1)
    await world.follow()  # of what is unknown, nothing is left to look at
    clock.forward(hours=70, minutes=59)
    assert await keep_house(world) == (0, 0, 0)
    clock.forward(minutes=2)
    assert await keep_house(world) == (0, 0, 1)
    assert await keep_house(world) == (0, 0, 0)
    closing = (await world.facts(sms.id))[-1]
    assert closing["type"] == "notification.closed"
    assert closing["data"]["status"] == status
    assert (await world.notification(sms.id)).status == status


async def test_nothing_is_looked_at_once_it_has_ended(world: World, clock: TestClock) -> None:
    sms = await sms_with(world, Accepted(provider_id="SM1"))
    clock.forward(hours=73)
    await keep_house(world)
    assert (await world.notification(sms.id)).due_at is None
    clock.forward(days=400)
    assert await keep_house(world) == (0, 0, 0)
    assert await world.dispatch() == 0


async def test_news_that_no_provider_claims_expires(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    sms = (await world.accepted(event("ready_for_pickup", data={"pickup": {"until": "2026-11-24"}}))).notifications[0]
    clock.forward(hours=35)
    assert await keep_house(world) == (0, 0, 0)
    clock.forward(hours=2)
    assert await keep_house(world) == (0, 1, 0)
    assert (await world.notification(sms.id)).status == "expired"
    assert await world.fact_types(sms.id) == [PLANNED, "notification.expired"]


async def test_what_is_being_sent_is_not_expired_under_its_sender(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.accepted(event("ready_for_pickup", data={"pickup": {"until": "2026-11-24"}}))
    transport = GatedTransport(Accepted(provider_id="SM1"))
    slow = dispatcher(world, transport)
    clock.forward(hours=35, minutes=59, seconds=30)
    await slow.turn()
    await until(lambda: transport.taken)
    clock.forward(seconds=60)
    assert await keep_house(world) == (0, 0, 0)
    transport.gate.set()
    await slow.settled()


async def test_many_leases_and_chains_end_in_one_turn(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.post(*(event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(40)))
    transport = GatedTransport(Accepted(provider_id="SM1"), capacity=40)
    slow = dispatcher(world, transport)
    assert await slow.turn() == 40
    await until(lambda: len(transport.taken) == 40)
    clock.forward(minutes=3)
    assert await keep_house(world) == (40, 0, 0)
    transport.gate.set()
    await slow.settled()
    clock.forward(hours=73)
    assert await keep_house(world) == (0, 0, 40)
