"""Replaying what was set aside: once, whoever else does the same, and whatever is wrong with some of it."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import generate_latest
from sqlalchemy import Table, text, update
from sqlalchemy.event import listen

from app.api.cloudevents import decode_kept
from app.api.metrics import Metrics, refresh_gauges
from app.domain.decision import News, plan
from app.domain.recipient import Recipient
from app.domain.retention import Retention
from app.storage import quarantine
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import events, recipient_keys
from app.usecases import plan_notifications as planning
from app.usecases import replay_quarantined as replaying
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.erase_recipient import erase_recipient
from app.usecases.replay_quarantined import AcceptedBefore, Left, Replayed
from tests.builders import NOON, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.quarantined import (
    P_A,
    fact_count,
    of_an_older_version,
    replay,
    replay_all,
    replay_of,
    row,
    set_aside,
    states,
    told,
    tracking,
)
from tests.integration.sealed import assert_in_order, sealed_facts
from tests.integration.world import World, open_world
from tests.vocabularies import BUILT_IN


async def erase(world: World) -> None:
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=world.surroundings)
    )


async def test_replaying_again_changes_nothing(world: World) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    await replay(world, [kept])
    count, before = await fact_count(world), await row(world, kept)
    assert await replay(world, [kept]) == {kept: AcceptedBefore(event=kept)}
    assert await replay_all(world) == {}
    assert (await fact_count(world), await row(world, kept)) == (count, before)


@pytest.mark.parametrize("shipments", [1, 0])
async def test_many_replays_and_repeats_at_once_replay_once(world: World, shipments: int) -> None:
    await world.register()
    # Without a shipment nothing but its own row keeps two from taking it up.
    posted = tracking() if shipments else replace(of_an_older_version(event()), shipments=())
    (kept,) = await set_aside(world, posted)
    answers = await asyncio.gather(*(replay(world, [kept]) for _ in range(6)), *(world.post(posted) for _ in range(6)))
    outcomes = [answer[kept] for answer in answers[:6] if isinstance(answer, dict)]
    assert Counter(type(outcome) for outcome in outcomes) == {Replayed: 1, AcceptedBefore: 5}
    repeats = [each for answer in answers[6:] if isinstance(answer, list) for each in answer]
    assert {(each.event, each.status) for each in repeats if isinstance(each, Accepted)} == {(kept, "duplicate")}
    assert len(await told(world, kept)) == 2
    await world.seal()
    types = Counter(fact.type for fact in await sealed_facts(world.database))
    assert (types["event.replayed"], types["notification.planned"]) == (1, 2)
    (again,) = await world.post(posted)
    assert isinstance(again, Accepted)
    assert len(again.notifications) == 2


async def test_replays_beside_new_events_of_the_same_people_never_wait_for_each_other(world: World) -> None:
    """Without repeating a transaction: a deadlock would be an error here, not something that a second try hides."""
    for name in ("a", "b", "c"):
        await world.register(name)
    ids = await set_aside(
        world,
        *(tracking(shipment=f"item-{n}", id=f"q-{n}", data={"recipient": "abc"[n % 3]}) for n in range(12)),
    )

    async def replay_some(turn: int) -> None:
        async with world.database.write() as tx:
            await replaying.replay_quarantined(
                tx,
                ids[turn:] + ids[:turn],
                decode=decode_kept,
                vocabularies=BUILT_IN,
                surroundings=world.surroundings,
            )

    async def post_some(turn: int) -> None:
        news = [
            event("delivered", id=f"d-{n}-{turn}", data={"recipient": "cab"[n % 3], "shipment": f"item-{n}"})
            for n in range(12)
        ]
        async with world.database.write() as tx:
            await accept_events(tx, news[turn:] + news[:turn], surroundings=world.surroundings, vocabularies=BUILT_IN)

    await asyncio.gather(*(work(turn) for turn in range(0, 12, 3) for work in (replay_some, post_some)))
    async with world.database.read() as tx:
        assert (await quarantine.count(tx)).there == 0
    await world.seal()
    assert_in_order(await sealed_facts(world.database))


async def test_an_erased_persons_event_is_left_and_said_to_be_empty(world: World) -> None:
    await world.register()
    gone, other = await set_aside(world, tracking(), tracking(shipment="other", data={"recipient": "other"}))
    await erase(world)
    assert await replay(world, [gone, other]) == {
        gone: Left(event=gone, why="erased"),
        other: Replayed(event=other, type=P_A, notifications=()),
    }
    async with world.database.read() as tx:
        assert await quarantine.count(tx) == quarantine.Counted(there=0, erased=1)
    assert await replay_all(world) == {}


async def test_somebody_who_asks_to_be_erased_meanwhile_is_told_nothing_either(world: World) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    async with world.database.write() as tx:
        (outcome,) = await replaying.replay_quarantined(
            tx, [kept], decode=decode_kept, vocabularies=BUILT_IN, surroundings=world.surroundings
        )
        later = asyncio.create_task(erase(world))
        await asyncio.sleep(0.3)
    await later
    assert isinstance(outcome, Replayed)
    assert {(status, reason) for _, status, reason in await states(world, kept)} == {("cancelled", "erased")}
    assert (await row(world, kept)).payload is None


async def test_somebody_who_is_erased_at_that_moment_is_told_nothing(world: World) -> None:
    await world.register()
    (kept,) = await set_aside(world, tracking())
    async with world.database.write() as tx:
        await erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=world.surroundings)
        later = asyncio.create_task(replay(world, [kept]))
        await asyncio.sleep(0.3)
    assert await later == {kept: Left(event=kept, why="erased")}
    assert await told(world, kept) == []


@pytest.mark.parametrize("table", [events, recipient_keys])
async def test_a_damaged_event_or_person_hurts_no_other(world: World, table: Table) -> None:
    await world.register()
    damaged, other = await set_aside(world, tracking(), tracking(shipment="other", data={"recipient": "other"}))
    async with world.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        column = "payload" if table is events else "wrapped_key"
        await tx.execute(update(table).where(table.c.recipient_id == record.id).values({column: bytes(60)}))
    assert await replay(world, [damaged, other]) == {
        damaged: Left(event=damaged, why="damaged"),
        other: Replayed(event=other, type=P_A, notifications=()),
    }


async def test_a_poison_event_in_a_batch_hurts_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.register()
    await world.register("poison")
    good, bad = await set_aside(world, tracking(), tracking(shipment="bad", data={"recipient": "poison"}))
    decide = plan

    def fail_for_one(news: News, recipient: Recipient, *, now: datetime) -> object:
        if recipient.name == "poison":
            raise ValueError("a bug that one event finds")
        return decide(news, recipient, now=now)

    monkeypatch.setattr(planning, "plan", fail_for_one)
    outcomes = await replay(world, [good, bad])
    assert isinstance(outcomes[good], Replayed)
    assert outcomes[bad] == Left(event=bad, why="failed")
    assert [(await row(world, each)).status for each in (good, bad)] == ["accepted", "quarantined"]


async def test_ids_of_nothing_and_of_accepted_events_are_said_to_be_so(world: World) -> None:
    accepted, nothing = (await world.accepted(event())).event, uuid4()
    assert await replay(world, [accepted, nothing]) == {
        accepted: AcceptedBefore(event=accepted),
        nothing: Left(event=nothing, why="no_such_event"),
    }


async def test_a_rehearsal_says_what_would_follow_and_writes_nothing(world: World) -> None:
    await world.register()
    ids = await set_aside(world, tracking(), tracking("P_UNHEARD_OF", shipment="other"))
    before, count = [await row(world, each) for each in ids], await fact_count(world)
    rehearsed = await replay(world, ids, dry_run=True)
    assert ([await row(world, each) for each in ids], await fact_count(world)) == (before, count)
    assert await told(world, ids[0]) == []
    done = await replay(world, ids)
    assert rehearsed[ids[1]] == done[ids[1]]
    first, second = rehearsed[ids[0]], done[ids[0]]
    assert isinstance(first, Replayed)
    assert isinstance(second, Replayed)
    assert [(n.channel, n.status) for n in first.notifications] == [(n.channel, n.status) for n in second.notifications]


async def test_events_of_one_shipment_are_taken_up_together_however_far_apart_they_came(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH_MAX", 2)
    await world.register()
    others = [tracking(shipment=f"other-{n}", data={"recipient": "other"}) for n in range(5)]
    clock.forward(hours=1)
    ids = await set_aside(world, tracking(), *others, tracking("P_D", at=NOON + timedelta(hours=1)))
    seen: list[UUID] = []
    async for batch in replay_of(world).all():
        seen += [each.event for each in batch]
        assert await world.dispatch() == 0
    assert sorted(seen) == ids
    assert world.gateway.journal == []


async def test_named_events_go_in_batches_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "BATCH_MAX", 2)
    ids = await set_aside(world, *(tracking(shipment=f"item-{n % 4}", id=f"e-{n}") for n in range(9)))
    left_out = ids.pop(5)
    batches = [[each.event for each in batch] async for batch in replay_of(world).named([*ids, *ids])]
    assert sorted(event for batch in batches for event in batch) == ids
    assert len(batches) > 1
    assert (await row(world, left_out)).status == "quarantined"


async def test_all_can_be_narrowed_to_one_code(world: World) -> None:
    wanted, other = await set_aside(world, tracking("P_A"), tracking("P_D"))
    assert set(await replay_all(world, "poczta-polska:P_A")) == {wanted}
    assert (await row(world, other)).status == "quarantined"


async def test_what_is_set_aside_is_found_page_by_page_and_by_operator_and_day(world: World, clock: TestClock) -> None:
    ids = await set_aside(world, *(tracking(shipment=f"item-{n}") for n in range(3)))
    clock.forward(days=1)
    ids += await set_aside(world, tracking(data={"operator": "inpost"}), of_an_older_version(event(id="typed")))
    await world.post(event(id="understood"))

    async def found(**sought: Any) -> list[UUID]:
        async with world.database.read() as tx:
            return [each.id for each in await quarantine.newest(tx, quarantine.Sought(**sought))]

    assert await found() == ids[::-1]
    assert await found(limit=2) == ids[:-3:-1]
    assert await found(limit=2, before=ids[3]) == ids[2:0:-1]
    assert await found(operator="inpost") == [ids[3]]
    assert await found(received_from=NOON + timedelta(hours=12)) == ids[:2:-1]
    async with world.database.read() as tx:
        typed, coded, *_ = await quarantine.newest(tx, quarantine.Sought())
    assert (typed.code, typed.why, coded.code, coded.why) == (
        None, "unknown_type", "poczta-polska:P_A", "unknown_vocabulary",
    )  # fmt: skip


async def test_the_figure_counts_what_can_still_be_replayed(world: World, clock: TestClock) -> None:
    ids = await set_aside(world, tracking(), tracking(shipment="b"), tracking(shipment="c", data={"recipient": "c"}))
    await world.post(event(id="understood"))

    async def figure() -> str:
        metrics = Metrics()
        async with world.database.read() as tx:
            await refresh_gauges(metrics, tx, now=clock.now)
        lines = generate_latest(metrics.registry).decode().splitlines()
        return next(line for line in lines if line.startswith("awizo_events_quarantined "))

    assert await figure() == "awizo_events_quarantined 3.0"
    await replay(world, ids[:1])
    assert await figure() == "awizo_events_quarantined 2.0"
    await erase(world)
    assert await figure() == "awizo_events_quarantined 1.0"


async def test_counting_reads_the_index_of_what_is_set_aside(world: World) -> None:
    await set_aside(world, tracking())
    statements: list[tuple[str, Any]] = []
    async with world.database.read() as tx:

        def remember(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
            statements.append((statement, parameters))

        if tx.is_postgres:
            await tx.execute(text("SET LOCAL enable_seqscan = off"))  # so few rows would be read one by one
        listen(tx.connection.sync_connection, "before_cursor_execute", remember)
        await quarantine.count(tx)
        spoken, parameters = statements[-1]
        explain = "EXPLAIN" if tx.is_postgres else "EXPLAIN QUERY PLAN"
        plan = await tx.connection.exec_driver_sql(f"{explain} {spoken}", parameters)
        assert "ix_events_quarantined" in "\n".join(str(tuple(line)) for line in plan)


async def test_an_event_that_was_replayed_very_late_outlives_the_messages_about_it(
    database: Database, clock: TestClock, tmp_path: Path
) -> None:
    long = Retention(months=36, skeleton_years=3)
    async with open_world(database, ageing_surroundings(clock), tmp_path) as world:
        await world.register()
        (kept,) = await set_aside(world, tracking())
        clock.forward(days=800)
        await replay(world, [kept])
        assert {reason for _, _, reason in await states(world, kept)} == {"stale"}
        await world.seal()
        clock.forward(days=700)  # the event is older than four years, what was decided about it younger than three
        await keep(database, world.surroundings, long)
        assert len(await told(world, kept)) == 2
        clock.forward(days=800)
        await keep(database, world.surroundings, long)
        async with database.read() as tx:
            assert await quarantine.by_ids(tx, [kept]) == []
