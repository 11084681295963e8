"""One person's damaged values end that person's message and nobody else's."""

import pytest
from sqlalchemy import Table, update

from app.domain.channel import Channel
from app.storage import recipients as recipient_store
from app.storage.tables import contact_points, events, recipient_keys, recipients
from tests.builders import OPERATOR, event
from tests.integration.world import World


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (recipient_keys, "wrapped_key"),
        (recipients, "profile"),
        (contact_points, "value"),
        (events, "decoded"),
    ],
)
async def test_a_damaged_person_fails_alone(world: World, table: Table, column: str) -> None:
    told = {}
    for name in ("before", "damaged", "after"):
        await world.register(name, channels=[Channel.SMS], consents=[Channel.SMS])
        answer = await world.accepted(event(id=name, data={"recipient": name, "shipment": name}))
        told[name] = answer.notifications[0].id
    async with world.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "damaged")
        assert record is not None
        owner = table.c.id if table is recipients else table.c.recipient_id
        await tx.execute(update(table).where(owner == record.id).values({column: bytes(60)}))
    for _ in range(2):
        await world.dispatch()
    states = {name: await world.notification(notification) for name, notification in told.items()}
    assert {name: state.status for name, state in states.items()} == {
        "before": "sent",
        "damaged": "failed",
        "after": "sent",
    }
    assert states["damaged"].failure == "technical"
    assert len(world.gateway.journal) == 2
