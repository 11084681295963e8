"""Figures say which courier they are about only as long as personal values are kept."""

from collections import Counter
from datetime import date, timedelta

import pytest

from app.domain.figures import Figure, Measure
from app.domain.retention import Retention
from app.ports import Surroundings
from app.storage import figures as figure_store
from app.storage.database import Database
from app.usecases import keep_retention as retention
from tests.builders import OPERATOR
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.busy_days import notice
from tests.integration.counting import count_all, counted
from tests.integration.world import World

TODAY = date(2026, 11, 23)
OLDEST_KEPT = date(2025, 10, 23)
BEFORE = OLDEST_KEPT - timedelta(days=1)


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


def lag(day: date, facility: str, courier: str, *, operator: str = OPERATOR, bucket: str = "300") -> Figure:
    return Figure(operator, day, Measure.NOTICE_LAG, facility, courier, bucket=bucket)


async def add(database: Database, figures: dict[Figure, int]) -> None:
    await database.transact(lambda tx: figure_store.add(tx, figures))


async def standing(database: Database) -> Counter[Figure]:
    found = await counted(database)
    return Counter({Figure(key[0], date.fromisoformat(key[1]), *key[2:]): count for key, count in found.items()})  # type: ignore[arg-type] # a measure's name


async def test_what_is_too_old_is_added_up_without_couriers_and_the_rest_stays(
    database: Database, surroundings: Surroundings
) -> None:
    kept = {lag(OLDEST_KEPT, "UP-1", "K-1"): 5, lag(TODAY, "UP-1", "K-1"): 6}
    old = {
        lag(BEFORE, "UP-1", ""): 1,
        lag(BEFORE, "UP-1", "K-1"): 2,
        lag(BEFORE, "UP-1", "K-2"): 3,
        lag(BEFORE, "UP-2", "K-2"): 4,
        lag(BEFORE - timedelta(days=100), "UP-1", "K-1"): 7,
        lag(BEFORE, "L-1", "D-1", operator="inpost"): 8,
        Figure(OPERATOR, BEFORE, Measure.EVENTS, bucket="notice_left"): 9,
    }
    await add(database, kept | old)
    assert await keep(database, surroundings) > 0
    assert await standing(database) == kept | {
        lag(BEFORE, "UP-1", ""): 6,
        lag(BEFORE, "UP-2", ""): 4,
        lag(BEFORE - timedelta(days=100), "UP-1", ""): 7,
        lag(BEFORE, "L-1", "", operator="inpost"): 8,
        Figure(OPERATOR, BEFORE, Measure.EVENTS, bucket="notice_left"): 9,
    }
    assert await keep(database, surroundings) == 0


async def test_a_day_of_many_couriers_is_gone_through_in_batches(
    database: Database, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_MAX", 3)
    couriers = {lag(BEFORE, "UP-1", f"K-{number}"): 1 for number in range(7)}
    await add(database, couriers)
    assert await keep(database, surroundings) == 7
    assert await standing(database) == {lag(BEFORE, "UP-1", ""): 7}


async def test_each_day_goes_when_its_time_has_come(
    database: Database, surroundings: Surroundings, clock: TestClock
) -> None:
    days = [OLDEST_KEPT + timedelta(days=each) for each in range(3)]
    await add(database, {lag(day, "UP-1", "K-1"): 1 for day in days})
    for passed in range(4):
        await keep(database, surroundings)
        named = {figure.day for figure in await standing(database) if figure.courier}
        assert named == set(days[passed:])
        clock.forward(days=1)


async def test_what_is_counted_of_a_day_that_was_gone_through_names_no_courier(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("item-1", clock.now))
    await world.seal()
    await add(world.database, {lag(TODAY, "UP-9", "K-9"): 1})
    clock.forward(days=10)
    await world.database.transact(lambda tx: figure_store.forget_couriers(tx, before=clock.now.date(), limit=500))
    await count_all(world.database, world.surroundings)
    lags = {figure for figure in await standing(world.database) if figure.measure == Measure.NOTICE_LAG}
    assert lags == {lag(TODAY, "UP-9", ""), lag(TODAY, "UP-00-032", "", bucket="60")}


async def test_a_policy_of_fewer_months_takes_couriers_off_sooner(
    database: Database, surroundings: Surroundings
) -> None:
    await add(database, {lag(TODAY - timedelta(days=40), "UP-1", "K-1"): 1})
    await keep(database, surroundings, Retention(months=1, skeleton_years=10))
    assert not any(figure.courier for figure in await standing(database))
