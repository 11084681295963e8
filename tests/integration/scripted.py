"""A provider that does what a test has written down: outcomes of sends and answers to look-ups, in order."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.channel import Channel
from app.domain.look_up import LookUp, NotFound, Sought
from app.domain.message import Outgoing
from app.domain.notification import Attempt, AttemptStatus, Notification
from app.domain.outcome import Accepted, Outcome, Unknown
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage import notifications as outbox
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.follow_unknown import Follower
from app.usecases.record_receipt import Recorded, record_receipts
from app.usecases.watch_providers import ProviderWatch
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.world import SENDER, World

LOST = Unknown(stage="response", code="timeout")


class Scripted:
    """Its script used up, it accepts what it is sent and finds nothing. It says nothing before its gates are open."""

    reports = True

    def __init__(
        self,
        *outcomes: Outcome,
        looks: Sequence[LookUp | Exception] = (),
        name: str = "twilio",
        channel: Channel = Channel.SMS,
        capacity: int = 32,
        looks_up: bool = True,
        has_keys: bool = False,
    ) -> None:
        self.name, self.channel, self.capacity = name, channel, capacity
        self.looks_up, self.has_keys = looks_up, has_keys
        self.outcomes = deque(outcomes)
        self.looks = deque(looks)
        self.sending, self.looking = asyncio.Event(), asyncio.Event()
        self.sending.set()
        self.looking.set()
        self.taken: list[Outgoing] = []
        self.sought: list[Sought] = []

    async def send(self, message: Outgoing) -> Outcome:
        outcome = self.outcomes.popleft() if self.outcomes else Accepted(provider_id="SM1")
        self.taken.append(message)
        await self.sending.wait()
        return outcome

    async def look_up(self, sought: Sought) -> LookUp:
        answer = self.looks.popleft() if self.looks else NotFound()
        self.sought.append(sought)
        await self.looking.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.sending.set()
        self.looking.set()


def through(world: World, *transports: Scripted, watch: ProviderWatch | None = None) -> Dispatcher:
    """A dispatcher of one channel through these providers, of equal weight."""
    return Dispatcher(
        world.database,
        [Provider(transport=each) for each in transports],
        sender=SENDER,
        watch=watch or world.watch,
        surroundings=world.surroundings,
    )


def follower(world: World, *dispatchers: Dispatcher, resends: Sequence[Channel] = ()) -> Follower:
    """Follows up what is unknown with the providers of these dispatchers."""
    return Follower(world.database, dispatchers, resends=frozenset(resends), surroundings=world.surroundings)


async def follow(who: Follower, *dispatchers: Dispatcher) -> None:
    """Every step that is due by now, settled."""
    for _ in range(50):
        if not await who.turn():
            return
        for each in dispatchers:
            await each.settled()
    raise AssertionError("it is never done")


async def planned(world: World, channel: Channel = Channel.SMS, name: str = "item-1") -> Notification:
    """One notification on that channel, ready to be sent."""
    await world.register(channels=[channel], consents=[channel])
    answer = await world.accepted(event(id=name, data={"shipment": name}))
    (notification,) = (n for n in answer.notifications if n.channel is channel)
    return notification


async def send(dispatcher: Dispatcher) -> None:
    await dispatcher.turn()
    await dispatcher.settled()


async def attempts(world: World, notification: Notification) -> list[Attempt]:
    async with world.database.read() as tx:
        return (await outbox.attempts_of(tx, [notification.id]))[notification.id]


async def statuses(world: World, notification: Notification) -> list[AttemptStatus]:
    return [attempt.status for attempt in await attempts(world, notification)]


async def standing(world: World, notification: Notification) -> tuple[str, bool]:
    """The notification's status, and whether nothing is left to look at."""
    found = await world.notification(notification.id)
    return found.status, found.unresolved


async def report(world: World, attempt: Attempt, status: ReceiptStatus, *, provider: str = "twilio") -> Recorded:
    """A provider's callback about that attempt."""
    receipt = Receipt(
        attempt=attempt.id,
        provider=provider,
        status=status,
        code=str(status),
        via="callback",
        signature="shared_key",
        provider_id="SM1",
        raw=f"MessageStatus={status}".encode(),
    )
    (recorded,) = await world.database.transact(
        lambda tx: record_receipts(tx, [receipt], surroundings=world.surroundings)
    )
    return recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A message that became unknown at a provider which knows our keys, and what follows it up."""

    world: World
    clock: TestClock
    provider: Scripted
    sending: Dispatcher
    following: Follower
    notification: Notification

    async def follow(self, **after: float) -> None:
        self.clock.forward(**after)
        await follow(self.following, self.sending)

    async def standing(self) -> tuple[str, bool]:
        return await standing(self.world, self.notification)

    async def attempts(self) -> list[Attempt]:
        return await attempts(self.world, self.notification)

    async def types(self) -> list[str]:
        return await self.world.fact_types(self.notification.id)


async def lose(world: World, clock: TestClock, *then: Outcome, channel: Channel = Channel.SMS) -> Lost:
    """The first attempt is unknown; the next end like `then`."""
    notification = await planned(world, channel)
    name = "smsapi" if channel is Channel.SMS else "smtp"
    provider = Scripted(LOST, *then, name=name, channel=channel, has_keys=channel is Channel.SMS, looks_up=False)
    sending = through(world, provider)
    await send(sending)
    assert await standing(world, notification) == ("unknown", False)
    following = follower(world, sending, resends=[channel])
    return Lost(
        world=world, clock=clock, provider=provider, sending=sending, following=following, notification=notification
    )
