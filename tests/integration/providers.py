"""Transports for tests of dispatch: one that answers when told, one that reaches nobody; and journals read back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from adapters.sms import TwilioSms
from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought, Unclear
from app.domain.message import Outgoing
from app.domain.outcome import Outcome
from app.ports import Transport
from app.usecases.dispatch_notifications import Dispatcher, Provider
from tests.doubles.sms_gateway import ReceivedSms
from tests.integration.world import SENDER, World


class GatedTransport:
    """Takes every message, and says what became of it once `gate` is opened."""

    name = "twilio"
    channel = Channel.SMS
    looks_up = False
    reports = True
    has_keys = False

    def __init__(self, outcome: Outcome, *, capacity: int = 32) -> None:
        self.outcome = outcome
        self.capacity = capacity
        self.gate = asyncio.Event()
        self.taken: list[Outgoing] = []

    async def send(self, message: Outgoing) -> Outcome:
        self.taken.append(message)
        await self.gate.wait()
        return self.outcome

    async def look_up(self, sought: Sought) -> LookUp:
        return Unclear(reason="nobody answers")

    async def close(self) -> None:
        self.gate.set()


def dispatcher(world: World, transport: Transport) -> Dispatcher:
    """Another dispatcher on the world's database, as another process would have it."""
    return Dispatcher(
        world.database,
        [Provider(transport=transport)],
        sender=SENDER,
        watch=world.watch,
        surroundings=world.surroundings,
    )


@asynccontextmanager
async def sms_through(world: World, base_url: str, *, total_timeout: float = 2.0) -> AsyncIterator[Dispatcher]:
    """A dispatcher that sends to another gateway than the world's, or waits less long for it."""
    transport = TwilioSms(
        account_sid="AC0",
        auth_token="secret",
        sender="Awizo",
        base_url=base_url,
        connect_timeout=total_timeout / 2,
        total_timeout=total_timeout,
    )
    try:
        yield dispatcher(world, transport)
    finally:
        await transport.close()


def attempts_in(journal: Iterable[ReceivedSms]) -> list[UUID]:
    """Our attempts' ids in a gateway's journal, as the callback addresses name them."""
    return [UUID(parse_qs(urlsplit(sms.form["StatusCallback"]).query)["a"][0]) for sms in journal]


async def until(happened: Callable[[], object]) -> None:
    """Wait, at most a minute, until `happened()` is true."""
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 – journals of doubles have no event to wait for
            await asyncio.sleep(0.005)
