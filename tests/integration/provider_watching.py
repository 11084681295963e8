"""Dispatchers whose watch belongs to one process, and messages for them."""

from collections.abc import Mapping

from app.domain.channel import Channel
from app.ports import Surroundings
from app.storage import providers as provider_store
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.watch_providers import ProviderWatch
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.scripted import Scripted
from tests.integration.world import SENDER, World

NAMES = ["twilio", "smsapi"]


async def watching(world: World, *, reporting: tuple[str, ...] = (), clock: TestClock | None = None) -> ProviderWatch:
    """What one process knows of both providers."""
    own = world.surroundings
    if clock is not None:
        own = Surroundings(clock=clock, new_id=own.new_id, entropy=own.entropy, jitter=own.jitter)
    watch = ProviderWatch(world.database, NAMES, reporting=reporting, surroundings=own)
    await watch.turn()
    passing = world.surroundings.clock
    assert isinstance(passing, TestClock)
    passing.forward(seconds=provider_store.BUCKET_SECONDS)  # until then, nothing is counted since the first judgement
    return watch


def sending(
    world: World,
    watch: ProviderWatch,
    *transports: Scripted,
    weights: Mapping[str, int] | None = None,
    rate: float | None = None,
) -> Dispatcher:
    providers = [Provider(transport=each, weight=(weights or {}).get(each.name, 1), rate=rate) for each in transports]
    return Dispatcher(world.database, providers, sender=SENDER, watch=watch, surroundings=world.surroundings)


async def plan(world: World, count: int, prefix: str = "item") -> None:
    """So many SMS that are ready to be sent."""
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.post(*(event(id=f"{prefix}-{n}", data={"shipment": f"{prefix}-{n}"}) for n in range(count)))


async def send_all(dispatcher: Dispatcher) -> None:
    while await dispatcher.turn():
        await dispatcher.settled()
