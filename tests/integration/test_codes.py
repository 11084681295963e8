"""One-time codes: asked for, sent once, given back a few times at most."""

import asyncio
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest

from app.domain.channel import Channel
from app.domain.notification import Status
from app.domain.one_time_code import Use
from app.domain.own_choices import AddContact, ConfirmContact
from app.domain.pumping import CodeLimits
from app.domain.recipient import ContactState
from app.storage import codes as code_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.change_own_record import Said, change_own_record
from app.usecases.export_recipient import notifications_after
from app.usecases.record_facts import new_fact_sheet
from app.usecases.send_codes import Confirming, ask_for_code, ask_if_allowed, send_codes
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.world import World
from tests.second_verifier import verify

SIGN_IN = (Use.SIGN_IN,)


async def sent_code(world: World, value: str = PHONE, *, limits: CodeLimits = CodeLimits()) -> str:  # noqa: B008 – frozen
    """The id of a code that was asked for there, once it was sent."""
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=value, surroundings=world.surroundings)
    code = await world.database.transact(ask)
    await world.database.transact(partial(send_codes, limits=limits, surroundings=world.surroundings))
    await world.dispatch()
    return str(code)


async def test_who_has_confirmed_the_number_gets_the_code(world: World) -> None:
    await world.register(consents=())
    code = await sent_code(world)
    (body,) = [received.form["Body"] for received in world.gateway.journal]
    assert code_store.reading(world.database.vault, UUID(code)) in body


async def test_whom_nobody_knows_gets_nothing(world: World) -> None:
    await world.register()
    await sent_code(world, "+48600100299")
    assert world.gateway.journal == []


async def test_of_a_hundred_guesses_at_once_five_are_let_through(world: World) -> None:
    await world.register()
    code = UUID(await sent_code(world))
    take = partial(code_store.take_try, code=code, uses=SIGN_IN, now=world.surroundings.clock())
    room = asyncio.Semaphore(10)  # as many as have a connection to the database

    async def guess() -> object:
        async with room:
            return await world.database.transact(take)

    tries = await asyncio.gather(*(guess() for _ in range(100)))
    assert sum(each is not None for each in tries) == 5


async def test_codes_are_limited_and_it_is_kept_why_none_was_sent(world: World) -> None:
    await world.register()
    for _ in range(3):
        await sent_code(world, limits=CodeLimits(per_contact=2))
    assert len(world.gateway.journal) == 2
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        told = await outbox.of_recipient(tx, record.id, after=UUID(int=0), limit=10)
    assert [(n.kind, n.status, n.reason) for n in told] == [
        ("sign_in", Status.SENT, None),
        ("sign_in", Status.SENT, None),
        ("sign_in", Status.SUPPRESSED, "rate_limited"),
    ]
    assert await world.fact_types(told[0].id) == ["notification.planned", "attempt.started", "attempt.accepted"]


async def test_a_contact_that_a_person_adds_is_confirmed_and_the_others_hear_of_it(world: World) -> None:
    await world.register(channels=(Channel.SMS,))
    confirming = Confirming(limits=CodeLimits(), surroundings=world.surroundings)
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    add = AddContact(channel=Channel.EMAIL, value="new@example.com")
    change = partial(change_own_record, person=record.id, said=Said(statement=b"{}"), confirming=confirming)
    changed = await world.database.transact(lambda tx: change(tx, choice=add))
    assert changed is not None
    assert changed.code is not None
    await world.dispatch()
    assert len(world.mail.journal) == 1
    added = next(c for c in changed.after.contact_points if c.channel is Channel.EMAIL)
    assert added.state is ContactState.UNCONFIRMED
    confirm = ConfirmContact(contact=added.id)
    changed = await world.database.transact(lambda tx: change(tx, choice=confirm))
    assert changed is not None
    assert {c.state for c in changed.after.contact_points} == {ContactState.ACTIVE}
    await world.dispatch()
    assert len(world.gateway.journal) == 1


async def test_nobody_is_shown_a_code_that_still_holds(world: World, clock: TestClock) -> None:
    await world.register()
    code = UUID(await sent_code(world))
    await world.seal()
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    reads = code_store.reading(world.database.vault, code).encode()

    async def shown() -> list[bytes]:
        told = await notifications_after(world.database, record.id, UUID(int=0), now=clock.now)
        values = [value for _, sent in told for fact in sent.chain for value in fact.values.values()]
        return [await world.bundle(code), *values]

    assert not any(reads in value for value in await shown())
    assert verify(await world.bundle(code), world.vkeys).accepted
    clock.forward(minutes=11)
    assert any(reads in value for value in await shown())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_of_a_thousand_numbers_of_one_prefix_no_more_are_texted_than_its_limit(world: World) -> None:
    """Numbers are rented in blocks: who has each of a block asked about is paid for few of them."""
    await world.register(consents=())
    confirming = Confirming(limits=CodeLimits(), surroundings=world.surroundings)

    async def ask_about_all(tx: Tx) -> int:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        assert record.recipient is not None
        known, sheet = record.recipient.contact_points[0], await new_fact_sheet(tx, world.surroundings)
        asked = 0
        for number in range(1_000):
            contact = replace(known, value=f"+48600107{number:03}")
            now = world.surroundings.clock()
            asked += await ask_if_allowed(tx, sheet, record, contact, confirming=confirming, now=now)
        await sheet.write(tx)
        return asked

    assert await world.database.transact(ask_about_all) == CodeLimits().per_prefix
    while await world.dispatch():
        pass
    assert len(world.gateway.journal) == CodeLimits().per_prefix
