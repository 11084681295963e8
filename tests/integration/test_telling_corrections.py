"""Corrections: who is told of them, and what becomes of the plan that the wrong news had made."""

from app.domain.channel import Channel
from app.domain.notification import Status
from tests.builders import NOON, event
from tests.conftest import TestClock
from tests.integration.test_reminders import anomalies, at, by_step, notice, reminders, texts
from tests.integration.world import World


async def test_a_correction_tells_whom_the_wrong_news_told_and_ends_the_plan(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS, Channel.EMAIL], consents=[Channel.SMS])
    wrong = notice()
    await world.post(wrong)
    await at(world, clock, "2026-11-23T12:30")
    aim = {"source": wrong.source, "id": wrong.id}
    answer = await world.accepted(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    assert [(n.kind, n.channel, n.status) for n in answer.notifications] == [("corrected", "sms", "queued")]
    await at(world, clock, "2026-11-23T12:40")
    await at(world, clock, "2026-12-04T17:00")
    assert await reminders(world) == []
    assert len(texts(world)) == 2


async def test_a_correction_that_names_nobody_tells_whom_the_wrong_news_named(world: World, clock: TestClock) -> None:
    await world.register()
    wrong = notice()
    await world.post(wrong)
    await at(world, clock, "2026-11-23T12:30")
    aim = {"source": wrong.source, "id": wrong.id}
    data = {"corrects": aim, "action": "cancel", "recipient": None}
    answer = await world.accepted(event("corrected", at=clock.now, data=data))
    assert [(n.kind, n.channel) for n in answer.notifications] == [("corrected", "sms"), ("corrected", "email")]
    await at(world, clock, "2026-11-23T12:40")
    assert {n.status for n in await reminders(world)} == {Status.CANCELLED}


async def test_a_record_that_takes_itself_back_tells_whom_it_had_told(world: World, clock: TestClock) -> None:
    await world.register()
    code = {"vocabulary": "poczta-polska", "code": "P_A"}
    await world.post(event("notice_left", id="code-1", type="pl.awizo.tracking.v1", data={"raw": code}))
    await at(world, clock, "2026-11-23T12:30")
    back = {"raw": {**code, "canceled": True}, "recipient": None}
    answer = await world.accepted(event("tracking", at=clock.now, id="code-2", data=back))
    assert answer.mapped_type == "pl.awizo.delivery.corrected.v1"
    assert [(n.kind, n.channel) for n in answer.notifications] == [("corrected", "sms"), ("corrected", "email")]


async def test_a_correction_that_nobody_was_told_of_tells_nobody(world: World, clock: TestClock) -> None:
    await world.register()
    wrong = event("registered", at=NOON)
    await world.post(wrong)
    aim = {"source": wrong.source, "id": wrong.id}
    answer = await world.accepted(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    assert answer.notifications == ()


async def test_a_correction_without_an_aim_is_kept_and_alarmed(world: World, clock: TestClock) -> None:
    await world.register()
    aim = {"source": "/nowhere", "id": "nothing"}
    answer = await world.accepted(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    assert answer.status == "accepted"
    assert await anomalies(world) == ["correction_without_target"]


async def test_a_delivery_that_was_taken_back_before_it_came_cancels_nothing(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    wrong = event("delivered", at=clock.now)
    aim = {"source": wrong.source, "id": wrong.id}
    await world.post(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    await world.post(wrong)
    await at(world, clock, "2026-11-23T12:40")
    assert await by_step(world) == [("first_window", "email", "held", None)]


async def test_a_delivery_that_is_taken_back_lets_the_reminders_go_on(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    wrong = event("delivered", at=clock.now)
    await world.post(wrong)
    await world.remind()
    clock.forward(minutes=5)
    aim = {"source": wrong.source, "id": wrong.id}
    await world.post(event("corrected", at=clock.now, data={"corrects": aim, "action": "cancel"}))
    await at(world, clock, "2026-12-03T10:00")
    assert [one for one in await by_step(world) if one[0] == "before_last"] == [
        ("before_last", "sms", "sent", None),
        ("before_last", "email", "sent", None),
    ]
