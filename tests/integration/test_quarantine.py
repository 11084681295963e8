"""Events that nobody could interpret are understood later, and what follows is as if they had been in time."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.api.cloudevents import Single, decode_request
from app.domain.channel import Purpose
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.tables import anomalies
from app.usecases.replay_quarantined import Left, Replayed
from tests.builders import NOON, OPERATOR, RECIPIENT, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.quarantined import (
    P_A,
    fact_count,
    of_an_older_version,
    replay,
    row,
    set_aside,
    states,
    told,
    tracking,
)
from tests.integration.sealed import assert_in_order, sealed_facts
from tests.integration.world import World


async def test_what_is_understood_now_is_accepted_told_and_proved(world: World, clock: TestClock) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    received_at = (await row(world, kept)).received_at
    clock.forward(hours=3)
    (outcome,) = (await replay(world, [kept])).values()
    assert isinstance(outcome, Replayed)
    assert (outcome.event, outcome.type) == (kept, P_A)
    after = await row(world, kept)
    assert (after.status, after.quarantine, after.mapped_type) == ("accepted", None, P_A)
    assert (after.kind, after.ordinal, after.received_at) == ("notice_left", 1, received_at)
    await world.dispatch()
    assert len(world.gateway.journal) == len(world.mail.journal) == 1
    for notification in outcome.notifications:
        assert (await world.fact_types(notification.id))[0] == "notification.planned"
    sealed = await sealed_facts(world.database)
    assert_in_order(sealed)
    (set_aside_then,) = [fact for fact in sealed if fact.type == "event.quarantined"]
    (replayed,) = [fact for fact in sealed if fact.type == "event.replayed"]
    assert replayed.data == set_aside_then.data
    named = {leaf for fact in sealed for leaf in fact.data.get("event_facts", [])}
    assert named == {replayed.leaf}


async def test_the_fact_seals_the_event_as_it_was_posted(world: World) -> None:
    posted = tracking()
    (kept,) = await set_aside(world, posted)
    await replay(world, [kept])
    await world.seal()
    (replayed,) = [fact for fact in await sealed_facts(world.database) if fact.type == "event.replayed"]
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        (stored,) = await fact_store.by_leaves(tx, [bytes.fromhex(replayed.leaf)])
    assert record is not None
    values = {name: opening.value for name, opening in stored.openings(record.key).items()}
    assert values == {"event": posted.canonical, "shipment": SHIPMENT.encode(), "recipient": RECIPIENT.encode()}


@pytest.mark.parametrize(
    ("code", "raw"),
    [
        ("P_A", {}),
        ("P_PA", {}),
        ("P_D", {}),
        ("P_A", {"canceled": True}),
        ("P_DKAOK", {}),
        ("P_NDZ", {}),
        ("EMB", {"vocabulary": "upu"}),
        ("created", {"vocabulary": "InPost "}),
    ],
)
async def test_a_replayed_event_is_kept_and_told_as_one_that_was_understood_at_once(
    world: World, code: str, raw: dict[str, Any]
) -> None:
    await world.register(purposes=list(Purpose))
    said = {"raw": {"vocabulary": "poczta-polska", "code": code} | raw}
    (kept,) = await set_aside(world, tracking(code, shipment="later", data=said))
    assert isinstance((await replay(world, [kept]))[kept], Replayed)
    at_once = (await world.accepted(tracking(code, shipment="at-once", data=said))).event
    rows = [await row(world, each) for each in (kept, at_once)]
    names = ("type", "mapped_type", "kind", "ordinal", "status", "quarantine", "effective_at", "code", "told")
    assert len({tuple(getattr(each, name) for name in names) for each in rows}) == 1
    assert {bool(each.corrects) for each in rows} == {False}
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        decoded = await event_store.decoded(tx, (kept, at_once), {record.id: record.key})
        assert rows[0].shipment_index == event_store.shipment_index(tx, OPERATOR, "later")
    assert len({replace(each, id="", shipments=()) for each in decoded.values()}) <= 1
    assert len(decoded) in {0, 2}
    assert await states(world, kept) == await states(world, at_once)


async def test_news_that_a_later_event_made_stale_is_not_told(world: World, clock: TestClock) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    clock.forward(hours=2)
    await world.post(event("delivered", at=NOON + timedelta(hours=1)))
    await replay(world, [kept])
    assert await states(world, kept) == {("sms", "suppressed", "stale"), ("email", "suppressed", "stale")}
    assert await world.dispatch() == 0


async def test_what_was_told_meanwhile_is_not_told_again(world: World) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    await world.post(event())
    await replay(world, [kept])
    assert {reason for _, _, reason in await states(world, kept)} == {"duplicate_content"}


async def test_of_a_shipment_that_is_replayed_whole_only_the_end_is_told(world: World, clock: TestClock) -> None:
    await world.register(purposes=[Purpose.DELIVERY, Purpose.PROGRESS])
    # The delivery came first; what happened first counts first.
    end, start = await set_aside(world, tracking("P_D", at=NOON), tracking("P_A", at=NOON - timedelta(hours=1)))
    clock.forward(minutes=1)
    await replay(world, [end, start])
    assert await states(world, start) == {("sms", "cancelled", "collected"), ("email", "cancelled", "collected")}
    assert await states(world, end) == {("sms", "queued", None), ("email", "queued", None)}


async def test_the_meaning_of_a_code_sees_what_else_is_replayed(world: World, clock: TestClock) -> None:
    await world.register()
    ids = await set_aside(world, tracking("P_D", at=NOON), tracking("P_NDZ", at=NOON - timedelta(hours=1)))
    outcomes = await replay(world, ids)
    assert [each.type for each in outcomes.values() if isinstance(each, Replayed)] == [
        "pl.awizo.delivery.returned.v1"
    ] * 2


@pytest.mark.parametrize(("hours", "expected"), [(23, "queued"), (25, "suppressed")])
async def test_how_long_it_is_news_counts_from_when_it_was_received(
    world: World, clock: TestClock, hours: int, expected: str
) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking("P_D", at=NOON))
    attempt = tracking("EMH", shipment="other", data={"raw": {"vocabulary": "upu", "code": "EMH"}})
    (failed,) = await set_aside(world, attempt)
    clock.forward(hours=hours)
    await replay(world, [kept, failed])
    assert {status for _, status, _ in await states(world, failed)} == {expected}
    assert {reason for _, _, reason in await states(world, failed)} == {None if expected == "queued" else "stale"}


async def test_an_event_from_the_future_tells_nobody_however_late_it_is_replayed(
    world: World, clock: TestClock
) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking(at=NOON + timedelta(hours=1)))
    clock.forward(hours=2)
    assert isinstance((await replay(world, [kept]))[kept], Replayed)
    assert await told(world, kept) == []
    async with world.database.read() as tx:
        found = await tx.execute(select(anomalies.c.code, anomalies.c.event_id))
        assert [tuple(each) for each in found] == [("future_time", kept)]


async def test_a_replayed_notice_gets_its_reminders(world: World, clock: TestClock) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking(data={"pickup": {"until": "2026-12-07"}}))
    clock.forward(hours=1)
    await replay(world, [kept])
    await world.remind()
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, SHIPMENT)
        (held,) = [n for n in await outbox.of_shipments(tx, [index]) if n.step]
    assert (held.status, held.event) == ("held", kept)
    opening = (await world.facts(held.id))[0]
    (replayed,) = [fact for fact in await sealed_facts(world.database) if fact.type == "event.replayed"]
    assert opening["data"]["event_facts"] == [replayed.leaf]


async def test_a_correction_that_is_understood_late_takes_back_what_has_not_left(
    world: World, clock: TestClock
) -> None:
    await world.register()
    notice = await world.accepted(tracking("P_A"))
    taken_back = tracking(
        "P_A", id="back", data={"raw": {"vocabulary": "poczta-polska", "code": "P_A", "canceled": True}}
    )
    (kept,) = await set_aside(world, taken_back)
    outcome = (await replay(world, [kept]))[kept]
    assert isinstance(outcome, Replayed)
    assert outcome.type == "pl.awizo.delivery.corrected.v1"
    assert {(status, reason) for _, status, reason in await states(world, notice.event)} == {
        ("cancelled", "superseded")
    }
    assert await world.dispatch() == 0


async def test_an_ignored_code_is_accepted_and_tells_nobody(world: World) -> None:
    await world.register()
    said = {"raw": {"vocabulary": "inpost", "code": "missing"}}
    (kept,) = await set_aside(world, tracking("missing", data=said))
    assert await replay(world, [kept]) == {kept: Replayed(event=kept, type=None, notifications=())}
    assert (await row(world, kept)).status == "accepted"


async def test_what_nobody_understands_yet_stays_and_says_why_today(world: World) -> None:
    await world.register()
    nobody_knows = {"raw": {"vocabulary": "nobody", "code": "X"}}
    ids = await set_aside(world, tracking("P_UNHEARD_OF"), tracking("X", shipment="other", data=nobody_knows))
    before = [await row(world, each) for each in ids]
    count = await fact_count(world)
    assert await replay(world, ids) == {
        ids[0]: Left(event=ids[0], why="unknown_code"),
        ids[1]: Left(event=ids[1], why="unknown_vocabulary"),
    }
    assert [await row(world, each) for each in ids] == before
    assert await fact_count(world) == count


async def test_a_type_that_a_newer_version_knows_is_read_whole(world: World) -> None:
    await world.register()
    (kept,) = await set_aside(world, of_an_older_version(event()))
    outcome = (await replay(world, [kept]))[kept]
    assert isinstance(outcome, Replayed)
    assert outcome.type == P_A
    after = await row(world, kept)
    assert (after.mapped_type, after.ordinal, after.effective_at) == (None, 1, NOON)
    await world.dispatch()
    assert "07.12 (pon)" in world.gateway.journal[0].form["Body"]


async def test_data_that_the_type_of_today_refuses_stay(world: World) -> None:
    posted = event()
    broken = replace(posted, canonical=posted.canonical.replace(b'"ordinal":1', b'"ordinal":7'))
    unheard_of = of_an_older_version(event(id="b", type="pl.awizo.delivery.teleported.v1"))
    ids = await set_aside(world, of_an_older_version(broken), unheard_of)
    assert await replay(world, ids) == {
        ids[0]: Left(event=ids[0], why="invalid"),
        ids[1]: Left(event=ids[1], why="unknown_type"),
    }


async def test_an_event_as_deep_as_any_is_read_back(world: World) -> None:
    deep: Any = "bottom"
    for _ in range(18):
        deep = [deep]
    data = {"operator": OPERATOR, "raw": {"vocabulary": "upu", "code": "EMB", "more": deep}, "shipment": "S1"}
    decoded = decode_request(
        content_type="application/json",
        headers=[
            (b"content-type", b"application/json"),
            (b"ce-id", b"deep"),
            (b"ce-source", b"/s"),
            (b"ce-specversion", b"1.0"),
            (b"ce-type", b"pl.awizo.tracking.v1"),
            (b"ce-time", NOON.isoformat().encode()),
        ],
        body=json.dumps(data).encode(),
    )
    assert isinstance(decoded, Single)
    (kept,) = await set_aside(world, decoded.event)
    assert isinstance((await replay(world, [kept]))[kept], Replayed)
