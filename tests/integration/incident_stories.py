"""What tests of incidents of areas do again and again: somebody for whom something waits, and what they were told."""

from datetime import date
from typing import Any

from app.domain.channel import Purpose
from app.domain.notification import Notification
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from tests.builders import FACILITY, OPERATOR, event
from tests.integration.world import World

BOTH = (Purpose.DELIVERY, Purpose.INCIDENT)
OTHER_PLACE = FACILITY | {"id": "UP-00-004", "name": "UP Warszawa 4", "street": "Zabkowska 31", "post_code": "03-736"}


async def settle(world: World) -> None:
    """Everything that is due by now: plans, incidents, messages."""
    await world.remind()
    await world.tell()
    await world.remind()
    while await world.dispatch():
        pass


async def waits(world: World, name: str, *, at: Any = FACILITY, number: int = 1, **person: Any) -> str:
    """Somebody who wants to be told, and an item that waits for them; its name."""
    await world.register(name, purposes=BOTH, **person)
    shipment = f"{name}-{number}"
    await world.post(
        event("notice_left", id=f"notice-{shipment}", data={"shipment": shipment, "recipient": name, "facility": at})
    )
    await settle(world)
    return shipment


async def told(world: World, incident: str = "I-7") -> list[Notification]:
    """Every notification about any revision of that incident, in the order in which they were planned."""
    async with world.database.read() as tx:
        revisions = await incident_store.revisions(tx, OPERATOR, incident)
        found = await outbox.by_events(tx, revisions)
    return sorted((n for many in found.values() for n in many), key=lambda n: n.id)


async def outcome(world: World, incident: str = "I-7") -> list[tuple[str, str, str, str | None]]:
    return [(n.kind, n.channel, n.status, n.reason) for n in await told(world, incident)]


def bodies(world: World) -> list[str]:
    return [received.form["Body"] for received in world.gateway.journal]


async def safe_day(world: World, name: str, shipment: str) -> date | None:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
        assert record is not None
        index = event_store.shipment_index(tx, OPERATOR, shipment)
        stay = (await stay_store.of_shipments(tx, [index], {record.id: record.key}))[index, record.id]
    assert stay.known.deadlines is not None
    return stay.known.deadlines.safe_collect_by
