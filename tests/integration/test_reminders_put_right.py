"""Reminders of items of which something else was heard since they were planned."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.merge import WantedContact
from app.domain.notification import Status
from app.domain.quiet_hours import QuietHours
from tests.builders import FACILITY, PHONE, SHIPMENT, event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import refusal
from tests.integration.test_reminders import at, notice, sms_of, texts, warsaw
from tests.integration.world import World

ELSEWHERE = FACILITY | {"id": "UP-00-004", "name": "UP Warszawa 4", "street": "Zabkowska 31"}


def nobodys(kind: str, *, at: datetime, data: dict[str, Any]) -> Event:
    """An event of the same shipment that names no recipient."""
    return event(kind, at=at, id=f"nobodys-{kind}-{at:%m%d%H}", data=data | {"recipient": None})


async def test_a_reminder_sends_nobody_to_the_place_that_a_correction_replaced(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS])
    wrong = notice()
    await world.post(wrong)
    await at(world, clock, "2026-11-23T12:30")
    right = {"corrects": {"source": wrong.source, "id": wrong.id}, "action": "replace", "facility": ELSEWHERE}
    await world.post(event("corrected", at=clock.now, data=right))
    await at(world, clock, "2026-11-23T12:40")
    await at(world, clock, "2026-12-04T17:00")
    assert len(texts(world)) == 3
    assert "UP Warszawa 4, Zabkowska 31" in texts(world)[-1]
    assert "Targowa" not in texts(world)[-1]


async def test_a_reminder_whose_first_try_failed_is_sent_though_others_said_more_of_the_item_since_its_notice(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS])
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    await world.post(nobodys("terms_changed", at=clock.now, data={"change": "place", "facility": ELSEWHERE}))
    await at(world, clock, "2026-11-23T12:40")
    await at(world, clock, "2026-11-26T10:00")
    world.gateway.next(refusal(429, 20429, Retry_After="60"))
    await at(world, clock, "2026-12-03T10:00")
    await at(world, clock, "2026-12-03T10:05")
    assert [(n.status, n.reason, n.attempts) for n in await sms_of(world, SHIPMENT)] == [(Status.SENT, None, 2)]
    assert "UP Warszawa 4, Zabkowska 31" in texts(world)[-1]


async def test_a_reminder_that_failed_once_is_not_tried_again_after_a_collection(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS])
    await world.post(notice("item-a"), notice("item-b"))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-11-26T10:00")
    clock.now = warsaw("2026-12-03T10:00")
    await world.remind()
    world.gateway.next(refusal(429, 20429, Retry_After="60"))
    claimed = await world.sms.turn()
    assert claimed == 1
    await world.post(event("delivered", at=clock.now, data={"shipment": "item-a"}))
    await world.sms.settled()
    await at(world, clock, "2026-12-03T10:05")
    await at(world, clock, "2026-12-03T10:06")
    first, second = await sms_of(world, "item-a"), await sms_of(world, "item-b")
    assert [(n.status, n.reason) for n in first] == [(Status.CANCELLED, "collected")]
    assert [(n.status, n.reason) for n in second] == [(Status.SUPPRESSED, "merged"), (Status.SENT, None)]


async def test_a_reminder_does_not_speak_for_what_was_collected_meanwhile(world: World, clock: TestClock) -> None:
    await world.register(quiet_hours=QuietHours())
    await world.post(notice("item-1111111111"), notice("item-2222222222"))
    await at(world, clock, "2026-11-23T12:30")
    clock.now = warsaw("2026-12-03T21:00")  # the process was down all day, and now it is night
    await world.remind()
    await world.dispatch()
    await world.post(event("delivered", at=clock.now, data={"shipment": "item-2222222222"}))
    await at(world, clock, "2026-12-04T08:00")
    last = texts(world)[-1]
    assert "111111" in last
    assert "2 przesylki" not in last


async def test_a_reminder_speaks_for_what_only_a_wrong_clock_says_is_collected(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS])
    await world.post(notice("item-1111111111"), notice("item-2222222222"))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-03T09:00")
    tomorrow = warsaw("2026-12-04T12:00")
    collected = {"shipment": "item-2222222222", "delivered_at": tomorrow.isoformat()}
    await world.post(event("delivered", at=tomorrow, data=collected))
    await at(world, clock, "2026-12-03T10:00")
    assert "2 przesylki" in texts(world)[-1]


async def test_when_the_terms_of_the_speaker_change_the_others_speak_for_themselves(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS], quiet_hours=QuietHours())
    await world.post(notice("item-a", legal_regime="postal"))
    await at(world, clock, "2026-11-23T12:30")
    same = {"shipment": "item-a", "change": "extended", "pickup": {"until": "2026-12-07"}}
    await world.post(event("terms_changed", at=clock.now, data=same))
    await at(world, clock, "2026-11-23T12:31")
    await world.post(notice("item-b", legal_regime="postal"))
    await at(world, clock, "2026-11-24T12:30")
    clock.now = warsaw("2026-12-03T21:00")
    await world.remind()
    await world.dispatch()
    (speaker,) = [n for n in await sms_of(world, "item-a") if n.status is Status.HELD]
    (merged,) = await sms_of(world, "item-b")
    assert merged.merged_into == speaker.id
    changed = {"shipment": "item-a", "change": "extended", "pickup": {"until": "2026-12-21"}}
    await world.post(event("terms_changed", at=clock.now, id="t-2", data=changed))
    await at(world, clock, "2026-12-03T21:05")
    await at(world, clock, "2026-12-04T08:00")
    assert [(n.status, n.reason) for n in await sms_of(world, "item-b")] == [
        (Status.SUPPRESSED, "merged"),
        (Status.SENT, None),
    ]


async def test_what_was_put_right_before_it_left_is_told_as_it_is_right(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], quiet_hours=QuietHours())
    clock.now = warsaw("2026-11-23T21:00")
    wrong = notice(at=clock.now)
    await world.post(wrong)
    clock.forward(minutes=5)
    right = {"corrects": {"source": wrong.source, "id": wrong.id}, "action": "replace", "facility": ELSEWHERE}
    answer = await world.accepted(event("corrected", at=clock.now, data=right))
    assert answer.notifications == ()
    await at(world, clock, "2026-11-24T08:00")
    (told,) = texts(world)
    assert "UP Warszawa 4, Zabkowska 31" in told


async def test_a_withdrawn_notice_whose_first_try_failed_is_not_sent_after_its_correction(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS])
    wrong = notice()
    (sms, _) = (await world.accepted(wrong)).notifications
    world.gateway.next(refusal(429, 20429, Retry_After="60"))
    assert await world.sms.turn() == 1
    aim = {"corrects": {"source": wrong.source, "id": wrong.id}, "action": "cancel"}
    await world.post(event("corrected", at=clock.now, data=aim))
    await world.sms.settled()
    await at(world, clock, "2026-11-23T12:30")
    told = await world.notification(sms.id)
    assert (told.status, told.reason, told.attempts) == (Status.CANCELLED, "superseded", 1)


async def test_a_reminder_is_not_left_out_because_something_else_was_told_when_it_was_due(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS, Channel.EMAIL])
    await world.post(notice())
    await at(world, clock, "2026-11-26T10:00")
    clock.now = warsaw("2026-12-03T10:00")
    tried = event("attempt_failed", at=clock.now - timedelta(days=20), id="late", data={"reason": "absent"})
    assert [n.status for n in (await world.accepted(tried)).notifications] == [Status.SUPPRESSED]
    other = event("refused", at=clock.now - timedelta(days=20), id="other")
    assert [n.status for n in (await world.accepted(other)).notifications] == [Status.QUEUED]
    await at(world, clock, "2026-12-03T10:01")
    assert [n.status for n in await sms_of(world, SHIPMENT)] == [Status.SENT]


async def test_two_people_whom_one_item_is_for_are_both_told_that_it_waits(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS])
    number = WantedContact(channel=Channel.SMS, value="+48600100201", verified=True, method="counter")
    await world.register("customer-2", channels=[], contact_points=(number,))
    await world.post(notice(), event(id="for-the-other", data={"recipient": "customer-2"}))
    again = await world.accepted(event(id="once-more", data={"recipient": "customer-2"}))
    await at(world, clock, "2026-11-23T12:30")
    assert sorted(sms.form["To"] for sms in world.gateway.journal) == [PHONE, "+48600100201"]
    assert {n.reason for n in again.notifications if n.channel is Channel.SMS} == {"duplicate_content"}
