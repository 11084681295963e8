"""Messages whose provider did not say whether it took them."""

from app.domain.notification import Notification
from tests.conftest import TestClock
from tests.doubles.sms_gateway import Behaviour, Close, Reset
from tests.integration.scripted import (
    follow,
    planned,
    send,
    standing,
)
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN = "notification.planned", "attempt.started", "attempt.unknown"
TAKEN, NOT_TAKEN = Close(), Reset(after_body=False)


async def lost(world: World, clock: TestClock, behaviour: Behaviour = TAKEN) -> Notification:
    """An SMS whose gateway answered nothing, whether it took it or not."""
    world.gateway.clock = clock
    sms = await planned(world)
    world.gateway.next(behaviour)
    await send(world.sms)
    assert await standing(world, sms) == ("unknown", False)
    return sms


async def later(world: World, clock: TestClock, **duration: float) -> None:
    clock.forward(**duration)
    await follow(world.follower, world.sms, world.email)
