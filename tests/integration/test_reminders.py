"""Reminders of items that wait: held, sent on their day, merged, and ended by what makes them untrue."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from structlog.testing import capture_logs

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.merge import ConsentAct, WantedContact
from app.domain.notification import Notification, Status
from app.domain.quiet_hours import QuietHours
from app.domain.reminder import Step
from app.storage import anomalies as anomaly_store
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage.tables import former_stays, stays
from tests.builders import FACILITY, NOON, OPERATOR, PHONE, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.world import World

WARSAW = ZoneInfo("Europe/Warsaw")


def warsaw(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


def notice(shipment: str = SHIPMENT, *, at: datetime = NOON, ordinal: int = 1, **data: Any) -> Event:
    paper = {"ordinal": ordinal, "left_at": at.isoformat(), "place": "letterbox"}
    changes = {"shipment": shipment, "notice": paper, **data}
    return event("notice_left", at=at, id=f"notice-{shipment}-{ordinal}-{at:%m%d%H}", data=changes)


async def reminders(world: World, shipment: str = SHIPMENT) -> list[Notification]:
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, shipment)
        return [n for n in await outbox.of_shipments(tx, [index]) if n.step]


async def sms_of(world: World, shipment: str) -> list[Notification]:
    own = await reminders(world, shipment)
    return [n for n in own if (n.step, n.channel) == (Step.BEFORE_LAST, Channel.SMS)]


async def by_step(world: World, shipment: str = SHIPMENT) -> list[tuple[str, str, str, str | None]]:
    return [(n.step or "", n.channel, n.status, n.reason) for n in await reminders(world, shipment)]


async def at(world: World, clock: TestClock, moment: str) -> None:
    """Go on to that local moment and do all that is due."""
    clock.now = max(clock.now, warsaw(moment))
    await world.remind()
    while await world.dispatch():
        pass


def texts(world: World) -> list[str]:
    return [received.form["Body"] for received in world.gateway.journal]


async def test_the_next_reminder_is_held_until_its_day(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    (held,) = await reminders(world)
    assert (held.step, held.channel, held.status) == (Step.FIRST_WINDOW, Channel.EMAIL, Status.HELD)
    assert (held.not_before, held.due_at) == (warsaw("2026-11-26T10:00"), None)
    assert held.collect_by == date(2026, 12, 7)
    await at(world, clock, "2026-11-26T09:59")
    assert await by_step(world) == [("first_window", "email", "held", None)]
    assert [f["data"]["reason"] for f in await world.facts(held.id)] == ["reminder"]


async def test_every_step_goes_out_on_its_day_and_no_more_than_four_sms(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    for later in range(23):
        day = date(2026, 11, 23) + timedelta(days=later)
        for hour in ("10:00", "17:00"):
            await at(world, clock, f"{day}T{hour}")
    assert await by_step(world) == [
        ("first_window", "email", "sent", None),
        ("before_last", "sms", "sent", None),
        ("before_last", "email", "sent", None),
        ("last_day", "sms", "sent", None),
        ("last_day", "email", "sent", None),
    ]
    assert len(texts(world)) == 3
    attempts = [n.not_before for n in await reminders(world)]
    assert attempts == [
        warsaw("2026-11-26T10:00"),
        *[warsaw("2026-12-03T10:00")] * 2,
        *[warsaw("2026-12-04T17:00")] * 2,
    ]


async def test_an_event_that_is_repeated_is_answered_with_its_news_not_with_its_reminders(
    world: World, clock: TestClock
) -> None:
    await world.register()
    first = await world.accepted(notice())
    await at(world, clock, "2026-11-23T12:30")
    again = await world.accepted(notice())
    assert again.status == "duplicate"
    assert [n.id for n in again.notifications] == [n.id for n in first.notifications]


async def test_collection_cancels_what_is_held_and_nothing_more_comes(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-11-25T11:00")
    await world.post(event("delivered", at=clock.now))
    await at(world, clock, "2026-11-25T11:01")
    assert await by_step(world) == [("first_window", "email", "cancelled", "collected")]
    await at(world, clock, "2026-12-04T17:00")
    assert len(await reminders(world)) == 1
    assert len(texts(world)) == 1


async def test_what_goes_back_on_its_way_is_no_reason_to_come(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    await world.post(event("out_for_delivery", at=NOON + timedelta(hours=20), id="again"))
    clock.now = NOON + timedelta(hours=21)
    await world.remind()
    assert await by_step(world) == [("first_window", "email", "cancelled", "superseded")]


async def test_a_second_notice_is_told_and_the_plan_goes_on_from_it(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice(legal_regime="kpc"))
    await at(world, clock, "2026-11-23T12:30")
    clock.now = warsaw("2026-12-01T12:00")
    await world.post(notice(at=clock.now, ordinal=2, legal_regime="kpc", pickup={"until": "2026-12-08"}))
    await at(world, clock, "2026-12-01T12:01")
    (first, *rest) = await reminders(world)
    assert (first.step, first.status, first.reason) == (Step.FIRST_WINDOW, Status.CANCELLED, "superseded")
    assert {(n.step, n.collect_by) for n in rest} == {(Step.BEFORE_LAST, date(2026, 12, 8))}
    async with world.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(former_stays))).scalar_one() == 1


async def test_changed_terms_end_the_old_plan_and_make_a_new_one(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    changed = event("terms_changed", at=clock.now, data={"change": "date", "pickup": {"until": "2026-12-02"}})
    await world.post(changed)
    await at(world, clock, "2026-11-23T12:32")
    assert {(n.status, n.reason, n.collect_by) for n in await reminders(world)} == {
        (Status.CANCELLED, "terms_changed", date(2026, 12, 7)),
        (Status.HELD, None, date(2026, 12, 2)),
    }


async def test_two_items_at_one_office_make_one_message(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("item-a"), notice("item-b"))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-11-26T10:00")
    await at(world, clock, "2026-12-03T10:00")
    first, second = await by_step(world, "item-a"), await by_step(world, "item-b")
    sms = [one for one in (*first, *second) if one[:2] == ("before_last", "sms")]
    assert sorted(sms) == [("before_last", "sms", "sent", None), ("before_last", "sms", "suppressed", "merged")]
    (speaker,), (merged,) = await sms_of(world, "item-a"), await sms_of(world, "item-b")
    assert merged.merged_into == speaker.id
    assert len(texts(world)) == 3
    assert await world.fact_types(merged.id) == ["notification.held", "notification.suppressed"]


async def test_items_at_two_offices_make_two_messages(world: World, clock: TestClock) -> None:
    await world.register()
    elsewhere = FACILITY | {"id": "UP-00-004", "name": "UP Warszawa 4"}
    await world.post(notice("item-a"), notice("item-b", facility=elsewhere))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-03T10:00")
    assert len(texts(world)) == 4


async def test_a_merged_item_speaks_for_itself_once_the_other_is_collected_before_the_message_left(
    world: World, clock: TestClock
) -> None:
    await world.register(quiet_hours=QuietHours())
    await world.post(notice("item-a"), notice("item-b"))
    await at(world, clock, "2026-11-23T12:30")
    clock.now = warsaw("2026-12-03T21:00")  # the process was down all day, and now it is night
    await world.remind()
    await world.dispatch()
    speaker = next(
        n for n in await reminders(world, "item-a") if n.channel is Channel.SMS and n.step is Step.BEFORE_LAST
    )
    assert (speaker.status, speaker.not_before) == (Status.HELD, warsaw("2026-12-04T08:00"))
    await world.post(event("delivered", at=clock.now, data={"shipment": "item-a"}))
    await world.remind()
    await at(world, clock, "2026-12-04T08:00")
    own = await sms_of(world, "item-b")
    assert [(n.status, n.reason) for n in own] == [(Status.SUPPRESSED, "merged"), (Status.SENT, None)]


async def test_of_reminders_that_a_stop_made_overdue_only_the_last_is_sent(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-04T18:00")
    assert await by_step(world) == [
        ("first_window", "email", "cancelled", "superseded"),
        ("last_day", "sms", "sent", None),
        ("last_day", "email", "sent", None),
    ]


async def test_what_is_overdue_on_a_day_on_which_the_office_is_shut_waits_for_its_next_morning(
    world: World, clock: TestClock
) -> None:
    await world.register()
    await world.post(notice(pickup={"until": "2026-12-08"}, legal_regime="postal"))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-05T12:00")  # a Saturday; the reminder of Friday did not go out
    assert [(n.step, n.status, n.not_before) for n in await reminders(world)][-2:] == [
        (Step.LAST_DAY, Status.HELD, warsaw("2026-12-07T17:00")),
        (Step.LAST_DAY, Status.HELD, warsaw("2026-12-07T17:00")),
    ]
    assert len(texts(world)) == 1


async def test_what_was_due_on_friday_goes_out_on_monday_morning(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice(pickup={"until": "2026-12-09"}, legal_regime="postal"))
    await at(world, clock, "2026-11-23T12:30")
    clock.now = warsaw("2026-12-05T12:00")
    await world.remind()
    assert {(n.step, n.not_before) for n in await reminders(world) if n.status is Status.HELD} == {
        (Step.BEFORE_LAST, warsaw("2026-12-07T10:00"))
    }
    await at(world, clock, "2026-12-07T10:00")
    assert [n.status for n in await reminders(world) if n.step is Step.BEFORE_LAST][-2:] == [Status.SENT, Status.SENT]


async def test_nothing_is_said_once_the_last_opening_is_over(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-07T20:00")
    assert len(texts(world)) == 1


async def test_who_agrees_before_the_day_is_reminded_and_who_does_not_is_recorded(
    world: World, clock: TestClock
) -> None:
    await world.register(consents=[Channel.SMS])
    await world.post(notice())
    await at(world, clock, "2026-11-23T12:30")
    assert await reminders(world) == []
    await at(world, clock, "2026-11-26T10:00")
    assert await by_step(world) == [
        ("first_window", "email", "suppressed", "no_consent"),
        ("before_last", "sms", "held", None),
    ]
    agreed = ConsentAct(channel=Channel.EMAIL, purpose="delivery", granted=True, at=clock.now, method="counter")  # type: ignore[arg-type] # its value
    await world.put(consents=(agreed,))
    await at(world, clock, "2026-12-03T10:00")
    assert [one[1:3] for one in await by_step(world) if one[0] == "before_last"] == [("sms", "sent"), ("email", "sent")]


async def test_a_new_number_gets_the_reminder_of_the_day(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS])
    await world.post(notice())
    await at(world, clock, "2026-12-02T12:30")
    other = WantedContact(channel=Channel.SMS, value="+48600100201", verified=True, method="counter")
    await world.put(contact_points=(other,))
    await at(world, clock, "2026-12-03T10:00")
    assert sorted(received.form["To"] for received in world.gateway.journal) == [PHONE, PHONE, "+48600100201"]


async def test_a_second_notice_that_does_not_come_is_an_anomaly_once(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice(pickup={"until": "2026-12-20"}))
    for day in ("2026-11-23T12:30", "2026-12-03T23:00", "2026-12-04T10:00", "2026-12-04T17:00"):
        await at(world, clock, day)
        if day < "2026-12-04":
            assert await anomalies(world) == []
    assert await anomalies(world) == ["second_notice_missing"]


async def anomalies(world: World, shipment: str = SHIPMENT) -> Sequence[str]:
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, shipment)
        return [each.code for each in (await anomaly_store.of_shipments(tx, [index]))[index]]


async def test_a_second_notice_between_two_reminders_leaves_one_sms_for_the_eve(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice(pickup={"until": "2026-12-03"}))
    await at(world, clock, "2026-11-26T10:00")
    await at(world, clock, "2026-12-01T10:00")  # a reminder by SMS, two open days before the operator's date
    assert len(texts(world)) == 2
    ready = event("ready_for_pickup", at=clock.now, data={"pickup": {"until": "2026-12-10"}})
    await world.post(ready)
    clock.forward(hours=1)
    await world.post(notice(at=clock.now, ordinal=2, pickup={"until": "2026-12-10"}))
    for day in ("2026-12-01T12:00", "2026-12-03T10:00", "2026-12-04T17:00"):
        await at(world, clock, day)
    assert len(texts(world)) == 4


async def test_a_fifth_sms_about_one_item_is_not_sent(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice())
    for number in range(1, 5):
        clock.now = NOON + timedelta(hours=number / 10)
        await world.post(event("terms_changed", at=clock.now, id=f"t-{number}", data={"change": "date"}))
        await world.dispatch()
    clock.forward(minutes=1)
    answer = await world.accepted(event("terms_changed", at=clock.now, id="t-9", data={"change": "date"}))
    told = {(n.channel, n.status, n.reason) for n in answer.notifications}
    assert ("email", "queued", None) in told
    assert ("sms", "suppressed", "rate_limited") in told
    assert len(texts(world)) == 4


async def test_reminders_of_an_earlier_plan_count_among_the_four_sms(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice(legal_regime="kpc", pickup={"until": "2026-12-03"}))
    await at(world, clock, "2026-11-23T12:30")
    await at(world, clock, "2026-12-01T10:00")
    await world.post(notice(at=clock.now, ordinal=2, legal_regime="kpc", pickup={"until": "2026-12-08"}))
    for moment in ("2026-12-01T10:30", "2026-12-04T10:00", "2026-12-07T17:00"):
        await at(world, clock, moment)
    told = [(n.step, n.collect_by, n.channel) for n in await reminders(world) if n.status is Status.SENT]
    assert told == [
        (Step.BEFORE_LAST, date(2026, 12, 3), Channel.SMS),
        (Step.BEFORE_LAST, date(2026, 12, 3), Channel.EMAIL),
        (Step.BEFORE_LAST, date(2026, 12, 8), Channel.EMAIL),
        (Step.LAST_DAY, date(2026, 12, 8), Channel.SMS),
        (Step.LAST_DAY, date(2026, 12, 8), Channel.EMAIL),
    ]
    assert len(texts(world)) == 4


async def test_an_event_that_nobody_was_told_because_nobody_was_registered_is_news_when_it_comes_again(
    world: World, clock: TestClock
) -> None:
    assert (await world.accepted(event(id="before"))).notifications == ()
    await world.register()
    again = await world.accepted(event(id="after", at=NOON))
    assert {n.status for n in again.notifications} == {Status.QUEUED}


async def test_an_operators_own_code_is_understood_and_told(world: World, clock: TestClock) -> None:
    await world.register()
    tracking = event(
        "notice_left",
        id="code-1",
        type="pl.awizo.tracking.v1",
        data={"raw": {"vocabulary": "poczta-polska", "code": "P_A"}},
    )
    answer = await world.accepted(tracking)
    assert (answer.status, answer.mapped_type) == ("accepted", "pl.awizo.delivery.notice_left.v1")
    assert {(n.kind, n.status) for n in answer.notifications} == {("notice_left", "queued")}
    await at(world, clock, "2026-11-23T12:30")
    assert "07.12 (pon)" in texts(world)[0]


async def test_a_damaged_plan_is_left_alone_and_stops_nobody_else(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("item-a"), notice("item-b"))
    async with world.database.write() as tx:
        index = event_store.shipment_index(tx, OPERATOR, "item-a")
        await tx.execute(stays.update().where(stays.c.shipment_index == index).values(known=b"damaged"))
    with capture_logs() as logged:
        await at(world, clock, "2026-11-23T12:30")
    assert len(await reminders(world, "item-a")) == 0
    assert len(await reminders(world, "item-b")) == 1
    assert [(each["event"], each["plans"]) for each in logged if each["log_level"] == "error"] == [
        ("plans_given_up", 1)
    ]


async def test_the_sealed_opening_of_a_reminder_names_the_event_it_tells_of(world: World, clock: TestClock) -> None:
    await world.register()
    answer = await world.accepted(notice())
    await at(world, clock, "2026-11-23T12:30")
    (held,) = await reminders(world)
    (news, *_) = await world.facts(answer.notifications[0].id)
    (opening,) = await world.facts(held.id)
    assert opening["data"]["event_facts"] == news["data"]["event_facts"]
    assert opening["data"]["kind"] == "reminder"
    assert json.dumps(opening).find(PHONE) == -1
