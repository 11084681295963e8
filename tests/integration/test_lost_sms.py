"""An SMS whose answer was lost, through the real transports: found in Twilio's list, or sent again under its key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from adapters.sms import SmsApi, TwilioSms
from app.domain.channel import Channel
from app.ports import Transport
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.follow_unknown import Follower
from tests.builders import event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import AcceptThenHang, Close, Reset, SmsGateway
from tests.doubles.smsapi_gateway import SmsApiGateway
from tests.integration.providers import dispatcher
from tests.integration.world import World

LOST = [AcceptThenHang(), Reset(after_body=True), Close()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """Dispatch of SMS through one gateway, and what follows up its unknown messages."""

    world: World
    gateway: SmsGateway
    sms: Dispatcher
    follower: Follower

    async def lose(self, behaviour: AcceptThenHang | Reset | Close) -> UUID:
        """One notification whose message was taken without an answer."""
        await self.world.register(channels=[Channel.SMS], consents=[Channel.SMS])
        answer = await self.world.accepted(event())
        (notification,) = (n for n in answer.notifications if n.channel is Channel.SMS)
        self.gateway.next(behaviour)
        assert await self.sms.turn() == 1
        await self.sms.settled()
        assert (await self.world.notification(notification.id)).status == "unknown"
        return notification.id

    async def follow(self, clock: TestClock, **after: float) -> None:
        clock.forward(**after)
        while await self.follower.turn():
            await self.sms.settled()


@asynccontextmanager
async def through(
    world: World, clock: TestClock, gateway: SmsGateway, transport: Transport, *, resends: frozenset[Channel]
) -> AsyncIterator[Through]:
    gateway.clock = clock
    sms = dispatcher(world, transport)
    follower = Follower(world.database, [sms], resends=resends, surroundings=world.surroundings)
    yield Through(world=world, gateway=gateway, sms=sms, follower=follower)
    await transport.close()


@pytest.mark.parametrize("behaviour", LOST, ids=lambda behaviour: type(behaviour).__name__)
async def test_a_message_that_smsapi_took_without_an_answer_is_sent_again_and_is_one_message(
    world: World, clock: TestClock, behaviour: AcceptThenHang | Reset | Close
) -> None:
    async with SmsApiGateway() as gateway:
        transport = SmsApi(
            token="t", sender="Awizo", clock=clock, base_url=gateway.base_url, connect_timeout=0.5, total_timeout=1.0
        )
        async with through(world, clock, gateway, transport, resends=frozenset({Channel.SMS})) as smsapi:
            lost = await smsapi.lose(behaviour)
            await smsapi.follow(clock, seconds=40)
            found = await world.notification(lost)
    assert (found.status, found.unresolved) == ("sent", False)
    first, second = gateway.journal
    assert (first.form["idx"], first.form["message"]) == (second.form["idx"], second.form["message"])
    assert first.form["idx"] == lost.hex
    assert len(gateway.held) == 1
    assert await world.fact_types(lost) == [
        "notification.planned", "attempt.started", "attempt.unknown", "attempt.started", "attempt.accepted",
    ]  # fmt: skip


@pytest.mark.parametrize("behaviour", LOST, ids=lambda behaviour: type(behaviour).__name__)
async def test_a_message_that_twilio_took_without_an_answer_is_found_in_its_list(
    world: World, clock: TestClock, behaviour: AcceptThenHang | Reset | Close
) -> None:
    async with SmsGateway() as gateway:
        transport = TwilioSms(
            account_sid="AC0", auth_token="secret", sender="Awizo", base_url=gateway.base_url,
            connect_timeout=0.5, total_timeout=1.0,
        )  # fmt: skip
        async with through(world, clock, gateway, transport, resends=frozenset({Channel.SMS})) as twilio:
            lost = await twilio.lose(behaviour)
            await twilio.follow(clock, seconds=40)
            found = await world.notification(lost)
    assert (found.status, found.unresolved) == ("sent", False)
    assert len(gateway.journal) == 1
    types = await world.fact_types(lost)
    assert types == ["notification.planned", "attempt.started", "attempt.unknown", "attempt.reconciled"]
