"""After a recovery support releases named notifications: once, as far as they are true, a reminder for its day."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.merge import ConsentAct
from app.domain.notification import Notification, Status
from app.storage import notifications as outbox
from app.storage.tables import facts, support_acts
from app.usecases.erase_recipient import erase_recipient
from app.usecases.record_support import ActingSupport
from app.usecases.release_restored import Release, release_notifications
from app.usecases.restore_notifications import forget_progress
from tests.builders import NOON, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.world import World

ASKED = ActingSupport(actor="0123456789abcdef", reason="The provider's list does not have them")


async def restored(world: World) -> list[UUID]:
    """An SMS and an e-mail that a recovery made unknown before they left."""
    await world.register()
    told = (await world.accepted(event())).notifications
    await world.database.transact(lambda tx: forget_progress(tx, surroundings=world.surroundings))
    return [n.id for n in told]


async def release(world: World, *ids: UUID, operators: frozenset[str] | None = None) -> list[Release]:
    return await world.database.transact(
        lambda tx: release_notifications(tx, ids, operators=operators, by=ASKED, surroundings=world.surroundings)
    )


def outcomes(done: list[Release]) -> list[tuple[str, str | None]]:
    return [(each.outcome, each.reason) for each in done]


async def test_each_goes_out_once_and_the_act_names_where_its_chain_stood(world: World) -> None:
    sms, email = await restored(world)
    stood = [(await world.notification(each)).chain_leaf.hex() for each in (sms, email)]
    assert outcomes(await release(world, sms, email, sms)) == [("released", None)] * 2
    assert outcomes(await release(world, sms, email)) == [("released_before", None)] * 2
    await world.dispatch()
    assert outcomes(await release(world, sms, email)) == [("released_before", None)] * 2
    assert await world.dispatch() == 0
    assert len(world.gateway.journal) == len(world.mail.journal) == 1
    async with world.database.read() as tx:
        rows = await tx.execute(select(facts.c.document).where(facts.c.type == "support.acted").order_by(facts.c.id))
        acts = [json.loads(document)["data"] for document in rows.scalars()]
    assert sorted((act["actor"], act["act"], act["facts"]) for act in acts) == sorted(
        (ASKED.actor, "released", [leaf]) for leaf in stood
    )
    chain = await world.fact_types(sms)
    assert chain == ["notification.planned", "attempt.unknown", "attempt.started", "attempt.accepted"]


async def test_what_was_collected_meanwhile_is_refused_and_stays_unknown(world: World) -> None:
    sms, email = await restored(world)
    await world.post(event("delivered", at=NOON + timedelta(minutes=5)))
    assert outcomes(await release(world, sms, email)) == [("refused", "collected")] * 2
    assert (await world.notification(sms)).status is Status.UNKNOWN


async def test_what_is_collected_after_its_release_does_not_leave(world: World) -> None:
    sms, _ = await restored(world)
    await release(world, sms)
    await world.post(event("delivered", at=NOON + timedelta(minutes=5)))
    await world.dispatch()
    assert world.gateway.journal == []
    assert (await world.notification(sms)).reason == "collected"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_item_says_why_it_is_refused(world: World, clock: TestClock) -> None:
    sms, email = await restored(world)
    withdrawn = ConsentAct(
        channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False, at=NOON + timedelta(seconds=1), method="phone"
    )
    await world.put(consents=(withdrawn,))
    (sent,) = [n.id for n in (await world.accepted(_other())).notifications if n.channel is Channel.EMAIL]
    nobody = uuid4()
    done = await release(world, sms, sent, nobody, operators=frozenset({OPERATOR}))
    assert outcomes(done) == [("refused", "opted_out"), ("refused", "not_restored"), ("refused", "not_found")]
    assert outcomes(await release(world, email, operators=frozenset({"inpost"}))) == [("refused", "not_found")]
    clock.forward(days=30)
    assert outcomes(await release(world, email)) == [("refused", "expired")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_reminder_is_held_for_its_day(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.EMAIL], consents=[Channel.EMAIL])
    await world.accepted(event())
    await world.dispatch()
    await world.remind()
    held = await _reminder(world)
    assert held.status is Status.HELD
    await world.database.transact(lambda tx: forget_progress(tx, surroundings=world.surroundings))
    assert outcomes(await release(world, held.id)) == [("released", None)]
    again = await world.notification(held.id)
    assert (again.status, again.not_before, again.due_at) == (Status.HELD, held.not_before, None)
    await world.remind()
    assert await world.dispatch() == 0
    assert held.not_before is not None
    clock.now = held.not_before
    await world.remind()
    await world.dispatch()
    assert (await world.notification(held.id)).status is Status.SENT
    assert len(world.mail.journal) == 2


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_whoever_is_erased_while_something_is_released_to_them_leaves_no_act(world: World) -> None:
    ids = await restored(world)
    async with world.database.write() as tx:
        done = await release_notifications(tx, ids, by=ASKED, surroundings=world.surroundings)
        erasing = asyncio.create_task(
            world.database.transact(
                lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor=ASKED.actor, surroundings=world.surroundings)
            )
        )
        while not await _waiting(world):  # noqa: ASYNC110 – locks ring no bell
            await asyncio.sleep(0.01)
    await erasing
    assert outcomes(done) == [("released", None)] * 2
    async with world.database.read() as tx:
        assert (await tx.execute(select(support_acts))).all() == []
    assert {(await world.notification(each)).status for each in ids} == {Status.CANCELLED}


async def _waiting(world: World) -> bool:
    """Whether somebody waits for a lock."""
    locks = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with world.database.read() as tx:
        return bool((await tx.execute(text(locks))).scalar_one())


def _other() -> Event:
    return event(id="other", data={"shipment": "other"})


async def _reminder(world: World) -> Notification:
    async with world.database.read() as tx:
        told = await outbox.newest(tx, outbox.NotificationFilter(kind="reminder"))
    (held,) = told
    return held
