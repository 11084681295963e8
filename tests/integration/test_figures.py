"""Figures are counted once each from the published log, and equal a second count straight from its facts."""

from collections import Counter

from app.domain.figures import Measure
from app.ports import Surroundings
from tests.conftest import TestClock
from tests.integration.busy_days import busy_day, people
from tests.integration.counting import SecondCount, count_all, counted
from tests.integration.world import World


async def test_figures_equal_a_second_count_straight_from_the_facts(
    world: World, surroundings: Surroundings, clock: TestClock
) -> None:
    second = SecondCount(world.database, Counter())
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    await count_all(world.database, surroundings)
    figures = await counted(world.database)
    assert figures == await second.catch_up()
    assert {key[2] for key in figures} == set(Measure)
