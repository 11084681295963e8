"""What is kept of incidents of areas, and for how long: shipments as long as personal values, all with its event."""

import pytest
from sqlalchemy import select

from app.domain.event import Event
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import events, incident_areas, incidents
from app.usecases.accept_events import Accepted, accept_events
from tests.builders import area_event
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.people import World
from tests.vocabularies import BUILT_IN

ONE_OF_EACH = {
    "I-1": {"shipments": ["S-1", "S-2"]},
    "I-2": {"facilities": ["UP-1"]},
    "I-3": {"post_codes": ["03-7*"]},
    "I-4": {"operator_wide": True},
}


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def accept(world: World, *posted: Event) -> None:
    answers = await world.database.transact(
        lambda tx: accept_events(tx, list(posted), surroundings=world.surroundings, vocabularies=BUILT_IN)
    )
    assert all(isinstance(answer, Accepted) for answer in answers)


async def accept_one_of_each(world: World) -> None:
    await accept(world, *(area_event(data={"incident": name, "scope": scope}) for name, scope in ONE_OF_EACH.items()))


async def areas(world: World) -> list[tuple[str, str]]:
    """Incident and kind of area."""
    query = select(incidents.c.name, incident_areas.c.kind).join(
        incident_areas, incident_areas.c.event_id == incidents.c.event_id
    )
    async with world.database.read() as tx:
        return sorted((row.name, row.kind) for row in await tx.execute(query))


async def names(world: World) -> list[str]:
    async with world.database.read() as tx:
        return sorted((await tx.execute(select(incidents.c.name))).scalars())


async def test_which_shipments_an_incident_touched_is_forgotten_with_the_content_of_its_event(
    world: World, clock: TestClock
) -> None:
    await accept_one_of_each(world)
    before = await areas(world)
    assert before.count(("I-1", "shipment")) == 2
    clock.forward(days=394)
    await keep(world.database, world.surroundings)
    assert await areas(world) == before
    clock.forward(days=3)
    await keep(world.database, world.surroundings)
    assert await areas(world) == [("I-2", "facility"), ("I-3", "post_code"), ("I-4", "operator")]
    assert await names(world) == list(ONE_OF_EACH)


async def test_shipments_that_a_later_revision_took_over_stay_as_long_as_its_own(
    world: World, clock: TestClock
) -> None:
    await accept(world, area_event(data={"incident": "I-1", "scope": ONE_OF_EACH["I-1"]}))
    clock.forward(days=200)
    later = area_event("resolved", revision=2, data={"incident": "I-1", "scope": {"shipments": ["S-1"]}})
    await accept(world, later)
    clock.forward(days=200)
    await keep(world.database, world.surroundings)
    assert [kind for _, kind in await areas(world)].count("shipment") == 2
    clock.forward(days=200)
    await keep(world.database, world.surroundings)
    assert [kind for _, kind in await areas(world)].count("shipment") == 0


async def test_an_incident_is_removed_with_its_event(world: World, clock: TestClock) -> None:
    await accept_one_of_each(world)
    clock.forward(days=366 * 13)
    await accept(world, area_event(revision=2, data={"incident": "I-2"}))
    await keep(world.database, world.surroundings)
    assert await names(world) == ["I-2"]
    async with world.database.read() as tx:
        assert len(list(await tx.execute(select(events.c.id)))) == 1
        assert len(list(await tx.execute(select(incidents.c.event_id).where(incidents.c.newest)))) == 1
