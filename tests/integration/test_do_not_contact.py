"""Erasing is withdrawing: an operator's old copy neither verifies a withdrawn contact again nor agrees for it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.channel import Channel
from app.domain.merge import Ignored
from app.ports import Surroundings
from app.storage import contact_marks as marks
from app.storage.database import Database
from app.storage.tables import contact_marks
from app.usecases.erase_recipient import erase_recipient
from tests.builders import NOON, OPERATOR, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.people import World, consent, email, phone


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def erase(world: World, name: str = RECIPIENT) -> None:
    assert await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor="key", surroundings=world.surroundings)
    )


async def test_a_nightly_copy_brings_a_withdrawn_contact_back_unconfirmed_and_without_consent(world: World) -> None:
    copy = {"contact_points": (email(), phone()), "consents": (consent(),)}
    await world.put(**copy)
    await erase(world)
    for _night in range(2):
        put = await world.put(**copy)
        assert {point.state for point in put.recipient.contact_points} == {"unconfirmed"}
        assert put.recipient.consents == ()
        assert set(put.ignored) == {
            Ignored(pointer="/contact_points/0/verified", reason="withdrawn_by_erasure"),
            Ignored(pointer="/contact_points/1/verified", reason="withdrawn_by_erasure"),
            Ignored(pointer="/consents/0", reason="withdrawn_by_erasure"),
        }


async def test_under_another_name_it_is_the_same_contact(world: World) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    put = await world.put(name="another", contact_points=(phone(), email()))
    assert [(point.channel, point.state) for point in put.recipient.contact_points] == [
        ("sms", "unconfirmed"),
        ("email", "active"),
    ]


async def test_somebody_who_had_the_same_contact_before_keeps_it(world: World) -> None:
    await world.put(contact_points=(phone(),), consents=(consent(),))
    shared = {"contact_points": (phone(),), "consents": (consent(),)}
    await world.put(name="spouse", **shared)
    await erase(world)
    put = await world.put(name="spouse", **shared)
    assert put.ignored == ()
    assert [point.state for point in put.recipient.contact_points] == ["active"]
    assert [agreed.granted for agreed in put.recipient.consents] == [True]


async def test_a_consent_that_is_younger_than_the_erasure_counts(world: World, clock: TestClock) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    clock.forward(days=1)
    put = await world.put(contact_points=(phone(),), consents=(consent(at=clock.now),))
    assert [agreed.granted for agreed in put.recipient.consents] == [True]


async def test_a_refusal_always_counts(world: World) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    refusal = consent(granted=False, at=NOON - timedelta(days=9))
    put = await world.put(contact_points=(phone(),), consents=(refusal,))
    assert [agreed.granted for agreed in put.recipient.consents] == [False]


async def test_after_thirteen_months_the_operators_word_counts_again(world: World, clock: TestClock) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    clock.forward(days=397)
    put = await world.put(contact_points=(phone(),))
    assert [point.state for point in put.recipient.contact_points] == ["active"]


async def test_what_the_person_confirms_lifts_the_mark(world: World) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    async with world.database.write() as tx:
        await marks.lift(tx, OPERATOR, (Channel.SMS, PHONE))
    put = await world.put(contact_points=(phone(),))
    assert [point.state for point in put.recipient.contact_points] == ["active"]


async def test_a_mark_says_nothing_without_the_root_secret_and_is_one_operators(world: World) -> None:
    await world.put(contact_points=(phone(),))
    await erase(world)
    async with world.database.read() as tx:
        (row,) = await tx.execute(select(contact_marks))
        assert len(row.mark) == 32
        assert row.mark != tx.vault.index("contact", "sms", PHONE)
        now = world.surroundings.clock()
        assert await marks.live(tx, "inpost", [(Channel.SMS, PHONE)], now=now) == {}
        assert list(await marks.live(tx, OPERATOR, [(Channel.SMS, PHONE)], now=now)) == [(Channel.SMS, PHONE)]
