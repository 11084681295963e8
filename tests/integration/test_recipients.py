"""Registering people: what is stored, what is sealed, and what a withdrawal changes, on both databases."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.domain.channel import Channel, Purpose
from app.domain.notification import Status
from app.domain.quiet_hours import NEVER_QUIET, QuietHours, QuietRule
from app.domain.recipient import Actor, ContactState, Letters, Recipient
from app.evidence.catalogue import grade_of
from app.evidence.commitment import commitment_of, leaf_of
from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import facts, metadata
from app.usecases.put_recipient import Put
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import EMAIL, NOON, OPERATOR, PHONE, RECIPIENT
from tests.integration.people import World, consent, documents, email, phone


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def stored(world: World, name: str = RECIPIENT) -> Recipient | None:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    return record.recipient if record else None


async def withdraw_sms(world: World, put: Put) -> tuple[Purpose, ...]:
    contact = put.recipient.contact_points[0].id if put.recipient.contact_points else None
    return await world.database.transact(
        lambda tx: withdraw_consent(
            tx,
            put.recipient.id,
            Channel.SMS,
            contact,
            method="one_click",
            statement=b'{"List-Unsubscribe":"One-Click"}',
            surroundings=world.surroundings,
        )
    )


async def test_what_was_put_is_what_is_stored(world: World) -> None:
    put = await world.put(
        language="uk",
        time_zone="Europe/Kyiv",
        post_codes=("03-729",),
        quiet_hours=QuietHours(rule=QuietRule.OWN),
        letters=Letters.NATIVE,
        safety_phrase="kot Filemon",
        contact_points=(phone(), email(verified=False)),
        consents=(consent(),),
    )
    assert put.created
    assert put.ignored == ()
    assert await stored(world) == put.recipient


async def test_an_empty_put_registers_with_defaults_and_seals_nothing(world: World) -> None:
    put = await world.put()
    assert put.created
    assert await stored(world) == Recipient(id=put.recipient.id, operator=OPERATOR, name=RECIPIENT)
    assert await world.recorded() == []


async def test_somebody_whom_events_named_before_is_registered_under_the_same_record(world: World) -> None:
    await world.tell()
    async with world.database.read() as tx:
        named = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    put = await world.put(contact_points=(phone(),))
    assert named is not None
    assert (put.created, put.recipient.id) == (True, named.id)


async def test_a_put_seals_a_fact_for_each_thing_that_changed(world: World) -> None:
    await world.put(language="en", contact_points=(phone(),), consents=(consent(),))
    nothing = {
        "channel": None,
        "claimed_at": None,
        "method": None,
        "purpose": None,
        "text_digest": None,
        "text_version": None,
        "version": None,
    }
    always = {"by": "operator", "language": "en", "substitutes_paper": False}
    granted = {
        "channel": "sms",
        "purpose": "delivery",
        "version": 1,
        "text_version": "2026-11",
        "method": "counter",
        "claimed_at": "2026-11-22T11:00:00.000Z",
    }
    assert await world.recorded() == [
        ("contact.added", nothing | always | {"channel": "sms"}),
        ("contact.verified", nothing | always | {"channel": "sms", "method": "counter"}),
        ("consent.granted", nothing | always | granted),
        ("preference.changed", nothing | always),
    ]


async def test_facts_seal_who_and_where_under_the_persons_key(world: World) -> None:
    await world.put(post_codes=("03-729",), contact_points=(phone(),), consents=(consent(),))
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        ids = (await tx.execute(select(facts.c.id).order_by(facts.c.id))).scalars()
        found = await fact_store.by_ids(tx, list(ids))
    opened = {fact.type: {n: o.value for n, o in fact.openings(record.key).items()} for fact in found.values()}
    who = {"recipient": RECIPIENT.encode()}
    assert opened == {
        "contact.added": who | {"contact": PHONE.encode()},
        "contact.verified": who | {"contact": PHONE.encode()},
        "consent.granted": who,
        "preference.changed": who | {"statement": b'{"post_codes":["03-729"]}'},
    }


async def test_a_consent_names_the_leaf_of_its_latest_fact(world: World) -> None:
    await world.put(consents=(consent(at=NOON - timedelta(days=2)), consent(granted=False), consent(at=NOON)))
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        assert record.recipient is not None
        (standing,) = record.recipient.consents
        (fact,) = await fact_store.by_leaves(tx, [standing.fact_leaf])
    document = json.loads(fact.document)
    assert (document["type"], document["data"]["version"]) == ("consent.granted", 2)
    assert leaf_of(commitment_of(fact.document, fact.salt)) == standing.fact_leaf


async def test_withdrawals_repeat_the_version_they_end_and_have_none_when_nothing_was_granted(world: World) -> None:
    await world.put(
        consents=(
            consent(),
            consent(at=NOON, granted=False),
            consent(at=NOON, granted=False, purpose=Purpose.INCIDENT),
        )
    )
    told = [(kind, data["purpose"], data["version"]) for kind, data in await world.recorded()]
    assert told == [
        ("consent.granted", "delivery", 1),
        ("consent.withdrawn", "delivery", 1),
        ("consent.withdrawn", "incident", None),
    ]


async def test_the_same_put_again_records_no_second_fact(world: World) -> None:
    asked = {"language": "en", "contact_points": (phone(), email(verified=False)), "consents": (consent(),)}
    first = await world.put(**asked)
    before = await world.recorded()
    second = await world.put(**asked)
    assert (second.created, second.recipient) == (False, first.recipient)
    assert await world.recorded() == before


async def test_a_later_put_keeps_the_moment_of_registration(world: World) -> None:
    column = metadata.tables["recipients"].c.registered_at
    moments = []
    for language in ("en", "uk"):
        await world.put(language=language)
        async with world.database.read() as tx:
            moments.append((await tx.execute(select(column))).scalar_one())
    assert moments[0] == moments[1]


async def test_settings_survive_a_put_that_leaves_them_out(world: World) -> None:
    await world.put(language="en", post_codes=("03-729",), quiet_hours=NEVER_QUIET)
    put = await world.put(contact_points=(phone(),))
    assert (put.recipient.language, put.recipient.post_codes) == ("en", ("03-729",))
    assert put.recipient.quiet_hours == NEVER_QUIET


async def test_one_click_ends_every_consent_of_the_channel_as_the_persons_own_act(world: World) -> None:
    put = await world.put(
        contact_points=(phone(),),
        consents=(
            consent(),
            consent(purpose=Purpose.INCIDENT),
            consent(channel=Channel.EMAIL),
        ),
    )
    assert set(await withdraw_sms(world, put)) == {Purpose.DELIVERY, Purpose.INCIDENT}
    now = await stored(world)
    assert now is not None
    standing = {(c.channel, c.purpose): (c.granted, c.by) for c in now.consents}
    assert standing == {
        (Channel.SMS, Purpose.DELIVERY): (False, Actor.PERSON),
        (Channel.SMS, Purpose.INCIDENT): (False, Actor.PERSON),
        (Channel.SMS, Purpose.PROGRESS): (False, Actor.PERSON),
        (Channel.EMAIL, Purpose.DELIVERY): (True, Actor.OPERATOR),
    }


async def test_one_click_is_sealed_with_what_the_person_sent(world: World) -> None:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    await withdraw_sms(world, put)
    now = await stored(world)
    assert now is not None
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        (fact,) = await fact_store.by_leaves(tx, [now.consents[0].fact_leaf])
    assert record is not None
    document = json.loads(fact.document)
    assert (document["type"], document["data"]["by"], document["data"]["version"]) == ("consent.withdrawn", "person", 1)
    assert grade_of(document) == 5
    opened = {name: opening.value for name, opening in fact.openings(record.key).items()}
    assert opened == {
        "contact": PHONE.encode(),
        "recipient": RECIPIENT.encode(),
        "statement": b'{"List-Unsubscribe":"One-Click"}',
    }


async def test_a_second_click_changes_nothing(world: World) -> None:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    await withdraw_sms(world, put)
    before = await world.recorded()
    assert await withdraw_sms(world, put) == ()
    assert await world.recorded() == before


async def test_somebody_who_never_registered_has_nothing_to_withdraw(world: World) -> None:
    await world.tell()
    async with world.database.write() as tx:
        named = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert named is not None
        ended = await withdraw_consent(
            tx, named.id, Channel.SMS, None, method="one_click", statement=b"{}", surroundings=world.surroundings
        )
    assert ended == ()


async def test_the_nightly_copy_does_not_undo_a_click(world: World) -> None:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    await withdraw_sms(world, put)
    again = await world.put(contact_points=(phone(),), consents=(consent(),))
    assert [(each.pointer, each.reason) for each in again.ignored] == [("/consents/0", "the_person_decided_later")]
    assert {c.granted for c in again.recipient.consents} == {False}


async def test_events_after_a_click_are_suppressed_as_opted_out(world: World) -> None:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    await withdraw_sms(world, put)
    answer = await world.tell()
    told = {n.channel: (n.status, n.reason) for n in answer.notifications}
    assert told[Channel.SMS] == (Status.SUPPRESSED, "opted_out")


async def test_a_deployment_can_refuse_to_trust_operators(world: World) -> None:
    put = await world.put(operator_verified=False, contact_points=(phone(),))
    now = await stored(world)
    assert now is not None
    assert [c.state for c in now.contact_points] == [ContactState.UNCONFIRMED]
    assert [each.reason for each in put.ignored] == ["operators_verification_not_trusted"]


async def test_of_many_first_puts_at_once_exactly_one_creates(world: World) -> None:
    numbers = [f"+4860010020{digit}" for digit in range(8)]
    puts = await asyncio.gather(*(world.put(contact_points=(phone(number),)) for number in numbers))
    now = await stored(world)
    assert now is not None
    assert sum(put.created for put in puts) == 1
    assert sorted(c.value for c in now.contact_points) == numbers


async def test_grants_that_race_are_counted_without_gap_or_repeat(world: World) -> None:
    await world.put()
    moments = [NOON - timedelta(minutes=minute) for minute in range(8)]
    await asyncio.gather(*(world.put(consents=(consent(at=at),)) for at in moments))
    now = await stored(world)
    assert now is not None
    versions = [data["version"] for kind, data in await world.recorded() if kind == "consent.granted"]
    assert versions == list(range(1, len(versions) + 1))
    (standing,) = now.consents
    assert (standing.at, standing.version) == (NOON, len(versions))


async def test_a_click_that_races_with_the_nightly_copy_always_stands(world: World) -> None:
    put = await world.put(contact_points=(phone(),), consents=(consent(),))
    copies = [world.put(contact_points=(phone(),), consents=(consent(at=NOON),)) for _ in range(4)]
    await asyncio.gather(withdraw_sms(world, put), *copies)
    now = await stored(world)
    assert now is not None
    assert {(c.granted, c.by) for c in now.consents} == {(False, Actor.PERSON)}


async def test_puts_and_events_of_one_person_do_not_lock_each_other_out(world: World) -> None:
    puts = [world.put(contact_points=(phone(f"+4860010020{digit}"),)) for digit in range(4)]
    await asyncio.gather(*puts, *(world.tell(number=number) for number in range(4)))
    now = await stored(world)
    assert now is not None
    assert len(now.contact_points) == 4


async def test_every_fact_stands_in_the_order_in_which_it_happened(world: World) -> None:
    await world.put(contact_points=(phone(),), consents=(consent(),))
    async with world.database.read() as tx:
        written = [document["id"] for document in await documents(tx)]
        rows = await tx.execute(text("SELECT fact_id FROM pending_entries ORDER BY position"))
        pending = [str(each).replace("-", "") for each in rows.scalars()]
    assert pending == [each.replace("-", "") for each in written]


def _database_files(directory: Path) -> list[Path]:
    """The file and its write-ahead log; none when the database is elsewhere."""
    return list(directory.glob("awizo.db*"))


async def test_no_personal_value_stands_in_clear_in_any_table(world: World, tmp_path: Path) -> None:
    put = await world.put(
        name="canary-name",
        post_codes=("98-765", "QXJ ZKW"),
        contact_points=(phone(), email()),
        consents=(consent(),),
    )
    await withdraw_sms(world, put)
    canaries = ["canary-name", "98-765", "QXJ ZKW", "QXJZKW", PHONE, PHONE.removeprefix("+48"), EMAIL, "One-Click"]
    kept = b""
    async with world.database.read() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.execute(select(table)):
                kept += b"\n".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
    kept += b"".join(file.read_bytes() for file in _database_files(tmp_path))
    assert [canary for canary in canaries if canary.encode() in kept] == []


@pytest.mark.parametrize("part", ["recipient", "contact"])
async def test_no_repr_shows_a_name_or_a_number(world: World, part: str) -> None:
    put = await world.put(contact_points=(phone(), email()))
    shown = repr(put) if part == "recipient" else repr(put.recipient.contact_points)
    assert not any(value in shown for value in (RECIPIENT, PHONE, EMAIL))
