"""Messages about several items: each item finds them, and they are forgotten with what else is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text

from app.domain.channel import Channel, Purpose
from app.domain.notification import Notification, Status
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import timeline
from app.storage.database import Database, Tx
from app.storage.notifications import NotificationFilter
from app.storage.tables import notification_items
from app.usecases.erase_recipient import erase_recipient
from app.usecases.lift_hold import lift_hold
from app.usecases.place_hold import place_hold
from tests.builders import OPERATOR, RECIPIENT
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.explained import explained
from tests.integration.people import World, consent, phone

KEY_ID = "0123456789abcdef"


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


@dataclass(slots=True)
class Outbox:
    """Messages to one person, as they are written when an incident is told."""

    world: World
    person: UUID
    written: list[Notification] = field(default_factory=list)

    async def write(self, tx: Tx, *about: str, single: str | None = None) -> UUID:
        """A message about several items, or about a single one."""
        now = self.world.surroundings.clock()
        message = Notification(
            id=self.world.surroundings.new_id(), operator=OPERATOR, event=None, kind="facility_unavailable",
            channel=Channel.SMS, purpose=Purpose.INCIDENT, recipient=self.person, contact=None,
            shipment_index=index(tx, single) if single else None, status=Status.SUPPRESSED, reason="no_consent",
            created_at=now, expires_at=now + timedelta(days=1), chain_length=0, chain_leaf=b"",
        )  # fmt: skip
        await outbox.insert_all(tx, [message])
        rows = [
            {"notification_id": message.id, "shipment_index": index(tx, name), "recipient_id": self.person}
            for name in about
        ]
        if rows:
            await tx.execute(insert(notification_items), rows)
        return message.id

    async def fill(self, tx: Tx, count: int) -> None:
        """As many messages about an item, and about two, which are others each time."""
        for number in range(count):
            await self.write(tx, single=f"alone-{number}")
            await self.write(tx, f"first-{number}", f"second-{number}")


def index(tx: Tx, shipment: str) -> bytes:
    return event_store.shipment_index(tx, OPERATOR, shipment)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


@pytest.fixture
async def sent(world: World) -> Outbox:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    return Outbox(world, put.recipient.id)


async def listed(world: World, shipment: str, **wanted: object) -> list[UUID]:
    narrowed = NotificationFilter(operators=[OPERATOR], shipment=(OPERATOR, shipment), **wanted)  # type: ignore[arg-type]
    async with world.database.read() as tx:
        return [each.id for each in await outbox.newest(tx, narrowed)]


async def on_timeline(world: World, shipment: str, *, limit: int = 100) -> set[UUID]:
    async with world.database.read() as tx:
        return {each.id for each in await timeline.newest_notifications(tx, index(tx, shipment), limit=limit)}


async def items(world: World) -> Iterable[UUID]:
    async with world.database.read() as tx:
        return list((await tx.execute(select(notification_items.c.notification_id))).scalars())


async def test_each_item_finds_the_message_about_all_of_them(world: World, sent: Outbox) -> None:
    async with world.database.write() as tx:
        both = await sent.write(tx, "S-1", "S-2")
        alone = await sent.write(tx, single="S-1")
        await sent.write(tx, single="S-3")
    assert await listed(world, "S-1") == [alone, both]
    assert await listed(world, "S-2") == [both]
    assert await on_timeline(world, "S-1") == {alone, both}
    assert await on_timeline(world, "S-2") == {both}
    assert await listed(world, "S-4") == []


async def test_a_message_that_names_an_item_in_both_ways_is_found_once(world: World, sent: Outbox) -> None:
    async with world.database.write() as tx:
        message = await sent.write(tx, "S-1", "S-2", single="S-1")
    assert await listed(world, "S-1") == [message]


async def test_lists_of_an_item_are_newest_first_narrowed_and_paged_like_others(world: World, sent: Outbox) -> None:
    async with world.database.write() as tx:
        written = [await sent.write(tx, "S-1", f"S-{number}") for number in range(2, 7)]
    assert await listed(world, "S-1", limit=2) == [written[4], written[3]]
    assert await listed(world, "S-1", limit=2, before=written[3]) == [written[2], written[1]]
    assert await listed(world, "S-1", status=Status.SENT) == []
    assert len(await on_timeline(world, "S-1", limit=3)) == 3


async def test_an_item_is_looked_up_by_its_indexes_among_many(world: World, sent: Outbox) -> None:
    async with world.database.write() as tx:
        await sent.write(tx, "S-1", "S-2")
        await sent.fill(tx, 300)
        await tx.execute(text("ANALYZE"))
    wanted = NotificationFilter(operators=[OPERATOR], shipment=(OPERATOR, "S-1"))
    async with world.database.read() as tx:
        plans = [
            await explained(tx, outbox.newest(tx, wanted)),
            await explained(tx, timeline.newest_notifications(tx, index(tx, "S-1"), limit=100)),
        ]
    for plan in plans:
        assert "ix_notifications_shipment_index" in plan
        assert "ix_notification_items_shipment_index" in plan
        assert "scan notifications" not in plan


async def test_which_items_a_message_was_about_is_forgotten_with_its_contact(
    world: World, sent: Outbox, clock: TestClock
) -> None:
    async with world.database.write() as tx:
        await sent.write(tx, "S-1", "S-2")
    clock.forward(days=200)
    async with world.database.write() as tx:
        young = await sent.write(tx, "S-1", "S-2")
    clock.forward(days=200)
    await keep(world.database, world.surroundings)
    assert await listed(world, "S-1") == [young]
    assert set(await items(world)) == {young}


async def test_a_hold_keeps_which_items_a_message_was_about_until_it_is_lifted(
    world: World, sent: Outbox, clock: TestClock
) -> None:
    async with world.database.write() as tx:
        message = await sent.write(tx, "S-1", "S-2")
    placed = await world.database.transact(
        lambda tx: place_hold(
            tx, OPERATOR, RECIPIENT, reason="a claim", until=clock.now + timedelta(days=1000), actor=KEY_ID,
            surroundings=world.surroundings,
        )
    )  # fmt: skip
    assert placed is not None
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    assert set(await items(world)) == {message}
    await world.database.transact(
        lambda tx: lift_hold(tx, OPERATOR, RECIPIENT, actor=KEY_ID, surroundings=world.surroundings)
    )
    assert await items(world) == []


async def test_a_message_about_several_items_is_removed_whole(world: World, sent: Outbox, clock: TestClock) -> None:
    async with world.database.write() as tx:
        await sent.write(tx, "S-1", "S-2")
    clock.forward(days=366 * 11)
    await keep(world.database, world.surroundings)
    async with world.database.read() as tx:
        assert await outbox.newest(tx, NotificationFilter()) == []
    assert await items(world) == []


async def test_nothing_of_the_items_is_left_of_who_is_erased(world: World, sent: Outbox) -> None:
    async with world.database.write() as tx:
        await sent.write(tx, "S-1", "S-2")
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor=KEY_ID, surroundings=world.surroundings)
    )
    assert await items(world) == []
    assert await listed(world, "S-1") == []
