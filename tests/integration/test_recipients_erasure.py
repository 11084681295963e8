"""Erasing people: nothing personal is left, every leaf still verifies, and the name is a stranger's again."""

import asyncio
import json

import pytest
from sqlalchemy import select

from app.domain.notification import Attempt, AttemptStatus
from app.domain.receipt import Receipt, ReceiptStatus
from app.evidence.commitment import commitment_of, leaf_of
from app.ports import Surroundings
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import (
    consents,
    contact_points,
    events,
    facts,
    notifications,
    receipts,
    recipient_keys,
    recipients,
)
from app.usecases.accept_events import Accepted
from app.usecases.erase_recipient import Deferred, Erased, erase_recipient
from tests.builders import NOON, OPERATOR, RECIPIENT
from tests.integration.people import World, consent, documents, email, phone

KEY_ID = "0123456789abcdef"


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def erase(world: World, name: str = RECIPIENT) -> Erased | Deferred | None:
    return await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor=KEY_ID, surroundings=world.surroundings)
    )


async def registered_and_told(world: World, name: str = RECIPIENT) -> Accepted:
    """Somebody with an SMS that waits to be sent and an e-mail that was suppressed."""
    await world.put(
        name=name,
        language="uk",
        post_codes=("03-729",),
        contact_points=(phone(), email(verified=False)),
        consents=(consent(),),
    )
    return await world.tell(name)


async def test_erasing_leaves_nothing_of_the_person_but_a_skeleton(world: World) -> None:
    await registered_and_told(world)
    assert await erase(world)
    async with world.database.read() as tx:
        (row,) = await tx.execute(select(recipients))
        assert (row.name_index, row.profile, row.language, row.time_zone, row.quiet_rule) == (None,) * 5
        assert row.erased_at > NOON
        assert row.operator == OPERATOR
        for emptied in (recipient_keys, contact_points, consents):
            assert list(await tx.execute(select(emptied))) == []
        (event,) = await tx.execute(select(events))
        assert (event.payload, event.decoded, event.shipment_index) == (None, None, None)
        for notification in await tx.execute(select(notifications)):
            assert (notification.contact_id, notification.shipment_index) == (None, None)
        assert set((await tx.execute(select(facts.c.sealed))).scalars()) == {None}


async def test_what_has_not_left_is_cancelled_in_its_chain(world: World) -> None:
    answer = await registered_and_told(world)
    await erase(world)
    async with world.database.read() as tx:
        states = {n.status: n.reason for n in (await outbox.by_events(tx, [answer.event]))[answer.event]}
        ends = [d for d in await documents(tx) if d["type"] == "notification.cancelled"]
    assert states == {"cancelled": "erased", "suppressed": "unverified"}
    # The notice, and the request to confirm the address.
    assert [(end["n"], end["data"]["reason"]) for end in ends] == [(1, "erased"), (1, "erased")]


async def test_erasure_is_sealed_with_who_asked_and_on_what_ground(world: World) -> None:
    await registered_and_told(world)
    await erase(world)
    kind, data = (await world.recorded())[-1]
    assert kind == "recipient.erased"
    assert data == {
        "actor": KEY_ID,
        "act": "erased",
        "legal_basis": "gdpr_17",
        "facts": None,
        "substitutes_paper": False,
    }


async def test_every_leaf_still_follows_from_what_is_kept(world: World) -> None:
    await registered_and_told(world)
    await registered_and_told(world, "neighbour")
    async with world.database.read() as tx:
        before = list(await tx.execute(select(facts.c.id, facts.c.leaf)))
    await erase(world)
    async with world.database.read() as tx:
        after = {row.id: row for row in await tx.execute(select(facts))}
    assert all(after[row.id].leaf == row.leaf for row in before)
    assert all(leaf_of(commitment_of(row.document, row.salt)) == row.leaf for row in after.values())


async def test_other_people_keep_everything(world: World) -> None:
    await registered_and_told(world)
    answer = await registered_and_told(world, "neighbour")
    await erase(world)
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, "neighbour")
        assert record is not None
        assert record.recipient is not None
        assert len(record.recipient.contact_points) == 2
        payload = await event_store.payload(tx, answer.event, record.key)
    assert payload is not None
    assert json.loads(payload)["data"]["recipient"] == "neighbour"


async def test_what_a_provider_reported_cannot_be_read_any_more(world: World) -> None:
    answer = await registered_and_told(world)
    sms = next(n for n in answer.notifications if n.status == "queued")
    attempt = Attempt(
        id=world.surroundings.new_id(),
        notification=sms.id,
        number=1,
        provider="twilio",
        status=AttemptStatus.ACCEPTED,
        code=None,
        started_at=NOON,
        ended_at=NOON,
    )
    receipt = Receipt(
        attempt=attempt.id,
        provider="twilio",
        status=ReceiptStatus.DELIVERED,
        code="delivered",
        via="callback",
        signature="shared_key",
        raw=b"To=%2B48600100200",
    )
    async with world.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        await outbox.insert_attempts(tx, [attempt])
        receipt_id = world.surroundings.new_id()
        await receipt_store.insert_new(
            tx, receipt_id, receipt, key=record.key, received_at=NOON, applied=False, late=False
        )
    await erase(world)
    async with world.database.read() as tx:
        assert (await tx.execute(select(receipts.c.raw))).scalar_one() is None
        (kept,) = (await receipt_store.unapplied(tx, [attempt.notification], {}))[attempt.notification]
    assert (kept.receipt.status, kept.receipt.raw) == (ReceiptStatus.DELIVERED, b"")


async def test_erasing_again_finds_nobody(world: World) -> None:
    await registered_and_told(world)
    assert [await erase(world), await erase(world)] == [Erased(), None]
    assert [kind for kind, _ in await world.recorded()].count("recipient.erased") == 1


async def test_nobody_is_erased_under_a_name_that_nobody_used(world: World) -> None:
    assert not await erase(world, "unheard-of")
    assert await world.recorded() == []


async def test_somebody_whom_only_events_named_can_be_erased(world: World) -> None:
    await world.tell()
    assert await erase(world)
    async with world.database.read() as tx:
        assert (await tx.execute(select(events.c.payload))).scalar_one() is None


async def test_the_same_name_is_a_stranger_afterwards(world: World) -> None:
    before = await world.put(contact_points=(phone(),), consents=(consent(),))
    await erase(world)
    after = await world.put(contact_points=(phone(verified=False),))
    assert after.created
    assert after.recipient.id != before.recipient.id
    assert after.recipient.consents == ()
    assert after.recipient.contact_points[0].id != before.recipient.contact_points[0].id


async def test_erasing_and_registering_at_once_end_in_one_record_or_none(world: World) -> None:
    await world.put(contact_points=(phone(),))
    await asyncio.gather(
        erase(world), world.put(contact_points=(email(),)), erase(world), world.put(contact_points=(email(),))
    )
    async with world.database.read() as tx:
        open_rows = (await tx.execute(select(recipients.c.id).where(recipients.c.name_index.is_not(None)))).all()
        keys = (await tx.execute(select(recipient_keys.c.recipient_id))).all()
    assert len(open_rows) <= 1
    assert keys == open_rows


async def test_an_event_that_comes_after_the_erasure_meets_a_stranger(world: World) -> None:
    await registered_and_told(world)
    await erase(world)
    answer = await world.tell(number=2)
    assert answer.notifications == ()
