"""What people are told when the operator takes back what it said, before anybody has looked at the plan again."""

from app.domain.channel import Channel
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.test_reminders import notice, texts, warsaw
from tests.integration.world import World


async def test_who_is_told_that_a_notice_is_withdrawn_is_not_told_that_the_item_waits(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS, Channel.EMAIL])
    wrong = notice()
    await world.post(wrong)
    await world.dispatch()
    clock.now = warsaw("2026-11-23T12:40")
    aim = {"source": wrong.source, "id": wrong.id}
    await world.post(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    await world.dispatch()
    assert "wycofal" in texts(world)[-1]
    assert "Targowa" not in texts(world)[-1]
