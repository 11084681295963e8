"""What the loops know of their own duties: when they last did them, and when they cannot."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from app.api.metrics import Metrics, refresh_gauges
from app.domain.duty import TRIAL_TIME, Duty
from app.domain.outcome import NotSent
from app.storage.database import DatabaseUnavailableError, Tx
from app.usecases import watch_duties
from app.usecases.dispatch_notifications import Dispatcher, Provider
from app.usecases.log_fault import MarkError
from app.usecases.watch_duties import DutyWatch, last_dispatch
from app.usecases.watch_providers import ProviderWatch
from tests.builders import NOON
from tests.conftest import TestClock
from tests.integration.duty_watching import Watched
from tests.integration.provider_watching import plan, send_all, sending, watching
from tests.integration.scripted import Scripted
from tests.integration.world import SENDER, World

UNREACHED = NotSent(stage="connect", code="refused")
NO_ACCESS = NotSent(stage="auth", code="401", pause=True)


async def dispatched_at(world: World, watch: ProviderWatch, dispatcher: Dispatcher) -> datetime | None:
    """When the duty was last done, after a turn of all loops."""
    await watch.turn()
    await dispatcher.turn()
    await dispatcher.settled()
    return last_dispatch(dispatcher, watch, world.surroundings)()


async def test_a_turn_of_the_dispatcher_does_its_duty_even_when_nothing_is_due(world: World, clock: TestClock) -> None:
    last_fine = last_dispatch(world.sms, world.watch, world.surroundings)
    assert last_fine() is None
    await world.sms.turn()
    first = last_fine()
    assert first == clock.now - timedelta(milliseconds=1)
    clock.forward(seconds=5)
    assert last_fine() == first
    await world.sms.turn()
    assert last_fine() == clock.now - timedelta(milliseconds=1)


async def test_a_turn_that_cannot_claim_does_not_do_the_duty(world: World) -> None:
    async def never(_tx: Tx) -> bool:
        return False

    unsound = Dispatcher(
        world.database.only_while(never),
        [Provider(transport=Scripted())],
        sender=SENDER,
        watch=world.watch,
        surroundings=world.surroundings,
    )
    with pytest.raises(DatabaseUnavailableError):
        await unsound.turn()
    assert unsound.turned_at is None


async def test_a_channel_cannot_be_served_while_every_provider_rests(world: World, clock: TestClock) -> None:
    watch = await watching(world)
    twilio, smsapi = Scripted(*[NO_ACCESS] * 9), Scripted(*[NO_ACCESS] * 9, name="smsapi")
    one, both = sending(world, watch, twilio), sending(world, watch, twilio, smsapi)
    await plan(world, 1)
    await send_all(one)
    assert await dispatched_at(world, watch, one) is None
    assert await dispatched_at(world, watch, both) is not None
    clock.forward(seconds=61)
    assert await dispatched_at(world, watch, one) is None  # its next attempt was refused as well
    clock.forward(seconds=61)
    assert last_dispatch(one, watch, world.surroundings)() is not None


async def test_an_outage_is_not_interrupted_by_the_trials_in_it(world: World, clock: TestClock) -> None:
    watch = await watching(world)
    twilio = Scripted(*[UNREACHED] * 8)
    dispatcher = sending(world, watch, twilio)
    await plan(world, 8)
    await send_all(dispatcher)
    for _ in range(6):  # the circuit is open, or what is tried has not ended
        await watch.turn()
        assert last_dispatch(dispatcher, watch, world.surroundings)() is None
        clock.forward(seconds=5)
    clock.forward(seconds=TRIAL_TIME.total_seconds())
    assert last_dispatch(dispatcher, watch, world.surroundings)() is not None  # nobody knows otherwise


async def test_a_channel_is_served_again_as_soon_as_a_trial_succeeds(world: World, clock: TestClock) -> None:
    watch = await watching(world)
    dispatcher = sending(world, watch, Scripted(*[UNREACHED] * 5))
    await plan(world, 5)
    await send_all(dispatcher)
    assert await dispatched_at(world, watch, dispatcher) is None
    clock.forward(seconds=6)
    await plan(world, 1, "trial")
    await send_all(dispatcher)
    assert await dispatched_at(world, watch, dispatcher) is not None


async def test_only_a_turn_of_the_sealer_that_went_well_does_its_duty(
    world: World, clock: TestClock, tmp_path: Path
) -> None:
    done_at = world.sealer.turned_at
    assert done_at is not None
    mark = (tmp_path / "mark").read_bytes()
    (tmp_path / "mark").unlink()
    clock.forward(seconds=5)
    with pytest.raises(MarkError):
        await world.sealer.turn()
    assert world.sealer.turned_at == done_at
    (tmp_path / "mark").write_bytes(mark)
    await world.sealer.turn()
    assert world.sealer.turned_at > done_at + timedelta(seconds=5)


async def test_the_loop_outlives_whatever_goes_wrong_in_a_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_duties, "TURN_SECONDS", 0.0)
    watched = Watched(database=world.database, surroundings=world.surroundings)
    failures = iter([DatabaseUnavailableError("away"), LookupError("the log was never opened")])
    went_well = asyncio.Event()

    class Failing(DutyWatch):
        async def turn(self) -> None:
            if (failure := next(failures, None)) is not None:
                raise failure
            await super().turn()
            went_well.set()

    failing = Failing(
        world.database,
        {Duty.ACCEPT: lambda: NOON},
        log_watch=watched.log_watch,
        surroundings=world.surroundings,
    )
    loop = asyncio.create_task(watch_duties.watch_duties(failing))
    await asyncio.wait_for(went_well.wait(), 60)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert await watched.fine_at() == {Duty.ACCEPT: NOON}


async def test_the_figures_say_for_how_long_nobody_did_a_duty(world: World, clock: TestClock) -> None:
    watched = Watched(database=world.database, surroundings=world.surroundings)
    await watched.report(Duty.SMS, timedelta(0))
    await watched.report(Duty.ACCEPT, timedelta(hours=1))
    metrics = Metrics()
    async with world.database.read() as tx:
        await refresh_gauges(metrics, tx, now=NOON + timedelta(seconds=90))
    text = generate_latest(metrics.registry).decode()
    assert 'awizo_duty_fine_seconds{duty="sms"} 90.0' in text
    assert 'awizo_duty_fine_seconds{duty="accept"} 0.0' in text
    assert 'duty="email"' not in text
