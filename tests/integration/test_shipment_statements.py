"""Statements about one shipment: what is listed, what cannot be known, and what is true at their end."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.evidence.bundle import AssembledBundle
from app.evidence.verifier import Named, Outcome, Verdict, parse_vkey, verify_shipment
from app.storage import events as event_store
from app.storage import log, shipment_facts
from app.usecases import state_shipment as stating_use_case
from app.usecases.accept_events import accept_events
from app.usecases.erase_recipient import erase_recipient
from app.usecases.prove_notification import NothingPublished
from app.usecases.state_shipment import About, TooManyFacts, state_shipment
from tests.builders import NOON, OPERATOR, RECIPIENT, SHIPMENT, area_event, event
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.explained import explained
from tests.integration.quarantined import replay, set_aside, tracking
from tests.integration.stating import checked, counts, stated, statement
from tests.integration.world import KEYS, ORIGIN_BASE, World
from tests.second_shipment import verify_statement
from tests.vocabularies import BUILT_IN

ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SOME_SHIPMENTS = {"shipments": [SHIPMENT, "another-one"]}


def moment(time: str) -> datetime:
    return datetime.fromisoformat(time)


def types(raw: dict[str, Any]) -> list[str]:
    return [fact["document"]["type"] for fact in raw["events"]]


def know_later_shards(world: World) -> None:
    names = [f"{ORIGIN_BASE}/{shard}{use}" for shard in ("2027h1", "2027h2", "2028h1") for use in ("", "/statements")]
    world.vkeys += [KEYS.newest(name).vkey for name in names]


async def test_every_event_and_every_notification_is_listed(world: World) -> None:
    await world.register()
    told = (await world.accepted(event())).notifications
    await world.dispatch()
    told += (await world.accepted(event("delivered", id="2"))).notifications
    await world.accepted(event(id="3", data={"shipment": "another-one"}))
    await world.seal()
    raw = await statement(world)
    assert counts(raw) == (2, len(told), 0, 0, 0)
    assert types(raw) == ["event.accepted"] * 2
    chains = {str(n.id): await world.notification(n.id) for n in told}
    assert {each["notification"]: (each["facts"], each["last_leaf"]) for each in raw["notifications"]} == {
        id_: (n.chain_length, n.chain_leaf.hex()) for id_, n in chains.items()
    }


async def test_of_a_shipment_that_nobody_named_it_is_stated_that_there_is_no_event(world: World) -> None:
    await world.accepted(event())
    await world.seal()
    raw = await statement(world, "never-named")
    assert counts(raw) == (0, 0, 0, 0, 0)
    assert raw["subject"]["value"] == f"{OPERATOR}\nnever-named"
    said = checked((await assembled(world, "never-named")).data, world).with_outcome(Outcome.HOLDS)
    (completeness,) = [check.sentence for check in said if check.name == "completeness"]
    assert "there was no event about this shipment (notifications: 0)" in completeness


async def assembled(world: World, shipment: str = SHIPMENT, **how: object) -> AssembledBundle:
    file = await stated(world, shipment, **how)  # type: ignore[arg-type] # passed on as it is
    assert isinstance(file, AssembledBundle)
    return file


@ONE_ENGINE
async def test_the_same_name_at_another_operator_is_another_shipment(world: World) -> None:
    await world.accepted(event())
    await world.seal()
    assert counts(await statement(world, operator="inpost")) == (0, 0, 0, 0, 0)


@ONE_ENGINE
async def test_what_is_closed_shows_no_name_and_is_checked_against_the_one_that_is_told(world: World) -> None:
    await world.accepted(event())
    await world.seal()
    raw = await statement(world, opened=frozenset())
    assert list(raw["subject"]) == ["commitment", "salt"]
    assert raw["originals"] == []
    assert all(fact["openings"] == {} for fact in raw["events"])
    data = (await assembled(world, opened=frozenset())).data
    assert SHIPMENT.encode() not in data
    vkeys = [parse_vkey(vkey) for vkey in world.vkeys]
    found = {
        told: verify_shipment(data, vkeys=vkeys, told=told and Named(*told)).verdict
        for told in (None, (OPERATOR, SHIPMENT), (OPERATOR, "another-one"), ("inpost", SHIPMENT))
    }
    assert list(found.values()) == [Verdict.VERIFIED, Verdict.VERIFIED, Verdict.REFUSED, Verdict.REFUSED]
    assert not verify_statement(data, world.vkeys, (OPERATOR, "another-one")).accepted


@ONE_ENGINE
async def test_only_fields_of_people_whose_reading_was_sealed_are_opened(world: World) -> None:
    await world.accepted(event())
    await world.seal()
    async with world.database.read() as tx:
        about = About(operator=OPERATOR, shipment=SHIPMENT, opened=None, people=())
        file = await state_shipment(tx, about, keys=KEYS, surroundings=world.surroundings)
    assert isinstance(file, AssembledBundle)
    assert RECIPIENT.encode() not in file.data


async def test_what_is_pending_is_counted_and_the_statement_ends_before_it(world: World) -> None:
    await world.accepted(event("in_transit", id="1"))
    await world.seal()
    await world.accepted(event("in_transit", id="2"))
    before = await statement(world)
    assert counts(before) == (1, 0, 1, 0, 0)
    await world.seal()
    after = await statement(world)
    assert counts(after) == (2, 0, 0, 0, 0)
    assert moment(before["until"]) < moment(after["events"][1]["document"]["at"]) <= moment(after["until"])


async def test_whoever_decides_about_the_shipment_meanwhile_is_waited_for_or_writes_later_times(
    world: World, clock: TestClock
) -> None:
    """The writer begins before the checkpoint that the statement rests on, and commits after it is asked for."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        async with world.database.write() as tx:
            await accept_events(
                tx, [event("in_transit", id="slow")], surroundings=world.surroundings, vocabularies=BUILT_IN
            )
            begun.set()
            await may_end.wait()

    await world.accepted(event("in_transit", id="before"))
    await world.seal()
    writing = asyncio.create_task(slowly())
    await begun.wait()
    if not world.database.is_sqlite:  # where the log can be sealed while another transaction writes
        await world.accepted(event(id="elsewhere", data={"shipment": "another-one", "recipient": "another"}))
        await world.seal()
    asked = asyncio.create_task(statement(world))
    await until_waiting(world) if not world.database.is_sqlite else await asyncio.wait([asked])
    may_end.set()
    await writing
    raw = await asked
    await world.seal()
    (late,) = [fact for fact in (await statement(world))["events"] if fact not in raw["events"]][-1:]
    assert counts(raw)[:3] == ((1, 0, 0) if world.database.is_sqlite else (1, 0, 1))
    assert moment(late["document"]["at"]) > moment(raw["until"])


async def until_waiting(world: World) -> None:
    """Somebody waits for a shipment's lock."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    while True:
        async with world.database.read() as tx:
            if (await tx.execute(waiting)).scalar_one():
                return


async def test_erasure_leaves_a_number_of_events_and_messages_that_may_have_been_about_it(world: World) -> None:
    await world.register()
    await world.accepted(event())
    await world.accepted(event(id="2", data={"shipment": "another-one", "recipient": "another"}))
    await world.seal()
    assert counts(await statement(world)) == (1, 2, 0, 0, 0)
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=world.surroundings)
    )
    await world.seal()
    for shipment, events in ((SHIPMENT, 0), ("another-one", 1), ("never-named", 0)):
        assert counts(await statement(world, shipment)) == (events, 0, 0, 1, 2)
    said = checked((await assembled(world)).data, world).checks
    (completeness,) = [check.sentence for check in said if check.name == "completeness"]
    assert "(events of the operator: 1, notifications: 2)" in completeness


async def test_a_statement_begins_after_what_was_too_old_to_be_kept(world: World, clock: TestClock) -> None:
    know_later_shards(world)
    aged = ageing_surroundings(clock)
    world.surroundings = aged
    clock.now = NOON
    await world.accepted(event("in_transit", id="old"))
    await world.seal()
    clock.forward(days=300)
    await world.accepted(event("in_transit", id="young", at=clock.now))
    await world.seal()
    before = await statement(world)
    received_at = moment(before["events"][0]["document"]["data"]["received_at"])
    assert moment(before["since"]) <= received_at
    clock.forward(days=150)
    await keep(world.database, aged)
    await world.accepted(event("in_transit", id="newest", at=clock.now, data={"shipment": "another-one"}))
    await world.seal()
    raw = await statement(world)
    assert counts(raw) == (1, 0, 0, 0, 0)
    assert received_at < moment(raw["since"]) < moment(raw["events"][0]["document"]["at"])


async def test_what_was_set_aside_and_understood_later_is_listed_twice(world: World) -> None:
    (kept,) = await set_aside(world, tracking())
    await replay(world, [kept])
    await set_aside(world, event(id="9", type="pl.awizo.delivery.beamed_up.v1", data={"shipment": {"no": "name"}}))
    await world.seal()
    raw = await statement(world)
    assert types(raw) == ["event.quarantined", "event.replayed"]
    assert counts(raw) == (2, 0, 0, 1, 0)


async def test_an_incident_is_listed_for_the_shipments_that_it_names(world: World) -> None:
    await world.register()
    await world.accepted(event())
    await world.accepted(area_event("service_disruption", data={"scope": SOME_SHIPMENTS}))
    await world.accepted(area_event(id="of-a-place", data={"incident": "I-8"}))
    await world.tell()
    await world.seal()
    raw = await statement(world)
    assert sorted(fact["document"]["data"]["event_type"].split(".")[3] for fact in raw["events"]) == [
        "notice_left",
        "service_disruption",
    ]
    assert counts(raw)[0] == 2
    assert counts(raw)[3:] == (0, 0)
    assert counts(await statement(world, "another-one"))[0] == 1


@ONE_ENGINE
async def test_a_statement_reaches_over_half_years_and_rests_on_the_newest(world: World, clock: TestClock) -> None:
    await world.accepted(event("in_transit", id="1"))
    await world.seal()
    clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    await world.seal()
    await world.accepted(event("in_transit", id="2", at=clock.now))
    await world.seal()
    know_later_shards(world)
    raw = await statement(world)
    assert counts(raw) == (2, 0, 0, 0, 0)
    assert raw["checkpoint"].startswith("awizo.test/log/2027h1\n")
    assert len({fact["proof"].partition("\n\n")[2] for fact in raw["events"]}) == 2
    assert counts(await statement(world, "never-named")) == (0, 0, 0, 0, 0)


@ONE_ENGINE
async def test_nothing_is_vouched_for_from_before_facts_were_lost(world: World, clock: TestClock) -> None:
    await world.accepted(event("in_transit", id="1"))
    await world.seal()
    clock.forward(hours=1)
    lost_at = clock.now
    await world.database.transact(lambda tx: log.note_losses(tx, "2026h2", now=lost_at))
    assert isinstance(await stated(world), NothingPublished)
    await world.accepted(event("in_transit", id="2"))
    await world.seal()
    raw = await statement(world)
    assert moment(raw["since"]) == lost_at + timedelta(milliseconds=1)
    assert counts(raw) == (2, 0, 0, 0, 0)


async def test_every_question_reads_an_index(world: World) -> None:
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, SHIPMENT)
        plans = [
            await explained(tx, question)
            for question in (
                shipment_facts.people(tx, OPERATOR, index),
                shipment_facts.event_facts(tx, OPERATOR, index, limit=10),
                shipment_facts.chains(tx, index, limit=10),
                shipment_facts.horizon(tx, OPERATOR),
            )
        ]
    people, of_events, of_chains, horizon = plans
    assert "ix_events_shipment_index" in people
    assert "ix_incident_areas_value" in people
    assert "ix_facts_event_id" in of_events
    assert "ix_notifications_shipment_index" in of_chains
    assert {"ix_events_unlinked", "ix_notifications_unlinked"} <= set(re.findall(r"ix_\w+", horizon))
    large = "events|facts|notifications|leaves"
    assert not re.search(rf"(seq scan on|scan) ({large})\b(?! using)", "\n".join(plans))


@ONE_ENGINE
async def test_a_statement_that_cannot_be_complete_is_not_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.accepted(event("in_transit", id="1"))
    await world.accepted(event("in_transit", id="2"))
    await world.seal()
    monkeypatch.setattr(stating_use_case, "LISTED_MAX", 1)
    assert isinstance(await stated(world), TooManyFacts)
