"""From events to decisions as they are kept and sealed: held, released, suppressed with the reason, cancelled."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct, WantedContact
from app.domain.notification import Notification
from app.domain.quiet_hours import QuietHours, QuietRule
from app.storage.database import Database
from app.storage.tables import contact_points
from app.usecases.accept_events import Accepted
from tests.builders import NOON, event
from tests.conftest import TestClock
from tests.integration.sealed import assert_in_order, sealed_facts
from tests.integration.world import World

DEFAULT_HOURS = QuietHours()


async def told(world: World, news: Event) -> list[tuple[str, str, str | None]]:
    answer = await world.accepted(news)
    return [(n.channel, n.status, n.reason) for n in answer.notifications]


def both(status: str, reason: str | None = None) -> list[tuple[str, str, str | None]]:
    return [("sms", status, reason), ("email", status, reason)]


def warsaw_clock(clock: TestClock, utc: str) -> None:
    clock.now = datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until", "what"),
    [
        ("2026-11-23T19:30", "2026-11-24T07:00", "a weekday night"),
        ("2026-11-21T20:00", "2026-11-22T09:00", "into a Sunday"),
        ("2026-11-22T17:30", "2026-11-23T07:00", "a Sunday evening"),
        ("2026-11-10T20:00", "2026-11-11T09:00", "into a holiday"),
        ("2026-10-24T20:00", "2026-10-25T09:00", "the night with 25 hours"),
        ("2026-03-28T20:00", "2026-03-29T08:00", "the night with 23 hours"),
    ],
)
async def test_an_sms_waits_for_the_morning_and_the_email_does_not(
    world: World, clock: TestClock, now: str, until: str, what: str
) -> None:
    warsaw_clock(clock, now)
    await world.register(quiet_hours=DEFAULT_HOURS)
    answer = await world.accepted(event(at=clock.now))
    sms, email = answer.notifications
    morning = datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert (sms.status, sms.reason, sms.not_before) == ("held", None, morning), what
    assert email.status == "queued"
    assert await world.dispatch() == 1
    clock.now = morning - timedelta(seconds=1)
    assert await world.dispatch() == 0
    clock.now = morning
    assert await world.dispatch() == 1
    assert len(world.gateway.journal) == 1
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == ["notification.held", "attempt.started", "attempt.accepted"]
    assert facts[0]["data"]["reason"] == "quiet_hours"
    assert facts[0]["data"]["not_before"] == morning.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_a_persons_own_hours_across_midnight_hold_an_sms(world: World, clock: TestClock) -> None:
    own = QuietHours(rule=QuietRule.OWN, starts=time(23), ends=time(6, 30))
    await world.register(quiet_hours=own)
    warsaw_clock(clock, "2026-11-23T21:59")
    assert await told(world, event(id="a", at=clock.now, data={"shipment": "a"})) == both("queued")
    warsaw_clock(clock, "2026-11-23T22:00")
    held = (await world.accepted(event(id="b", at=clock.now, data={"shipment": "b"}))).notifications[0]
    assert held.not_before == datetime(2026, 11, 24, 5, 30, tzinfo=UTC)


async def set_state(database: Database, state: str) -> None:
    async with database.write() as tx:
        await tx.execute(update(contact_points).values(state=state))


async def test_every_reason_to_suppress_is_kept_and_sealed(world: World) -> None:
    expected = ["no_contact_point", "no_consent", "opted_out", "contact_disabled", "unverified"]
    rows: list[Notification] = []

    async def tell(name: str) -> None:
        news = event(id=name, data={"recipient": name, "shipment": name})
        rows.append((await world.accepted(news)).notifications[0])

    await world.register("no_contact_point", channels=[])
    await tell("no_contact_point")
    await world.register("no_consent", consents=[])
    await tell("no_consent")
    await world.register("opted_out")
    await world.put("opted_out", consents=(consent_act(granted=False, at=NOON + timedelta(milliseconds=1)),))
    await tell("opted_out")
    await world.register("contact_disabled")
    await set_state(world.database, "disabled")
    await tell("contact_disabled")
    await world.register(
        "unverified",
        contact_points=(WantedContact(channel=Channel.SMS, value="+48600100209", verified=False),),
    )
    await tell("unverified")
    assert [(row.status, row.reason) for row in rows] == [("suppressed", reason) for reason in expected]
    for row in rows:
        (fact,) = await world.facts(row.id)
        assert (fact["type"], fact["data"]["reason"]) == ("notification.suppressed", row.reason)
        assert fact["data"]["policy"] == "2026-11"


def consent_act(*, granted: bool, at: datetime) -> ConsentAct:
    return ConsentAct(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=granted, at=at, method="counter")


async def test_a_notice_that_comes_after_the_collection_is_stale(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(hours=2)
    await world.accepted(event("delivered", at=NOON + timedelta(hours=1)))
    assert await told(world, event()) == both("suppressed", "stale")


async def test_a_first_notice_that_comes_after_the_repeat_is_superseded(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(days=9)
    repeat = event(id="repeat", at=NOON + timedelta(days=8), data={"notice": notice(2, NOON + timedelta(days=8))})
    assert await told(world, repeat) == both("queued")
    assert await told(world, event()) == both("suppressed", "superseded")


def notice(ordinal: int, left_at: datetime) -> dict[str, Any]:
    return {"ordinal": ordinal, "left_at": left_at.isoformat(), "place": "letterbox", "courier": "K-0421"}


async def test_the_same_notice_under_another_id_is_a_duplicate(world: World) -> None:
    await world.register()
    assert await told(world, event()) == both("queued")
    assert await told(world, event(id="again", source="/another/system")) == both("suppressed", "duplicate_content")
    assert await world.dispatch() == 2


async def test_the_same_news_twice_in_one_list_is_told_once(world: World) -> None:
    await world.register()
    answers = await world.post(event(), event(id="again"))
    assert statuses(answers) == [["queued", "queued"], ["suppressed", "suppressed"]]


def statuses(answers: Sequence[object]) -> list[list[str]]:
    taken = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len(taken) == len(answers)
    return [[n.status for n in answer.notifications] for answer in taken]


async def test_the_same_shipment_number_of_another_operator_is_another_shipment(world: World) -> None:
    await world.register()
    await world.accepted(event())
    assert (await world.accepted(event(id="other", data={"operator": "inpost"}))).notifications == ()


async def test_a_collection_cancels_what_is_held(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS], quiet_hours=DEFAULT_HOURS)
    warsaw_clock(clock, "2026-11-23T20:00")
    (held, *_) = (await world.accepted(event(at=clock.now))).notifications
    assert held.status == "held"
    clock.forward(minutes=10)
    await world.accepted(event("delivered", at=clock.now))
    clock.forward(hours=12)
    assert await world.dispatch() == 0
    assert world.gateway.journal == []
    ended = await world.notification(held.id)
    assert (ended.status, ended.reason) == ("cancelled", "collected")
    assert await world.fact_types(held.id) == ["notification.held", "notification.cancelled"]


async def test_a_later_stage_supersedes_what_has_not_left(world: World, clock: TestClock) -> None:
    await world.register()
    first = (await world.accepted(event())).notifications
    clock.forward(hours=1)
    assert await told(world, event("ready_for_pickup", at=NOON + timedelta(minutes=30))) == both("queued")
    for notification in first:
        ended = await world.notification(notification.id)
        assert (ended.status, ended.reason) == ("cancelled", "superseded")
    assert await world.dispatch() == 2


async def test_news_and_its_end_in_one_list_leave_nothing_to_send(world: World, clock: TestClock) -> None:
    await world.register(purposes=[Purpose.DELIVERY])
    clock.forward(hours=1)
    answers = await world.post(event(), event("delivered", at=NOON + timedelta(minutes=5)))
    assert statuses(answers)[0] == ["cancelled", "cancelled"]
    assert await world.dispatch() == 0


async def test_what_is_on_its_way_is_not_cancelled(world: World, clock: TestClock) -> None:
    await world.register()
    sent = (await world.accepted(event())).notifications
    await world.dispatch()
    clock.forward(hours=1)
    await world.accepted(event("delivered", at=NOON + timedelta(minutes=5)))
    assert {(await world.notification(n.id)).status for n in sent} == {"sent"}


async def test_an_event_from_the_future_is_kept_with_an_anomaly_and_tells_nobody(world: World) -> None:
    await world.register()
    answer = await world.accepted(event(at=NOON + timedelta(minutes=16)))
    assert (answer.status, answer.notifications) == ("accepted", ())
    await world.seal()
    (anomaly,) = (fact for fact in await sealed_facts(world.database) if fact.type == "shipment.anomaly")
    assert anomaly.data["code"] == "future_time"


async def test_news_that_has_expired_on_arrival_is_stale(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(days=20)
    assert await told(world, event()) == both("suppressed", "stale")


async def test_each_contact_point_gets_its_own_copy(world: World) -> None:
    numbers = ["+48600100200", "+48600100201", "+48600100202"]
    contacts = tuple(WantedContact(channel=Channel.SMS, value=n, verified=True, method="counter") for n in numbers)
    await world.register(channels=[], consents=[Channel.SMS], contact_points=contacts)
    assert [row[:2] for row in await told(world, event())] == [("sms", "queued")] * 3 + [("email", "suppressed")]
    assert await world.dispatch() == 3
    assert sorted(sms.form["To"] for sms in world.gateway.journal) == numbers


async def test_a_notification_names_the_event_and_the_consent_it_rests_on(world: World) -> None:
    await world.register()
    answer = await world.accepted(event())
    (planned,) = await world.facts(answer.notifications[0].id)
    sealed = await sealed_facts(world.database)
    assert_in_order(sealed)
    by_leaf = {fact.leaf: fact for fact in sealed}
    assert [by_leaf[leaf].type for leaf in planned["data"]["event_facts"]] == ["event.accepted"]
    assert by_leaf[planned["data"]["consent_fact"]].data["channel"] == "sms"
    assert planned["data"]["consent_version"] == 1
    assert json.dumps(planned).count("+48") == 0


async def test_a_progress_message_needs_its_own_consent(world: World, clock: TestClock) -> None:
    await world.register(purposes=[Purpose.DELIVERY])
    clock.forward(hours=1)
    assert await told(world, event("delivered")) == both("suppressed", "no_consent")
    await world.register(purposes=[Purpose.PROGRESS])
    later = event("delivered", id="d2", data={"shipment": "another"})
    assert await told(world, later) == both("queued")
