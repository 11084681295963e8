"""Legal holds: what is known stays, nobody is contacted any more, and the erasure comes when the hold ends."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.domain.channel import Channel
from app.domain.merge import RecipientPatch, WantedContact
from app.domain.notification import Status
from app.domain.outcome import Accepted
from app.storage import facts as fact_store
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.receipts import EarlyReceipt
from app.storage.tables import facts, legal_holds, recipient_keys
from app.storage.vault import PersonKey
from app.usecases.erase_recipient import Deferred, Erased, erase_recipient
from app.usecases.lift_hold import lift_hold
from app.usecases.place_hold import place_hold
from app.usecases.put_recipient import Withheld, put_recipient
from tests.builders import OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.ageing import keep
from tests.integration.people import documents
from tests.integration.providers import GatedTransport, dispatcher, until
from tests.integration.world import World

KEY_ID, REASON = "0123456789abcdef", "a claim before a court"


async def hold(world: World, clock: TestClock, *, days: float = 30, reason: str = REASON) -> None:
    until_then = clock.now + timedelta(days=days)
    placed = await world.database.transact(
        lambda tx: place_hold(
            tx,
            OPERATOR,
            RECIPIENT,
            reason=reason,
            until=until_then,
            actor=KEY_ID,
            surroundings=world.surroundings,
        )
    )
    assert placed is not None
    assert (placed.reason, placed.until, placed.placed_by) == (reason, until_then, KEY_ID)


async def erase(world: World, name: str = RECIPIENT) -> Erased | Deferred | None:
    return await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor=KEY_ID, surroundings=world.surroundings)
    )


async def lift(world: World) -> bool:
    return await world.database.transact(
        lambda tx: lift_hold(tx, OPERATOR, RECIPIENT, actor=KEY_ID, surroundings=world.surroundings)
    )


async def types(world: World) -> list[str]:
    async with world.database.read() as tx:
        return [document["type"] for document in await documents(tx)]


async def keys(world: World) -> int:
    async with world.database.read() as tx:
        return len(list(await tx.execute(select(recipient_keys))))


async def test_who_placed_a_hold_is_sealed_and_why_only_under_the_persons_key(world: World, clock: TestClock) -> None:
    await world.register()
    await hold(world, clock)
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        (row,) = await tx.execute(select(facts.c.id).where(facts.c.type == "hold.placed"))
        fact = (await fact_store.by_ids(tx, [row.id]))[row.id]
        assert fact.openings(record.key)["reason"].value == REASON.encode()
        assert REASON.encode() not in fact.document
        stored = (await tx.execute(select(legal_holds.c.reason))).scalar_one()
    assert REASON.encode() not in stored


async def test_the_same_hold_again_is_no_other_fact_and_another_one_is(world: World, clock: TestClock) -> None:
    await world.register()
    until_then = clock.now + timedelta(days=3)
    for reason in (REASON, REASON, "another claim"):
        await world.database.transact(
            lambda tx, reason=reason: place_hold(  # type: ignore[misc]
                tx,
                OPERATOR,
                RECIPIENT,
                reason=reason,
                until=until_then,
                actor=KEY_ID,
                surroundings=world.surroundings,
            )
        )
    assert (await types(world)).count("hold.placed") == 2


async def test_erasing_somebody_held_is_deferred_and_cancels_what_waits(world: World, clock: TestClock) -> None:
    await world.register()
    told = await world.accepted(event())
    await hold(world, clock, days=30)
    answers = [await erase(world), await erase(world)]
    assert answers == [Deferred(until=answers[0].until)] * 2  # type: ignore[union-attr]
    assert await keys(world) == 1
    for notification in told.notifications:
        standing = await world.notification(notification.id)
        assert (standing.status, standing.reason) == ("cancelled", "erased")
    assert await world.dispatch() == 0
    assert (await types(world)).count("support.acted") == 1


async def test_nobody_contacts_or_changes_somebody_whose_erasure_is_deferred(world: World, clock: TestClock) -> None:
    await world.register()
    await hold(world, clock)
    await erase(world)
    later = await world.accepted(event(id="later", data={"shipment": "later"}))
    assert later.notifications == ()
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    assert (record.recipient, record.withheld) == (None, True)
    answer = await world.database.transact(
        lambda tx: put_recipient(
            tx, OPERATOR, RECIPIENT, RecipientPatch(), operator_verified=True, surroundings=world.surroundings
        )
    )
    assert answer == Withheld()


async def test_what_is_claimed_when_the_erasure_is_asked_for_does_not_leave(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await hold(world, clock)
    told = await world.accepted(event())
    ask = world.sms._ask_last

    async def erase_and_ask(item: object) -> object:
        await erase(world)
        return await ask(item)  # type: ignore[arg-type]

    monkeypatch.setattr(world.sms, "_ask_last", erase_and_ask)
    assert await world.dispatch() == 1
    assert world.gateway.journal == []
    standing = await world.notification(told.notifications[0].id)
    assert (standing.status, standing.reason) == ("cancelled", "erased")


async def test_lifting_lets_the_erasure_come_and_every_proof_still_verifies(world: World, clock: TestClock) -> None:
    await world.register()
    told = await world.accepted(event())
    await world.dispatch()
    await hold(world, clock)
    await erase(world)
    assert [await lift(world), await lift(world)] == [True, False]
    await keep(world.database, world.surroundings)
    assert await keys(world) == 0
    for notification in told.notifications:
        assert (await world.fact_types(notification.id))[0] == "notification.planned"
    assert (await types(world))[-2:] == ["hold.lifted", "recipient.erased"]


async def test_a_hold_whose_end_has_passed_defers_nothing(world: World, clock: TestClock) -> None:
    await world.register()
    await hold(world, clock, days=1)
    clock.forward(days=2)
    assert await erase(world) == Erased()
    assert (await types(world))[-2:] == ["hold.lifted", "recipient.erased"]


async def test_an_erasure_while_a_message_is_on_its_way_leaves_nothing_behind(world: World) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    told = await world.accepted(event())
    transport = GatedTransport(Accepted(provider_id="SM-canary", reply=b"canary"))
    sending = dispatcher(world, transport)
    await sending.turn()
    await until(lambda: transport.taken)
    assert await erase(world) == Erased()
    transport.gate.set()
    await sending.settled()
    assert (await world.notification(told.notifications[0].id)).status is Status.SENT
    async with world.database.read() as tx:
        assert set((await tx.execute(select(facts.c.sealed))).scalars()) == {None}


async def test_an_erasure_waits_for_who_settles_with_the_key_in_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.accepted(event())
    erasing: list[asyncio.Task[Erased | Deferred | None]] = []
    read_early = receipt_store.unapplied

    async def begin_to_erase(
        tx: Tx, ids: Iterable[UUID], keys: Mapping[UUID, PersonKey]
    ) -> dict[UUID, list[EarlyReceipt]]:
        if not erasing:
            erasing.append(asyncio.create_task(erase(world)))
            await asyncio.sleep(0.1)
        return await read_early(tx, ids, keys)

    monkeypatch.setattr(receipt_store, "unapplied", begin_to_erase)
    await world.dispatch()
    assert await erasing[0] == Erased()
    async with world.database.read() as tx:
        assert set((await tx.execute(select(facts.c.sealed))).scalars()) == {None}


async def test_settling_erasing_and_accepting_at_once_leave_no_value_of_the_old_person(world: World) -> None:
    for number in range(8):
        name, phone = f"person-{number}", f"+4860010020{number}"
        verified = WantedContact(channel=Channel.SMS, value=phone, verified=True, method="counter")
        await world.register(name, contact_points=(verified,))
        await world.accepted(event(id=f"before-{number}", data={"recipient": name, "shipment": f"before-{number}"}))
        transport = GatedTransport(Accepted(provider_id=f"SM-{number}", reply=b"canary"))
        sending = dispatcher(world, transport)
        assert await sending.turn() == 1
        transport.gate.set()
        during = event(id=f"during-{number}", data={"recipient": name, "shipment": f"during-{number}"})
        await asyncio.gather(sending.settled(), erase(world, name), world.accepted(during))
        async with world.database.read() as tx:
            stranger = await recipient_store.find(tx, OPERATOR, name)
            readable = select(facts.c.recipient_id).where(facts.c.sealed.is_not(None))
            owners = set((await tx.execute(readable)).scalars())
        assert owners == ({stranger.id} if stranger else set())
        await erase(world, name)
