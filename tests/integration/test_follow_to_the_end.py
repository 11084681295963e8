"""Unknown messages that nobody can be asked about, or decide about: they end, or wait for the operator."""

import asyncio

from app.domain.channel import Channel
from app.domain.look_up import Found
from app.usecases.erase_recipient import Erased, erase_recipient
from app.usecases.restore_notifications import forget_progress
from tests.builders import OPERATOR, RECIPIENT
from tests.conftest import TestClock
from tests.integration.lost_messages import later, lost
from tests.integration.providers import until
from tests.integration.scripted import (
    LOST,
    Scripted,
    follow,
    follower,
    lose,
    planned,
    send,
    standing,
    through,
)
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN = "notification.planned", "attempt.started", "attempt.unknown"
RECONCILED, UNRESOLVED, CLOSED = "attempt.reconciled", "attempt.unresolved", "notification.closed"
LOST_FACTS = [PLANNED, STARTED, UNKNOWN]
FOUND = Found(provider_id="SM7", code="sent", reply=b'{"sid":"SM7"}')


async def erase(world: World) -> None:
    erased = await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="0123456789abcdef", surroundings=world.surroundings)
    )
    assert erased == Erased()


async def test_of_somebody_who_was_erased_nothing_is_asked(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    await erase(world)
    await later(world, clock, seconds=31)
    assert world.gateway.asked == []
    assert await standing(world, sms) == ("unknown", True)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, UNRESOLVED]


async def test_who_is_erased_while_the_provider_is_asked_leaves_no_values(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    twilio = Scripted(LOST, looks=[FOUND])
    sending = through(world, twilio)
    await send(sending)
    twilio.looking.clear()
    clock.forward(seconds=31)
    turn = asyncio.create_task(follower(world, sending).turn())
    await until(lambda: twilio.sought)
    await erase(world)
    twilio.looking.set()
    await turn
    *_, reconciled = await world.facts(sms.id)
    assert (reconciled["type"], reconciled["sealed"]) == (RECONCILED, {})
    assert await standing(world, sms) == ("sent", False)


async def test_a_provider_that_is_no_longer_set_up_cannot_be_asked(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    smsapi = Scripted(name="smsapi", has_keys=True)
    others = follower(world, through(world, smsapi), resends=[Channel.SMS])
    clock.forward(minutes=26)
    await follow(others)
    assert await standing(world, sms) == ("unknown", False)
    clock.forward(minutes=1)
    await follow(others)
    assert await standing(world, sms) == ("unknown", True)
    assert (smsapi.sought, smsapi.taken) == ([], [])


async def test_where_a_channel_has_no_provider_any_more_its_unknown_messages_end_all_the_same(
    world: World, clock: TestClock
) -> None:
    sms = await lost(world, clock)
    clock.forward(minutes=28)
    await follow(follower(world, resends=[Channel.SMS]))
    assert await standing(world, sms) == ("unknown", True)


async def test_an_email_stays_open_for_reports_for_a_day(world: World, clock: TestClock) -> None:
    email = await planned(world, Channel.EMAIL)
    relay = Scripted(LOST, name="smtp", channel=Channel.EMAIL, looks_up=False)
    sending = through(world, relay)
    await send(sending)
    following = follower(world, sending)
    clock.forward(hours=22, minutes=59)
    await follow(following)
    assert await standing(world, email) == ("unknown", False)
    clock.forward(minutes=2)
    await follow(following)
    assert await standing(world, email) == ("unknown", True)
    assert relay.sought == []
    assert await world.fact_types(email.id) == [*LOST_FACTS, UNRESOLVED]


async def test_what_a_recovery_made_unknown_is_left_to_the_operator(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    twilio = Scripted(has_keys=True)
    sending = through(world, twilio)
    await world.database.transact(lambda tx: forget_progress(tx, surroundings=world.surroundings))
    following = follower(world, sending, resends=[Channel.SMS])
    for _ in range(3):
        clock.forward(hours=1)
        assert await following.turn() == 0
    assert await standing(world, sms) == ("unknown", False)
    assert (twilio.sought, twilio.taken) == ([], [])


async def test_what_was_unknown_before_a_recovery_is_not_sent_once_more(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    await world.database.transact(lambda tx: forget_progress(tx, surroundings=world.surroundings))
    await lost.follow(hours=1)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", True)
