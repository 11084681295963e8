"""Where people say that they live: found by post code and area, and by nothing once they moved or were erased."""

from uuid import UUID

import pytest
from sqlalchemy import delete, select

from app.domain.incident import area_code
from app.domain.recipient import Recipient
from app.ports import Surroundings
from app.storage import recipient_areas as areas
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import recipient_areas
from app.usecases.erase_recipient import erase_recipient
from tests.builders import OPERATOR, RECIPIENT
from tests.integration.explained import explained
from tests.integration.people import World, phone

KEY_ID = "0123456789abcdef"


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def registered(world: World, name: str = RECIPIENT, *post_codes: str) -> Recipient:
    return (await world.put(name=name, post_codes=post_codes)).recipient


async def living_in(
    world: World, area: str, *, operator: str = OPERATOR, after: UUID | None = None, limit: int = 100
) -> list[UUID]:
    async with world.database.read() as tx:
        return await areas.living_in(tx, operator, area_code(area), after=after, limit=limit)


async def kept(world: World) -> set[bytes]:
    async with world.database.read() as tx:
        return set((await tx.execute(select(recipient_areas.c.area_index))).scalars())


@pytest.mark.parametrize("area", ["03-729", "03729", "03-72*", "03-7*", "03-*", "03*", "0*"])
async def test_who_registers_is_found_by_post_code_and_by_every_area_around_it(world: World, area: str) -> None:
    person = await registered(world, RECIPIENT, "03-729")
    assert await living_in(world, area) == [person.id]


@pytest.mark.parametrize("area", ["03-728", "03-73*", "1*", "03-7", "*"])
async def test_nobody_is_found_by_an_area_around_another_place(world: World, area: str) -> None:
    await registered(world, RECIPIENT, "03-729")
    assert await living_in(world, area) == []


async def test_who_lives_in_two_places_of_one_area_is_found_once(world: World) -> None:
    person = await registered(world, RECIPIENT, "03-729", "03-736")
    assert await living_in(world, "03-7*") == [person.id]
    assert await living_in(world, "03-736") == [person.id]


async def test_who_moves_is_found_where_they_live_now(world: World) -> None:
    person = await registered(world, RECIPIENT, "03-729", "00-001")
    await registered(world, RECIPIENT, "00-001", "30-001")
    assert await living_in(world, "03-7*") == []
    assert await living_in(world, "00-001") == await living_in(world, "30*") == [person.id]


async def test_a_put_that_says_no_post_codes_leaves_them_and_an_empty_list_takes_them_away(world: World) -> None:
    person = await registered(world, RECIPIENT, "03-729")
    await world.put(contact_points=(phone(),))
    assert await living_in(world, "03-729") == [person.id]
    await registered(world, RECIPIENT)
    assert await kept(world) == set()


async def test_the_same_put_again_brings_back_what_was_not_kept_yet(world: World) -> None:
    person = await registered(world, RECIPIENT, "03-729")
    async with world.database.write() as tx:
        await tx.execute(delete(recipient_areas))
    await registered(world, RECIPIENT, "03-729")
    assert await living_in(world, "03-729") == [person.id]


async def test_people_are_found_page_by_page_in_the_order_of_their_ids(world: World) -> None:
    people = sorted([(await registered(world, f"customer-{number}", "03-729")).id for number in range(5)])
    assert await living_in(world, "03*", limit=2) == people[:2]
    assert await living_in(world, "03*", after=people[1], limit=2) == people[2:4]
    assert await living_in(world, "03*", after=people[4], limit=2) == []


async def test_people_of_another_operator_are_not_found(world: World) -> None:
    await registered(world, RECIPIENT, "03-729")
    assert await living_in(world, "03-729", operator="another-operator") == []


async def test_no_area_can_be_told_from_what_is_kept(world: World) -> None:
    await registered(world, RECIPIENT, "03-729")
    rows = await kept(world)
    assert {len(row) for row in rows} == {32}
    assert not any(b"0372" in row for row in rows)


async def test_nothing_is_left_of_who_is_erased(world: World) -> None:
    await registered(world, RECIPIENT, "03-729")
    other = await registered(world, "somebody-else", "03-729")
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor=KEY_ID, surroundings=world.surroundings)
    )
    assert await living_in(world, "03-729") == [other.id]


async def everybody(
    world: World, *, operator: str = OPERATOR, after: UUID | None = None, limit: int = 100
) -> set[UUID]:
    async with world.database.read() as tx:
        return set(await recipient_store.registered(tx, operator, after=after, limit=limit))


async def test_of_a_whole_operator_those_are_found_who_registered(world: World) -> None:
    person = await registered(world)
    await world.tell("stranger")
    gone = await registered(world, "gone")
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, "gone", actor=KEY_ID, surroundings=world.surroundings)
    )
    assert gone.id not in await everybody(world)
    assert await everybody(world) == {person.id}
    assert await everybody(world, operator="another-operator") == set()


async def test_a_whole_operator_is_gone_through_page_by_page(world: World) -> None:
    people = sorted([(await registered(world, f"customer-{number}")).id for number in range(5)])
    async with world.database.read() as tx:
        first = await recipient_store.registered(tx, OPERATOR, after=None, limit=3)
        rest = await recipient_store.registered(tx, OPERATOR, after=first[-1], limit=3)
    assert first + rest == people


async def test_both_are_read_from_an_index_in_its_order(world: World) -> None:
    person = await registered(world, RECIPIENT, "03-729")
    async with world.database.read() as tx:
        lived = await explained(tx, areas.living_in(tx, OPERATOR, "037*", after=person.id, limit=10))
        known = await explained(tx, recipient_store.registered(tx, OPERATOR, after=person.id, limit=10))
    assert "recipient_areas" in lived
    assert "ix_recipients_operator" in known
    assert not any(word in lived + known for word in ("sort", "temp b-tree", "scan recipient"))
