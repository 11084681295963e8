"""Unknown messages that are sent once more where that is allowed: once, as the same bytes, while they may leave."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from adapters.sms.gateway import HttpGateway
from adapters.smtp_email import SmtpEmail, SmtpRelay
from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct
from app.domain.notification import AttemptStatus, Notification
from app.domain.outcome import NotSent
from app.domain.quiet_hours import QuietHours
from app.domain.reconciliation import ONE_TIME
from app.storage.tables import contact_points, notifications
from app.usecases.close_chains import close_chains
from app.usecases.erase_recipient import erase_recipient
from tests.builders import NOON, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.contract.gateway_file import described
from tests.doubles.http_gateway import DescribedGateway
from tests.doubles.http_gateway import sent as sent_json
from tests.doubles.sms_gateway import Answer, Close, Reset
from tests.doubles.smtp_server import Drop
from tests.integration.providers import dispatcher
from tests.integration.scripted import (
    LOST,
    Scripted,
    follow,
    follower,
    lose,
    planned,
    send,
    standing,
    statuses,
    through,
)
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN, ACCEPTED = "notification.planned", "attempt.started", "attempt.unknown", "attempt.accepted"
RECONCILED = "attempt.reconciled"
UNRESOLVED, CLOSED = "attempt.unresolved", "notification.closed"
LOST_FACTS = [PLANNED, STARTED, UNKNOWN]


async def test_without_leave_nothing_is_sent_again(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    for others in ([], [Channel.EMAIL]):
        clock.forward(minutes=10)
        await follow(follower(world, lost.sending, resends=others), lost.sending)
    await follow(world.follower)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", False)


async def test_an_sms_is_sent_again_once_the_first_can_no_longer_come_and_the_list_stayed_empty(
    world: World, clock: TestClock
) -> None:
    world.gateway.clock = clock
    sms = await planned(world)
    world.gateway.next(Reset(after_body=False))
    await send(world.sms)
    following = follower(world, world.sms, resends=[Channel.SMS])
    for _ in range(24):
        clock.forward(minutes=1)
        await follow(following, world.sms)
    assert (len(world.gateway.asked), world.gateway.journal) == (3, [])
    clock.forward(minutes=2)
    await follow(following, world.sms)
    assert len(world.gateway.asked) == 4
    assert await standing(world, sms) == ("sent", False)
    (copy,) = world.gateway.journal
    bundle = json.loads(await sealed_bundle(world, sms))
    started = [fact for fact in bundle["facts"] if fact["document"]["type"] == STARTED]
    texts = [fact["openings"]["content"]["value"] for fact in started]
    assert texts == [copy.form["Body"]] * 2
    assert [fact["document"]["data"]["attempt"] for fact in started] == [1, 2]
    assert await world.fact_types(sms.id) == [*LOST_FACTS, STARTED, ACCEPTED]


async def sealed_bundle(world: World, notification: Notification) -> bytes:
    await world.seal()
    return await world.bundle(notification.id)


async def test_an_sms_that_shows_up_in_the_list_is_not_sent_again(world: World, clock: TestClock) -> None:
    world.gateway.clock = clock
    sms = await planned(world)
    world.gateway.next(Close())
    await send(world.sms)
    following = follower(world, world.sms, resends=[Channel.SMS])
    taken = world.gateway.held.pop()
    for minutes in (1, 2, 8):
        clock.forward(minutes=minutes)
        await follow(following, world.sms)
    world.gateway.held.append(taken)
    clock.forward(minutes=15)
    await follow(following, world.sms)
    assert await standing(world, sms) == ("sent", False)
    assert len(world.gateway.journal) == 1


async def test_a_re_send_that_is_unknown_as_well_is_looked_for_and_never_sent_again(
    world: World, clock: TestClock
) -> None:
    world.gateway.clock = clock
    sms = await planned(world)
    world.gateway.next(Close(), Close())
    world.gateway.listing = Answer(status=200, body=b'{"messages": [], "next_page_uri": null}')
    await send(world.sms)
    following = follower(world, world.sms, resends=[Channel.SMS])
    for _ in range(26):
        clock.forward(minutes=1)
        await follow(following, world.sms)
    assert await statuses(world, sms) == [AttemptStatus.UNKNOWN, AttemptStatus.UNKNOWN]
    for _ in range(80):
        clock.forward(minutes=1)
        await follow(following, world.sms)
    assert len(world.gateway.journal) == 2
    assert await standing(world, sms) == ("unknown", True)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, STARTED, UNKNOWN, UNRESOLVED]


async def test_a_re_send_of_which_only_the_answer_was_lost_is_found_in_the_list(world: World, clock: TestClock) -> None:
    world.gateway.clock = clock
    sms = await planned(world)
    world.gateway.next(Reset(after_body=False), Close())
    await send(world.sms)
    following = follower(world, world.sms, resends=[Channel.SMS])
    for _ in range(28):
        clock.forward(minutes=1)
        await follow(following, world.sms)
    assert await standing(world, sms) == ("sent", False)
    assert await statuses(world, sms) == [AttemptStatus.UNKNOWN, AttemptStatus.ACCEPTED]
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [*LOST_FACTS, STARTED, UNKNOWN, RECONCILED]
    assert facts[-1]["data"]["attempt"] == 2


async def test_an_email_is_sent_again_after_15_minutes_as_the_very_same_bytes(world: World, clock: TestClock) -> None:
    relay = SmtpEmail(SmtpRelay.parse(world.mail.url), final_timeout=5.0)
    sending = dispatcher(world, relay)
    email = await planned(world, Channel.EMAIL)
    world.mail.at("dot", Drop(), times=1)
    await send(sending)
    assert await standing(world, email) == ("unknown", False)
    await world.put(language="en")  # what is rendered by now would be in English
    following = follower(world, sending, resends=[Channel.EMAIL])
    clock.forward(minutes=14, seconds=59)
    await follow(following, sending)
    assert len(world.mail.journal) == 1
    clock.forward(seconds=2)
    await follow(following, sending)
    await relay.close()
    first, second = world.mail.journal
    assert first.mime == second.mime
    assert f"Message-ID: <{email.id}@awizo.test>\r\n".encode() in second.mime
    assert first.rcpt == second.rcpt
    assert await standing(world, email) == ("sent", False)
    assert await world.fact_types(email.id) == [*LOST_FACTS, STARTED, ACCEPTED]


@pytest.mark.parametrize("taken", [True, False])
async def test_under_its_key_a_message_is_sent_again_after_half_a_minute_and_is_held_once(
    world: World, clock: TestClock, taken: bool
) -> None:
    async with DescribedGateway() as gateway:
        transport = HttpGateway(
            *described(f"{gateway.base_url}/v2/messages", "s"), connect_timeout=5.0, total_timeout=10.0
        )
        sending = dispatcher(world, transport)
        sms = await planned(world)
        gateway.next(Reset(after_body=taken))
        await send(sending)
        assert await standing(world, sms) == ("unknown", False)
        following = follower(world, sending, resends=[Channel.SMS])
        clock.forward(seconds=29)
        await follow(following, sending)
        assert gateway.requests == 1
        clock.forward(seconds=2)
        await follow(following, sending)
        await transport.close()
    assert await standing(world, sms) == ("sent", False)
    assert len({sent_json(each)["reference"] for each in gateway.journal}) == 1
    assert (gateway.requests, len(gateway.held)) == (2, 1)


async def test_the_provider_of_a_re_send_is_the_one_of_the_first_time(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    first, second = (Scripted(name=name, has_keys=True, looks_up=False) for name in ("smsapi", "gateway"))
    first.outcomes.append(LOST)
    second.outcomes.append(LOST)
    sending = through(world, first, second)
    await send(sending)
    chosen, other = (first, second) if first.taken else (second, first)
    clock.forward(minutes=1)
    await follow(follower(world, sending, resends=[Channel.SMS]), sending)
    assert (len(chosen.taken), other.taken) == (2, [])
    assert await standing(world, sms) == ("sent", False)


async def withdraw(world: World) -> None:
    act = ConsentAct(
        channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False, at=NOON + timedelta(seconds=1), method="counter"
    )
    await world.put(consents=(act,))


async def collect(world: World) -> None:
    await world.accepted(event("delivered", at=NOON + timedelta(seconds=1), data={"shipment": "item-1"}))


async def lose_the_number(world: World) -> None:
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state="disabled"))


async def forget(world: World) -> None:
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="0123456789abcdef", surroundings=world.surroundings)
    )


async def night(world: World) -> None:
    await world.put(quiet_hours=QuietHours())


@pytest.mark.parametrize("happened", [withdraw, collect, lose_the_number, forget], ids=lambda each: each.__name__)
async def test_what_may_no_longer_leave_is_not_sent_again(world: World, clock: TestClock, happened: object) -> None:
    lost = await lose(world, clock)
    await happened(world)  # type: ignore[operator]
    await lost.follow(minutes=1)
    await lost.follow(hours=1)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", True)
    assert await lost.types() == [*LOST_FACTS, UNRESOLVED]


async def test_news_that_expired_meanwhile_is_not_sent_again(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    clock.now = datetime(2026, 11, 24, 22, 59, 30, tzinfo=UTC)
    answer = await world.accepted(event("ready_for_pickup", data={"pickup": {"until": "2026-11-24"}}))
    provider = Scripted(LOST, has_keys=True, looks_up=False)
    sending = through(world, provider)
    await send(sending)
    clock.forward(seconds=31)
    await follow(follower(world, sending, resends=[Channel.SMS]), sending)
    assert len(provider.taken) == 1
    assert await standing(world, answer.notifications[0]) == ("unknown", True)


@pytest.mark.parametrize(("utc", "copies"), [("2026-11-23T18:59:00", 2), ("2026-11-23T18:59:40", 1)])
async def test_an_sms_is_not_sent_again_in_quiet_hours(world: World, clock: TestClock, utc: str, copies: int) -> None:
    clock.now = datetime.fromisoformat(utc).replace(tzinfo=UTC)  # a minute before eight in the evening
    lost = await lose(world, clock)
    await night(world)
    await lost.follow(seconds=31)
    await lost.follow(hours=13)
    assert len(lost.provider.taken) == copies


async def test_an_email_may_be_sent_again_at_night(world: World, clock: TestClock) -> None:
    clock.now = datetime(2026, 11, 23, 21, tzinfo=UTC)
    lost = await lose(world, clock, channel=Channel.EMAIL)
    await night(world)
    await lost.follow(minutes=16)
    assert len(lost.provider.taken) == 2


@pytest.mark.parametrize("kind", sorted(ONE_TIME))
async def test_one_time_codes_are_never_sent_again(world: World, clock: TestClock, kind: str) -> None:
    lost = await lose(world, clock)
    async with world.database.write() as tx:
        await tx.execute(update(notifications).values(kind=kind))
    await lost.follow(minutes=1)
    await lost.follow(minutes=30)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", True)


async def test_what_was_sent_again_closes_after_72_hours(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    await lost.follow(seconds=31)
    clock.forward(hours=73)
    assert await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings)) == 1
    assert await lost.types() == [*LOST_FACTS, STARTED, ACCEPTED, CLOSED]


async def test_each_re_send_has_a_callback_address_of_its_own(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    await lost.follow(seconds=31)
    addresses = {each.callback_url for each in lost.provider.taken}  # type: ignore[union-attr]
    named: set[UUID] = {each.attempt for each in lost.provider.taken}
    assert len(addresses) == len(named) == 2
    assert len({each.notification for each in lost.provider.taken}) == 1  # type: ignore[union-attr]


async def test_a_re_send_waits_for_a_provider_that_rests(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    paused = NotSent(stage="auth", code="401", pause=True)
    world.watch.count_outcome(lost.provider.name, paused, started_at=clock.now)
    await lost.follow(seconds=40)
    assert len(lost.provider.taken) == 1
    await lost.follow(minutes=1)
    assert len(lost.provider.taken) == 2
    assert (await lost.standing())[0] == "sent"
