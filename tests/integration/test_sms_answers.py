"""STOP and START by SMS: for everybody who has the number, sealed, and nothing more than was asked."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import update

from app.domain.channel import Channel, Purpose
from app.domain.keywords import Asked
from app.domain.receipt import InboundSms
from app.domain.recipient import Consent
from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.database import Database, DatabaseUnavailableError
from app.storage.tables import contact_points
from app.usecases import record_inbound_sms as record_inbound
from app.usecases.erase_recipient import erase_recipient
from app.usecases.record_acts import save_acts
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import NOON, OPERATOR, PHONE, RECIPIENT
from tests.integration.people import World, consent, email, phone

OTHER_PHONE = "+48600999888"


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def register(world: World, name: str = RECIPIENT, **patch: Any) -> None:
    agreed = (consent(), consent(purpose=Purpose.INCIDENT), consent(channel=Channel.EMAIL))
    await world.put(name=name, **({"contact_points": (phone(), email()), "consents": agreed} | patch))


async def write(world: World, text: str, sender: str = PHONE, *, sid: str | None = None) -> Asked | None:
    name = sid or str(world.surroundings.new_id())
    sms = InboundSms(provider="twilio", provider_id=name, sender=sender, text=text, raw=b"Body=")
    return await record_inbound.record_inbound_sms(world.database, sms, surroundings=world.surroundings)


async def granted(world: World, name: str = RECIPIENT) -> set[tuple[Channel, Purpose]]:
    return {(each.channel, each.purpose) for each in await consents(world, name) if each.granted}


async def consents(world: World, name: str = RECIPIENT) -> tuple[Consent, ...]:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    assert record is not None
    assert record.recipient is not None
    return record.recipient.consents


BY_SMS = {(Channel.SMS, Purpose.DELIVERY), (Channel.SMS, Purpose.INCIDENT)}
BY_EMAIL = {(Channel.EMAIL, Purpose.DELIVERY)}


async def test_stop_ends_all_sms_and_nothing_else(world: World) -> None:
    await register(world)
    assert await write(world, "Stop.") is Asked.STOP
    assert await granted(world) == BY_EMAIL


async def test_stop_ends_them_for_everybody_who_has_the_number(world: World) -> None:
    for name in ("jan", "eva", "old"):
        await register(world, name)
    await register(world, "neighbour", contact_points=(phone(OTHER_PHONE), email()))
    await write(world, "STOP")
    for name in ("jan", "eva", "old"):
        assert await granted(world, name) == BY_EMAIL
    assert await granted(world, "neighbour") == BY_SMS | BY_EMAIL


async def test_a_number_that_was_never_confirmed_can_say_stop_but_not_start(world: World) -> None:
    await register(world, contact_points=(phone(verified=False), phone(OTHER_PHONE)))
    await write(world, "STOP")
    assert await granted(world) == BY_EMAIL
    await write(world, "START")
    assert await granted(world) == BY_EMAIL
    await write(world, "START", OTHER_PHONE)
    assert await granted(world) == BY_SMS | BY_EMAIL


async def test_each_withdrawal_is_sealed_as_the_persons_own_words(world: World) -> None:
    await register(world)
    await write(world, "Rezygnuję!")
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        ended = await fact_store.of_recipient(tx, record.id, types=("consent.withdrawn",), after=record.id, limit=10)
        openings = [fact.openings(record.key) for fact in ended]
    said = [json.loads(fact.document)["data"] for fact in ended]
    assert [(data["channel"], data["method"], data["by"], data["version"]) for data in said] == [
        ("sms", "sms_stop", "person", 1)
    ] * 2
    assert [opened["statement"].value for opened in openings] == ['{"text":"Rezygnuję!"}'.encode()] * 2
    assert [opened["contact"].value for opened in openings] == [PHONE.encode()] * 2


async def test_start_gives_back_what_stop_ended_as_a_new_version(world: World) -> None:
    await register(world)
    await write(world, "STOP")
    assert await write(world, "START") is Asked.START
    assert await granted(world) == BY_SMS | BY_EMAIL
    resumed = [each for each in await consents(world) if each.channel is Channel.SMS and each.granted]
    assert {(each.version, each.by, each.method) for each in resumed} == {(2, "person", "sms_start")}


async def test_start_gives_back_nothing_that_ended_otherwise(world: World) -> None:
    await register(world)
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    await world.database.transact(
        lambda tx: withdraw_consent(
            tx, record.id, Channel.SMS, None, method="one_click", statement=b"{}", surroundings=world.surroundings
        )
    )
    await write(world, "START")
    assert await granted(world) == BY_EMAIL


async def test_a_nightly_copy_does_not_undo_a_stop(world: World) -> None:
    await register(world)
    await write(world, "STOP")
    await register(world)
    assert await granted(world) == BY_EMAIL


async def test_a_copy_with_an_older_grant_for_another_purpose_does_not_undo_a_stop(world: World) -> None:
    await register(world)
    await world.put(consents=(consent(purpose=Purpose.INCIDENT, granted=False, at=NOON - timedelta(hours=2)),))
    await write(world, "STOP")
    sent = tuple(
        consent(purpose=purpose, at=NOON - timedelta(hours=1)) for purpose in (Purpose.PROGRESS, Purpose.INCIDENT)
    )
    merged = await world.put(consents=sent)
    assert [(each.pointer, each.reason) for each in merged.ignored] == [
        ("/consents/0", "the_person_decided_later"),
        ("/consents/1", "the_person_decided_later"),
    ]
    assert await granted(world) == BY_EMAIL
    await write(world, "START")
    assert await granted(world) == BY_EMAIL | {(Channel.SMS, Purpose.DELIVERY)}


async def test_a_stop_of_what_was_never_granted_seals_nothing_and_a_later_grant_counts(world: World) -> None:
    await register(world, consents=())
    before = await world.recorded()
    await write(world, "STOP")
    assert await world.recorded() == before
    assert {(each.channel, each.granted, each.version, each.by) for each in await consents(world)} == {
        ("sms", False, 0, "person")
    }
    await world.put(consents=(consent(),))
    assert await granted(world) == set()
    await world.put(consents=(consent(at=NOON + timedelta(days=300)),))
    assert await granted(world) == {(Channel.SMS, Purpose.DELIVERY)}


async def test_what_is_planned_after_a_stop_of_what_was_never_granted_lacks_a_consent(world: World) -> None:
    await register(world, consents=())
    await write(world, "STOP")
    await world.tell()
    suppressed = [data for type_, data in await world.recorded() if type_ == "notification.suppressed"]
    assert {(data["reason"], data["consent_fact"], data["consent_version"]) for data in suppressed} == {
        ("no_consent", None, None)
    }


async def test_the_same_message_again_does_nothing_whatever_came_in_between(world: World) -> None:
    await register(world)
    await write(world, "STOP", sid="SM1")
    assert await write(world, "START", sid="SM2") is Asked.START
    await write(world, "STOP", sid="SM3")
    before, standing = await world.recorded(), await consents(world)
    for _ in range(10):
        assert await write(world, "START", sid="SM2") is None
    assert (await world.recorded(), await consents(world)) == (before, standing)


async def test_a_message_that_found_nobody_does_nothing_when_it_comes_again(world: World) -> None:
    assert await write(world, "START", sid="SM1") is Asked.START
    await register(world)
    await write(world, "STOP", sid="SM2")
    assert await write(world, "START", sid="SM1") is None
    assert await granted(world) == BY_EMAIL


async def test_the_same_message_many_times_at_once_acts_once_for_everybody(world: World) -> None:
    for name in ("jan", "eva"):
        await register(world, name)
    await write(world, "STOP")
    said = await asyncio.gather(*(write(world, "START", sid="SM1") for _ in range(6)))
    assert said.count(Asked.START) == 1
    for name in ("jan", "eva"):
        assert {each.version for each in await consents(world, name) if each.granted and each.channel == "sms"} == {2}


async def test_a_message_that_broke_off_is_carried_out_for_those_whom_it_had_not_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jan", "eva"):
        await register(world, name)
    broken = AsyncMock(side_effect=[None, ConnectionError("the database went away")])

    async def breaking(*arguments: Any, **named: Any) -> Any:
        await broken()
        return await save_acts(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(record_inbound, "save_acts", breaking)
        with pytest.raises(DatabaseUnavailableError):
            await write(world, "STOP", sid="SM1")
    assert await write(world, "STOP", sid="SM1") is Asked.STOP
    for name in ("jan", "eva"):
        assert await granted(world, name) == BY_EMAIL
    ended = [data for type_, data in await world.recorded() if type_ == "consent.withdrawn"]
    assert len(ended) == 2 * len(BY_SMS)


async def test_what_was_agreed_after_a_stop_stays_when_start_comes(world: World) -> None:
    await register(world)
    await write(world, "STOP")
    await world.put(consents=(consent(at=NOON + timedelta(days=300)),))
    await write(world, "START")
    agreed = [each for each in await consents(world) if each.channel is Channel.SMS and each.granted]
    versions = {each.purpose: (each.version, each.method) for each in agreed}
    assert versions == {Purpose.DELIVERY: (2, "counter"), Purpose.INCIDENT: (2, "sms_start")}


async def test_repeats_change_nothing(world: World) -> None:
    await register(world)
    await write(world, "STOP")
    before = await world.recorded()
    await asyncio.gather(*(write(world, "stop") for _ in range(5)))
    assert await world.recorded() == before


async def test_stops_at_the_same_time_end_each_consent_once(world: World) -> None:
    await register(world)
    await asyncio.gather(*(write(world, "STOP") for _ in range(5)))
    ended = [data for type_, data in await world.recorded() if type_ == "consent.withdrawn"]
    assert len(ended) == len(BY_SMS)


@pytest.mark.parametrize("text", ["Thank you!", "please stop", ""])
async def test_other_words_leave_no_trace(world: World, text: str) -> None:
    await register(world)
    before = await world.recorded()
    assert await write(world, text) is Asked.OTHER
    assert await world.recorded() == before


@pytest.mark.parametrize("sender", [OTHER_PHONE, "12345", "", "Awizo"])
async def test_a_sender_whom_nobody_knows_changes_nothing(world: World, sender: str) -> None:
    await register(world)
    before = await world.recorded()
    assert await write(world, "STOP", sender) is Asked.STOP
    assert await world.recorded() == before


async def test_somebody_erased_is_left_alone(world: World) -> None:
    await register(world)
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="0123456789abcdef", surroundings=world.surroundings)
    )
    before = await world.recorded()
    assert await write(world, "STOP") is Asked.STOP
    assert await world.recorded() == before


async def test_a_damaged_person_keeps_nobody_else_from_stopping(world: World) -> None:
    for name in ("damaged", "whole"):
        await register(world, name)
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, "damaged")
    assert record is not None
    async with world.database.write() as tx:
        mine = contact_points.c.recipient_id == record.id
        await tx.execute(update(contact_points).where(mine).values(value=b"\0" * 40))
    assert await write(world, "STOP") is Asked.STOP
    assert await granted(world, "whole") == BY_EMAIL
