"""Several providers of one channel: shares that follow weight and health, rests that all processes keep, rates."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from prometheus_client import generate_latest

from app.api.metrics import Metrics, refresh_gauges
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused
from app.domain.provider import Figures
from app.storage import providers as provider_store
from app.storage.database import DatabaseUnavailableError
from app.usecases.watch_providers import ProviderWatch
from tests.conftest import TestClock
from tests.integration.provider_watching import plan, send_all, sending, watching
from tests.integration.providers import until
from tests.integration.scripted import LOST, Scripted, planned, send, standing, statuses
from tests.integration.world import World

UNREACHED = NotSent(stage="connect", code="refused")
LATER = Refused(permanence=Permanence.TEMPORARY, stage="response", code="21611")
NO_ACCESS = NotSent(stage="auth", code="401", pause=True)


def both(*outcomes: Outcome, capacity: int = 100) -> tuple[Scripted, Scripted]:
    """Twilio, whose first messages end like this, and SMSAPI, which takes everything."""
    return Scripted(*outcomes, capacity=capacity), Scripted(name="smsapi", capacity=capacity)


async def state(watch: ProviderWatch, name: str = "twilio") -> tuple[int, str | None, int]:
    """Health, why it rests, and how often its circuit opened, once it is judged again."""
    await watch.turn()
    found = watch.state(name)
    return found.health, found.rests_because, found.openings


async def test_weights_are_shares_also_when_messages_come_one_by_one(world: World) -> None:
    twilio, smsapi = both()
    dispatcher = sending(world, await watching(world), twilio, smsapi, weights={"twilio": 70, "smsapi": 30})
    for number in range(10):
        await plan(world, 1, f"single-{number}")
        await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (7, 3)
    await plan(world, 100)
    await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (77, 33)


async def test_a_provider_without_weight_is_used_only_while_the_other_rests(world: World, clock: TestClock) -> None:
    twilio, smsapi = both(NO_ACCESS)
    dispatcher = sending(world, await watching(world), twilio, smsapi, weights={"smsapi": 0})
    await plan(world, 1)
    await send_all(dispatcher)
    clock.forward(seconds=10)
    await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (1, 1)
    clock.forward(seconds=61)
    await plan(world, 20, "later")
    await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (21, 1)


async def test_a_provider_that_fails_much_gets_less_and_then_its_share_again(world: World, clock: TestClock) -> None:
    twilio, smsapi = both(*[UNREACHED] * 50)
    watch = await watching(world)
    dispatcher = sending(world, watch, twilio, smsapi)
    await plan(world, 120)
    await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (60, 60)
    assert await state(watch) == (7, None, 0)
    clock.forward(seconds=20)
    await send_all(dispatcher)  # what it refused goes to the other
    assert (len(twilio.taken), len(smsapi.taken)) == (60, 110)
    await plan(world, 170, "meanwhile")
    await send_all(dispatcher)
    given = len(twilio.taken) - 60
    assert 70 <= given <= 73  # seven of seventeen, and a little for what went past it before
    for health in (8, 9, 10, 10):
        clock.forward(seconds=31)
        assert await state(watch) == (health, None, 0)
    await plan(world, 100, "again")
    await send_all(dispatcher)
    assert len(twilio.taken) - 60 - given == 50


@pytest.mark.parametrize("refusal", [UNREACHED, LATER])
async def test_what_one_provider_did_not_take_goes_to_the_other(
    world: World, clock: TestClock, refusal: Outcome
) -> None:
    first, second = Scripted(refusal), Scripted(refusal, name="smsapi")
    dispatcher = sending(world, await watching(world), first, second)
    sms = await planned(world)
    for _ in range(3):
        await send(dispatcher)
        clock.forward(seconds=30)
    assert sorted([len(first.taken), len(second.taken)]) == [1, 2]
    assert await standing(world, sms) == ("sent", False)
    assert [str(each) for each in await statuses(world, sms)][2:] == ["accepted"]


async def test_what_may_have_been_taken_never_goes_to_another(world: World, clock: TestClock) -> None:
    first, second = Scripted(LOST), Scripted(LOST, name="smsapi")
    dispatcher = sending(world, await watching(world), first, second)
    sms = await planned(world)
    for _ in range(5):
        await send(dispatcher)
        clock.forward(hours=1)
    assert len(first.taken) + len(second.taken) == 1
    assert (await standing(world, sms))[0] == "unknown"


async def test_a_broken_access_pauses_the_provider_for_all_processes(world: World, clock: TestClock) -> None:
    mine, others = await watching(world), await watching(world)
    twilio = Scripted(NO_ACCESS)
    here, there = sending(world, mine, twilio), sending(world, others, twilio)
    await plan(world, 1)
    await send(here)
    await plan(world, 3, "more")
    assert await here.turn() == 0  # it knows at once
    await mine.turn()
    await others.turn()
    clock.forward(seconds=50)
    assert (await here.turn(), await there.turn()) == (0, 0)
    assert len(twilio.taken) == 1
    reborn = sending(world, await watching(world), twilio)
    assert await reborn.turn() == 0
    clock.forward(seconds=11)
    await send_all(there)
    assert len(twilio.taken) == 5


async def test_a_provider_that_asks_to_wait_is_left_alone_that_long(world: World, clock: TestClock) -> None:
    twilio, smsapi = both(NotSent(stage="response", code="429", retry_after_seconds=120.0))
    dispatcher = sending(world, await watching(world), twilio, smsapi, weights={"twilio": 9})
    await plan(world, 10)
    await send_all(dispatcher)
    assert len(twilio.taken) == 9  # they left together
    clock.forward(seconds=110)
    await plan(world, 10, "more")
    await send_all(dispatcher)
    assert (len(twilio.taken), len(smsapi.taken)) == (9, 11)
    clock.forward(seconds=15)
    await plan(world, 10, "later")
    await send_all(dispatcher)
    assert 18 <= len(twilio.taken) <= 19


async def test_a_dead_provider_rests_longer_each_time_and_is_tried_with_one_message(
    world: World, clock: TestClock
) -> None:
    twilio = Scripted(*[UNREACHED] * 7)
    watch = await watching(world)
    dispatcher = sending(world, watch, twilio)
    await plan(world, 5)
    await send(dispatcher)
    assert await state(watch) == (7, "circuit_open", 1)
    clock.forward(seconds=4)
    assert await dispatcher.turn() == 0
    tried = []
    for rest in (2, 10, 20):
        clock.forward(seconds=rest + provider_store.BUCKET_SECONDS)
        tried.append(await dispatcher.turn())
        await dispatcher.settled()
        clock.forward(seconds=0.5)
        await watch.turn()
    assert tried == [1, 1, 1]
    assert watch.state("twilio").openings == 0  # the third was taken
    await send_all(dispatcher)
    assert len(twilio.taken) == 5 + 2 + 5


async def test_on_trial_a_provider_gets_one_message_at_a_time(world: World, clock: TestClock) -> None:
    twilio = Scripted(*[UNREACHED] * 5)
    watch = await watching(world)
    dispatcher = sending(world, watch, twilio)
    await plan(world, 5)
    await send(dispatcher)
    await watch.turn()
    clock.forward(seconds=16)
    twilio.sending.clear()
    assert await dispatcher.turn() == 1
    await until(lambda: len(twilio.taken) > 5)
    assert await dispatcher.turn() == 0
    twilio.sending.set()
    await dispatcher.settled()


async def test_the_figures_of_all_processes_are_judged_together(world: World) -> None:
    mine, others = await watching(world), await watching(world)
    for watch, count in ((mine, 3), (others, 2)):
        for _ in range(count):
            watch.count_outcome("twilio", LOST, started_at=world.surroundings.clock())
    assert await state(mine) == (10, None, 0)
    assert await state(others) == (7, "circuit_open", 1)
    assert await state(mine) == (7, "circuit_open", 1)


async def test_what_never_ended_for_ten_minutes_counts_when_it_ends(world: World, clock: TestClock) -> None:
    watch = await watching(world)
    clock.forward(minutes=11)
    for _ in range(5):
        watch.count_outcome("twilio", LOST, started_at=clock.now - timedelta(minutes=10))
    assert await state(watch) == (7, "circuit_open", 1)


async def test_what_never_left_for_our_own_sake_is_held_against_nobody(world: World) -> None:
    watch = await watching(world)
    for stage in ("message", "consent", "process"):
        for _ in range(50):
            watch.count_outcome("twilio", NotSent(stage=stage, code="x"), started_at=world.surroundings.clock())
    assert await state(watch) == (10, None, 0)


async def test_messages_that_nobody_reports_on_cost_weight(world: World, clock: TestClock) -> None:
    twilio, smsapi = both()
    watch = await watching(world, reporting=("twilio",))
    dispatcher = sending(world, watch, twilio, smsapi)
    await plan(world, 80)
    await send_all(dispatcher)
    for _ in range(33):  # of forty
        watch.count_report("twilio", clock.now)
    clock.forward(minutes=4)
    assert (await state(watch))[0] == 10
    clock.forward(minutes=2)
    assert (await state(watch))[0] == 7
    assert (await state(watch, "smsapi"))[0] == 10


async def test_messages_that_are_reported_cost_nothing(world: World, clock: TestClock) -> None:
    watch = await watching(world, reporting=("twilio",))
    for _ in range(40):
        watch.count_outcome("twilio", Accepted(provider_id="SM1"), started_at=clock.now)
    for _ in range(34):
        watch.count_report("twilio", clock.now)
    clock.forward(minutes=6)
    assert (await state(watch))[0] == 10


@pytest.mark.parametrize("times", [1, 3])
async def test_a_database_that_is_away_loses_no_figures(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    watch, began = await watching(world), clock.now
    watch.count_outcome("twilio", NO_ACCESS, started_at=began)

    async def away(_work: object) -> None:
        watch.count_outcome("twilio", LOST, started_at=began)  # goes on meanwhile
        raise DatabaseUnavailableError("away")

    for _ in range(times):
        with monkeypatch.context() as patched:
            patched.setattr(world.database, "transact", away)
            with pytest.raises(DatabaseUnavailableError):
                await watch.turn()
    await watch.turn()
    await watch.turn()
    async with world.database.read() as tx:
        counted = await provider_store.figures(tx, began - timedelta(minutes=1), began + timedelta(minutes=1))
        stored = (await provider_store.states(tx))["twilio"]
    assert [each.figures for each in counted["twilio"]] == [Figures(not_sent=1, unknown=times)]
    assert stored.rests_because == "401"


async def test_the_longer_rest_is_kept_when_the_database_was_away(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = await watching(world)
    asked = NotSent(stage="response", code="429", retry_after_seconds=600.0)
    watch.count_outcome("twilio", asked, started_at=clock.now)

    async def away(_work: object) -> None:
        watch.count_outcome("twilio", NO_ACCESS, started_at=clock.now)
        raise DatabaseUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(world.database, "transact", away)
        with pytest.raises(DatabaseUnavailableError):
            await watch.turn()
    await watch.turn()
    async with world.database.read() as tx:
        assert (await provider_store.states(tx))["twilio"].rests_because == "429"


async def test_a_process_whose_clock_is_a_day_ahead_pauses_nobody_for_a_day(world: World, clock: TestClock) -> None:
    ahead = await watching(world, clock=TestClock(clock.now + timedelta(hours=25)))
    ahead.count_outcome("twilio", NO_ACCESS, started_at=clock.now)
    await ahead.turn()
    twilio = Scripted()
    await plan(world, 1)
    await send(sending(world, await watching(world), twilio))
    assert len(twilio.taken) == 1


async def test_figures_are_forgotten_when_nobody_is_judged_by_them_any_more(world: World, clock: TestClock) -> None:
    watch, began = await watching(world), clock.now
    watch.count_outcome("twilio", LOST, started_at=began)
    await watch.turn()
    clock.forward(minutes=16)
    await watch.turn()
    async with world.database.read() as tx:
        assert await provider_store.figures(tx, began - timedelta(days=1), began + timedelta(days=1)) == {}


async def test_two_processes_that_judge_at_once_judge_once(world: World, clock: TestClock) -> None:
    watches = [await watching(world) for _ in range(4)]
    for watch in watches:
        for _ in range(20):
            watch.count_outcome("twilio", LOST, started_at=clock.now)
        watch.count_outcome("twilio", Accepted(provider_id="SM1"), started_at=clock.now)
    await asyncio.gather(*(watch.turn() for watch in watches))
    await asyncio.gather(*(watch.turn() for watch in watches))
    assert {watch.state("twilio").health for watch in watches} == {7}


async def test_metrics_show_how_each_provider_does(world: World, clock: TestClock) -> None:
    watch = await watching(world)
    for _ in range(5):
        watch.count_outcome("twilio", UNREACHED, started_at=clock.now)
    watch.count_outcome("smsapi", Accepted(provider_id="1"), started_at=clock.now)
    watch.count_report("smsapi", clock.now)
    await watch.turn()
    metrics = Metrics()
    async with world.database.read() as tx:
        await refresh_gauges(metrics, tx, now=clock.now)
    shown = Counter(generate_latest(metrics.registry).decode().splitlines())
    for line in (
        'awizo_provider_health{provider="twilio"} 7.0',
        'awizo_provider_health{provider="smsapi"} 10.0',
        'awizo_provider_rests{provider="twilio"} 1.0',
        'awizo_provider_rests{provider="smsapi"} 0.0',
        'awizo_provider_recent_attempts{outcome="not_sent",provider="twilio"} 5.0',
        'awizo_provider_recent_attempts{outcome="accepted",provider="smsapi"} 1.0',
        'awizo_provider_recent_attempts{outcome="reported",provider="smsapi"} 1.0',
    ):
        assert shown[line] == 1, line
