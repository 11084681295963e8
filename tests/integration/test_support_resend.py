"""Support sends once more what certainly reached nobody: once, while it is true, to whom it may go."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct, WantedContact
from app.domain.notification import Notification, Status
from app.domain.quiet_hours import QuietHours
from app.storage import notifications as outbox
from app.storage.tables import contact_points, facts, notifications
from app.usecases.erase_recipient import erase_recipient
from app.usecases.record_support import ActingSupport
from app.usecases.resend_notification import NotResent, Resent, resend_notification
from tests.builders import NOON, OPERATOR, PHONE, RECIPIENT, area_event, event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import Reset, refusal
from tests.integration.incident_stories import BOTH, settle, told
from tests.integration.world import World

ASKED = ActingSupport(actor="0123456789abcdef", reason="The addressee asked for it by phone")
OTHER_PHONE = "+48600100201"
INVALID_NUMBER = 21211
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def resent(world: World, notification: UUID) -> Resent | NotResent | None:
    again = partial(resend_notification, notification_id=notification, by=ASKED, surroundings=world.surroundings)
    return await world.database.transact(again)


async def made(world: World, notification: UUID) -> Notification:
    done = await resent(world, notification)
    assert isinstance(done, Resent), done
    return done.notification


async def why_not(world: World, notification: UUID) -> str:
    done = await resent(world, notification)
    assert isinstance(done, NotResent), done
    return done.code


async def sms(world: World, **changes: Any) -> list[Notification]:
    """The SMS that a paper notice has sent."""
    told = (await world.accepted(event(**changes))).notifications
    return [n for n in told if n.channel is Channel.SMS]


async def failed(world: World, **changes: Any) -> UUID:
    """An SMS of a notice that the provider refused for good."""
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    world.gateway.next(refusal(400, INVALID_NUMBER))
    (planned,) = await sms(world, **changes)
    await world.dispatch()
    assert (await world.notification(planned.id)).status is Status.FAILED
    return planned.id


async def support_facts(world: World) -> list[dict[str, object]]:
    async with world.database.read() as tx:
        rows = await tx.execute(select(facts.c.document).where(facts.c.type == "support.acted").order_by(facts.c.id))
        return [json.loads(document)["data"] for document in rows.scalars()]


async def test_what_failed_goes_out_as_a_new_notification_and_the_old_one_stays(world: World) -> None:
    earlier = await failed(world)
    before = await world.notification(earlier)
    new = await made(world, earlier)
    await world.dispatch()
    assert (await world.notification(new.id)).status is Status.SENT
    assert await world.notification(earlier) == before
    assert [one.form["To"] for one in world.gateway.journal][-1] == PHONE
    assert await world.fact_types(new.id) == ["notification.planned", "attempt.started", "attempt.accepted"]
    own, old = (await world.facts(new.id))[0]["data"], (await world.facts(earlier))[0]["data"]
    assert {key: own[key] for key in ("event_facts", "kind", "legal_regime")} == {
        key: old[key] for key in ("event_facts", "kind", "legal_regime")
    }


@ONE_ENGINE
async def test_the_act_is_sealed_with_who_did_it_and_names_both_chains_but_not_why(world: World) -> None:
    earlier = await failed(world)
    before = await world.notification(earlier)
    new = await made(world, earlier)
    (act,) = await support_facts(world)
    assert act == {
        "actor": ASKED.actor,
        "act": "resent",
        "legal_basis": None,
        "facts": [before.chain_leaf.hex(), new.chain_leaf.hex()],
        "substitutes_paper": False,
    }


async def test_asking_again_gives_what_was_made_and_sends_nothing(world: World) -> None:
    earlier = await failed(world)
    first, second = await resent(world, earlier), await resent(world, earlier)
    assert isinstance(first, Resent)
    assert isinstance(second, Resent)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.notification.id == second.notification.id
    assert len(await support_facts(world)) == 1


async def test_two_at_once_make_one(world: World) -> None:
    earlier = await failed(world)
    done = await asyncio.gather(*(resent(world, earlier) for _ in range(4)))
    ids = {each.notification.id for each in done if isinstance(each, Resent)}
    assert len(ids) == 1
    assert sorted(isinstance(each, Resent) and each.is_new for each in done) == [False, False, False, True]
    await world.dispatch()
    assert len(world.gateway.journal) == 2


async def test_the_event_posted_again_is_answered_with_the_same_notifications_as_at_first(world: World) -> None:
    earlier = await failed(world)
    first = (await world.accepted(event())).notifications
    await made(world, earlier)
    again = (await world.accepted(event())).notifications
    assert [n.id for n in again] == [n.id for n in first]


@ONE_ENGINE
async def test_what_was_made_is_resent_in_its_turn_when_it_fails(world: World) -> None:
    earlier = await failed(world)
    world.gateway.next(refusal(400, INVALID_NUMBER))
    new = await made(world, earlier)
    await world.dispatch()
    newest = await made(world, new.id)
    await world.dispatch()
    assert (await world.notification(newest.id)).status is Status.SENT


@ONE_ENGINE
async def test_an_item_that_was_collected_is_not_told_of(world: World, clock: TestClock) -> None:
    earlier = await failed(world)
    await world.post(event("delivered", at=NOON + timedelta(minutes=5)))
    assert await why_not(world, earlier) == "collected"
    assert await support_facts(world) == []


async def test_what_is_collected_after_it_was_resent_does_not_leave(world: World) -> None:
    new = await made(world, await failed(world))
    await world.post(event("delivered", at=NOON + timedelta(minutes=5)))
    await world.dispatch()
    ended = await world.notification(new.id)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "collected")
    assert len(world.gateway.journal) == 1


async def test_collecting_and_resending_at_once_never_sends_stale_news(world: World) -> None:
    earlier = await failed(world)
    collected = event("delivered", at=NOON + timedelta(minutes=5))
    done, _ = await asyncio.gather(resent(world, earlier), world.post(collected))
    await world.dispatch()
    assert len(world.gateway.journal) == 1
    assert isinstance(done, Resent) or done == NotResent(code="collected")


@ONE_ENGINE
async def test_what_nobody_knows_the_fate_of_is_never_sent_again(world: World) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    world.gateway.next(Reset(after_body=True))
    (planned,) = await sms(world)
    await world.dispatch()
    assert (await world.notification(planned.id)).status is Status.UNKNOWN
    assert await why_not(world, planned.id) == "unknown"


@ONE_ENGINE
async def test_nor_what_failed_after_an_attempt_of_unknown_fate(world: World) -> None:
    earlier = await failed(world)
    async with world.database.write() as tx:
        await tx.execute(update(notifications).where(notifications.c.id == earlier).values(attempts=2))
    assert await why_not(world, earlier) == "unknown"


@ONE_ENGINE
async def test_news_that_is_over_is_not_told(world: World, clock: TestClock) -> None:
    earlier = await failed(world)
    clock.forward(days=20)
    assert await why_not(world, earlier) == "expired"


@ONE_ENGINE
async def test_a_withdrawn_consent_holds(world: World) -> None:
    earlier = await failed(world)
    act = ConsentAct(
        channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False, at=NOON + timedelta(seconds=1), method="phone"
    )
    await world.put(consents=(act,))
    assert await why_not(world, earlier) == "opted_out"


@ONE_ENGINE
async def test_what_was_suppressed_leaves_once_its_reason_is_mended(world: World) -> None:
    await world.register(channels=[Channel.SMS], consents=[])
    (planned,) = await sms(world)
    assert (planned.status, planned.reason) == ("suppressed", "no_consent")
    assert await why_not(world, planned.id) == "no_consent"
    act = ConsentAct(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=True, at=NOON, method="counter")
    await world.put(consents=(act,))
    new = await made(world, planned.id)
    await world.dispatch()
    assert (await world.notification(new.id)).status is Status.SENT


@ONE_ENGINE
async def test_the_same_news_that_was_told_before_is_not_told_in_a_suppressed_ones_place(world: World) -> None:
    await world.register(channels=[], consents=[Channel.SMS])
    await sms(world, id="e-1")
    (planned,) = await sms(world, id="e-2")
    assert planned.reason == "no_contact_point"
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    assert await why_not(world, planned.id) == "duplicate_content"


@ONE_ENGINE
async def test_a_failed_one_goes_to_the_contact_point_that_took_the_place_of_its_own(world: World) -> None:
    earlier = await failed(world)
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state="disabled"))
    assert await why_not(world, earlier) == "contact_disabled"
    contact = WantedContact(channel=Channel.SMS, value=OTHER_PHONE, verified=True, method="counter")
    await world.put(contact_points=(contact,))
    await made(world, earlier)
    await world.dispatch()
    assert world.gateway.journal[-1].form["To"] == OTHER_PHONE


@ONE_ENGINE
async def test_two_that_failed_do_not_both_go_to_the_one_contact_point_that_is_left(world: World) -> None:
    both = tuple(
        WantedContact(channel=Channel.SMS, value=value, verified=True, method="counter")
        for value in (PHONE, "+48600100202")
    )
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS], contact_points=both)
    world.gateway.next(refusal(400, INVALID_NUMBER), refusal(400, INVALID_NUMBER))
    first, second = await sms(world)
    await world.dispatch()
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state="disabled"))
    await world.put(
        contact_points=(WantedContact(channel=Channel.SMS, value=OTHER_PHONE, verified=True, method="counter"),)
    )
    await made(world, first.id)
    assert await why_not(world, second.id) == "told"


@ONE_ENGINE
async def test_at_night_it_waits_for_the_morning(world: World, clock: TestClock) -> None:
    earlier = await failed(world)
    clock.forward(hours=11)
    await world.put(quiet_hours=QuietHours())
    new = await made(world, earlier)
    assert new.status is Status.HELD
    assert new.not_before is not None


@ONE_ENGINE
async def test_nobody_who_was_erased_is_told(world: World) -> None:
    earlier = await failed(world)
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="test", surroundings=world.surroundings)
    )
    assert await why_not(world, earlier) == "erased"
    assert await resent(world, uuid4()) is None


@ONE_ENGINE
async def test_an_item_may_not_be_told_of_by_sms_more_often_than_a_person_can_bear(world: World) -> None:
    earlier = await failed(world)
    copy = await world.notification(earlier)

    told = [
        replace(copy, id=world.surroundings.new_id(), status=Status.SENT, due_at=None, step=None, event=copy.event)
        for _ in range(4)
    ]
    other = world.surroundings.new_id()
    async with world.database.write() as tx:
        await outbox.insert_all(tx, [replace(each, contact=other) for each in told])
    assert await why_not(world, earlier) == "rate_limited"


async def failed_incident(world: World) -> UUID:
    """An SMS about an incident that the provider refused for good."""
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS], purposes=BOTH)
    await sms(world)
    await settle(world)
    world.gateway.next(refusal(400, INVALID_NUMBER))
    await world.post(area_event())
    await settle(world)
    (earlier,) = [n for n in await told(world) if n.channel is Channel.SMS]
    assert earlier.status is Status.FAILED
    return earlier.id


@ONE_ENGINE
async def test_an_incident_of_an_area_is_told_once_more(world: World) -> None:
    earlier = await failed_incident(world)
    new = await made(world, earlier)
    await world.dispatch()
    assert (await world.notification(new.id)).status is Status.SENT
    assert world.gateway.journal[-1].form["Body"] == world.gateway.journal[-2].form["Body"]


@ONE_ENGINE
async def test_but_not_once_it_is_over(world: World) -> None:
    earlier = await failed_incident(world)
    await world.post(area_event("resolved", revision=2, at=NOON + timedelta(minutes=5)))
    await settle(world)
    assert await why_not(world, earlier) == "superseded"


@ONE_ENGINE
async def test_a_reminder_is_sent_once_more_while_its_item_waits_until_that_day(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.EMAIL], consents=[Channel.EMAIL])
    await world.accepted(event())
    await world.dispatch()
    await world.remind()
    async with world.database.read() as tx:
        (held,) = await outbox.newest(tx, outbox.NotificationFilter(kind="reminder"))
    assert held.not_before is not None
    clock.now = held.not_before
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state="disabled"))
    await world.remind()
    await world.dispatch()
    earlier = await world.notification(held.id)
    assert (earlier.status, earlier.reason) == (Status.SUPPRESSED, "contact_disabled")
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state="active"))
    new = await made(world, earlier.id)
    assert (new.step, new.collect_by) == (earlier.step, earlier.collect_by)
    await world.dispatch()
    assert (await world.notification(new.id)).status is Status.SENT
    await world.remind()
    assert await world.dispatch() == 0
