"""Reminders of which more is heard before they leave: while nobody looks at plans, or after several became one."""

from datetime import date

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


async def sent_sms(world: World, shipment: str) -> list[tuple[Step | None, Status, date | None]]:
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, shipment)
        found = [n for n in await outbox.of_shipments(tx, [index]) if n.channel is Channel.SMS]
    return [(n.step, n.status, n.collect_by) for n in found if n.status in {Status.SENT, Status.SUPPRESSED}]


async def test_an_sms_that_spoke_for_an_item_with_another_is_one_of_its_four(world: World, clock: TestClock) -> None:
    await world.register()
    early = {"legal_regime": "kpc", "pickup": {"until": "2026-12-03"}}
    await world.post(notice("item-a", **early), notice("item-b", **early))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-11-26T10:00")
    await at(world, clock, "2026-12-01T10:00")
    late = {"legal_regime": "kpc", "pickup": {"until": "2026-12-08"}}
    again = [notice(item, at=clock.now, ordinal=2, **late) for item in ("item-a", "item-b")]
    await world.post(*again)
    for moment in ("2026-12-01T10:30", "2026-12-04T10:00", "2026-12-07T17:00"):
        await at(world, clock, moment)
    for item in ("item-a", "item-b"):
        assert [step for step, _, _ in await sent_sms(world, item)] == [None, Step.BEFORE_LAST, None, Step.LAST_DAY]
    assert len(texts(world)) == 6


async def test_late_news_whose_own_last_day_is_over_is_told_when_the_time_was_extended_since(
    world: World, clock: TestClock
) -> None:
    await world.register()
    left_at = clock.now
    clock.now = warsaw("2026-11-24T12:00")
    longer = event("terms_changed", at=clock.now, data={"change": "extended", "pickup": {"until": "2026-11-27"}})
    await world.post(longer)
    clock.now = warsaw("2026-11-26T12:00")
    late = event("ready_for_pickup", at=left_at, data={"pickup": {"until": "2026-11-25"}, "legal_regime": "courier"})
    answer = await world.accepted(late)
    assert {(n.channel, n.status, n.expires_at) for n in answer.notifications} == {
        (channel, Status.QUEUED, warsaw("2026-11-28T00:00")) for channel in Channel
    }
    await at(world, clock, "2026-11-26T12:01")
    assert "27.11 (pt)" in texts(world)[-1]
