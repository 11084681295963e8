"""Reminders that fall due while nobody looks at plans, and what is heard meanwhile."""

from app.domain.channel import Channel
from app.domain.notification import Status
from app.domain.reminder import Step
from app.storage import events as event_store
from app.storage import notifications as outbox
from tests.builders import OPERATOR, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.test_reminders import at, notice, texts, warsaw
from tests.integration.world import World


async def test_a_reminder_that_is_due_when_no_sms_is_left_is_cancelled_and_nothing_else(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS])
    await world.post(notice(legal_regime="postal"))
    await at(world, clock, "2026-11-24T12:30")
    await change(world, clock)
    await at(world, clock, "2026-11-24T12:35")
    clock.now = warsaw("2026-12-03T09:00")
    await change(world, clock)
    await at(world, clock, "2026-12-03T10:30")
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, SHIPMENT)
        sms = [n for n in await outbox.of_shipments(tx, [index]) if n.step and n.channel is Channel.SMS]
    assert [(n.step, n.status, n.reason) for n in sms] == [
        (Step.BEFORE_LAST, Status.CANCELLED, "terms_changed"),
        (Step.BEFORE_LAST, Status.CANCELLED, "superseded"),
        (Step.LAST_DAY, Status.HELD, None),
    ]
    assert await world.fact_types(sms[1].id) == ["notification.held", "notification.cancelled"]
    await at(world, clock, "2026-12-04T17:00")
    assert len(texts(world)) == 4


async def change(world: World, clock: TestClock) -> None:
    """News of the same terms once more, told at once, while nobody looks at plans."""
    same = {"change": "extended", "pickup": {"until": "2026-12-07"}}
    await world.post(event("terms_changed", at=clock.now, id=f"t-{clock.now:%m%d%H}", data=same))
    await world.dispatch()
