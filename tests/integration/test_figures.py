"""Figures are counted once each from the published log, and equal a second count straight from its facts."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app.domain.figures import Measure
from app.storage import figures as figure_store
from app.storage import log
from app.storage.database import Database, Tx
from app.storage.log_directory import LogDirectory
from app.storage.tables import facts
from app.usecases.count_figures import count_figures
from app.usecases.erase_recipient import erase_recipient
from app.usecases.export_log import export_log
from app.usecases.recover_log import Recovery
from tests.builders import NOON, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.busy_days import FAR, OTHER, STRANGER, busy_day, notice, people
from tests.integration.counting import SecondCount, count_all, counted, cursors
from tests.integration.quarantined import replay, set_aside, tracking
from tests.integration.restoring import Backup, recover, restart
from tests.integration.world import World

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


async def turn(world: World, limit: int = 1024) -> int:
    return await world.database.transact(lambda tx: count_figures(tx, surroundings=world.surroundings, limit=limit))


async def erase(world: World, name: str) -> None:
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor="0123456789abcdef", surroundings=world.surroundings)
    )


async def of_measure(world: World, *measures: Measure) -> set[tuple[str, str, str, str, int]]:
    """Measure, facility, courier, bucket and count of these figures."""
    figures = await counted(world.database)
    return {(key[2], key[3], key[4], key[6], count) for key, count in figures.items() if key[2] in measures}


async def test_figures_equal_a_second_count_straight_from_the_facts(world: World, clock: TestClock) -> None:
    second = SecondCount(world.database, Counter())
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    for _ in range(2):
        assert await turn(world, limit=20) == 20
        assert await counted(world.database) == await second.catch_up()
    await erase(world, OTHER)
    await erase(world, STRANGER)
    await count_all(world.database, world.surroundings, limit=50)
    assert await counted(world.database) == await second.catch_up()
    await busy_day(world, clock, "second")
    await world.seal()
    clock.now = NEW_YEAR
    await busy_day(world, clock, "third")
    await world.seal()
    await count_all(world.database, world.surroundings, limit=70)
    figures = await counted(world.database)
    assert figures == await second.catch_up()
    assert {key[2] for key in figures} == set(Measure)
    assert (await cursors(world.database)).keys() == {"2026h2", "2027h1"}


async def test_batches_of_any_size_come_to_the_same(world: World, clock: TestClock) -> None:
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    await count_all(world.database, world.surroundings)
    at_once = await counted(world.database)
    for limit in (1, 2, 7, 64):
        await forget(world.database)
        assert await count_all(world.database, world.surroundings, limit=limit) > 1
        assert await counted(world.database) == at_once


async def forget(database: Database) -> None:
    """As if nothing had been counted."""
    async with database.write() as tx:
        for table in (figure_store.figures, figure_store.figure_cursors):
            await tx.execute(table.delete())


async def test_a_batch_that_is_broken_off_counts_nothing_and_is_counted_again(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register()
    await world.post(notice("item-1", clock.now))
    await world.seal()

    async def killed(_tx: Tx, *_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(figure_store, "move_on", killed)
        with pytest.raises(RuntimeError):
            await turn(world)
    assert await counted(world.database) == {}
    assert await turn(world) > 0
    once = await counted(world.database)
    assert await turn(world) == 0
    assert await counted(world.database) == once
    assert ("events", "", "", "notice_left", 1) in await of_measure(world, Measure.EVENTS)


async def test_workers_who_count_at_once_count_each_fact_once(world: World, clock: TestClock) -> None:
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    await count_all(world.database, world.surroundings)
    alone = await counted(world.database)
    await forget(world.database)

    async def worker() -> int:
        return sum([await turn(world, limit=9) for _ in range(10)])

    done = await asyncio.gather(*(worker() for _ in range(4)))
    assert sum(done) == sum((await cursors(world.database)).values())
    await count_all(world.database, world.surroundings)
    assert await counted(world.database) == alone


async def test_a_worker_leaves_alone_what_another_counts(world: World) -> None:
    await world.register()
    await world.post(notice("item-1", NOON))
    await world.seal()
    await turn(world, limit=1)
    async with world.database.write() as first:
        assert await count_figures(first, surroundings=world.surroundings, limit=3) == 3
        if first.is_postgres:  # SQLite has one writer at a time
            assert await turn(world) == 0
    assert await turn(world) > 3


async def test_nothing_is_counted_before_it_is_published(world: World) -> None:
    await world.register()
    await world.seal()
    await turn(world)
    await world.post(notice("item-1", NOON))
    async with world.database.write() as tx:
        head = await log.current_head(tx, lock=True)
        assert head is not None
        await log.sequence(tx, head, await log.pending(tx, limit=100))
    assert await turn(world) == 0
    await world.seal()
    left = await behind(world)
    assert await turn(world) == left == 3  # the event and its two messages
    assert await behind(world) == 0


async def behind(world: World) -> int:
    async with world.database.read() as tx:
        return await figure_store.behind(tx)


async def test_of_an_erased_person_only_the_event_is_counted(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(notice("item-1", clock.now), notice("item-2", clock.now + timedelta(hours=1)))
    await erase(world, RECIPIENT)
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.EVENTS, Measure.NOTICE_LAG, Measure.NOTICE_LAG_HOUR, Measure.ANOMALY) == {
        ("events", "", "", "notice_left", 2),
        ("anomaly", "", "", "future_time", 1),
    }


async def test_the_lag_of_a_notice_counts_by_facility_courier_and_the_local_hour_it_was_left_in(
    world: World, clock: TestClock
) -> None:
    await world.register()
    now = clock.now.replace(minute=30)
    clock.now = now
    await world.post(
        notice("item-1", now - timedelta(seconds=50)),
        notice("item-2", now - timedelta(minutes=40), courier=None, facility=FAR),
        notice("item-3", now - timedelta(days=8)),
        notice("item-4", now + timedelta(minutes=10)),
    )
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.NOTICE_LAG) == {
        ("notice_lag", "UP-00-032", "K-0421", "60", 2),
        ("notice_lag", "UP-00-004", "", "3600", 1),
        ("notice_lag", "UP-00-032", "K-0421", "more", 1),
    }
    assert await of_measure(world, Measure.NOTICE_LAG_HOUR) == {
        ("notice_lag_hour", "", "", "12/60", 2),
        ("notice_lag_hour", "", "", "11/3600", 1),
        ("notice_lag_hour", "", "", "12/more", 1),
    }


async def test_an_anomaly_counts_where_the_newest_notice_that_had_come_says(world: World, clock: TestClock) -> None:
    clock.now += timedelta(microseconds=678)  # of which facts keep nothing
    await world.register()
    moved = event(id="moved", at=clock.now, data={"shipment": "item-1", "facility": FAR} | _second(clock.now))
    await world.post(notice("item-1", clock.now - timedelta(days=1)))
    clock.forward(hours=1)
    await world.post(moved)
    corrects = {"corrects": {"source": "/nobody", "id": "nothing"}, "action": "cancel"}
    await world.post(event("corrected", at=clock.now, data={"shipment": "item-1"} | corrects))
    await world.post(notice("item-2", clock.now + timedelta(hours=1), facility=FAR, courier="K-0007"))
    clock.forward(hours=1)
    await world.post(event(id="later", at=clock.now, data={"shipment": "item-1"}))
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.ANOMALY) == {
        ("anomaly", "UP-00-004", "K-0099", "correction_without_target", 1),
        ("anomaly", "UP-00-004", "K-0007", "future_time", 1),
    }


async def test_the_newest_notice_may_be_another_persons(world: World, clock: TestClock) -> None:
    second = SecondCount(world.database, Counter())
    await people(world)
    await world.post(notice("item-1", clock.now, facility=FAR))
    corrects = {"corrects": {"source": "/nobody", "id": "nothing"}, "action": "cancel"}
    await world.post(event("corrected", at=clock.now, data={"shipment": "item-1", "recipient": OTHER} | corrects))
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.ANOMALY) == {
        ("anomaly", "UP-00-004", "K-0421", "correction_without_target", 1),
    }
    assert await counted(world.database) == await second.catch_up()


def _second(at: datetime) -> dict[str, Any]:
    return {"notice": {"ordinal": 2, "left_at": at.isoformat(), "courier": "K-0099"}}


async def test_a_fact_that_nobody_can_read_is_passed_over_and_the_log_says_how_many(
    world: World, clock: TestClock
) -> None:
    await world.register()
    await world.post(notice("item-1", clock.now), notice("item-2", clock.now), notice("item-3", clock.now))
    await world.seal()
    async with world.database.write() as tx:
        query = select(facts.c.id, facts.c.document, facts.c.sealed).where(facts.c.type == "event.accepted")
        first, second, third = await tx.execute(query.order_by(facts.c.id))
        for damaged, values in (
            (first, {"document": b"{" + first.document}),
            (second, {"document": second.document.replace(b'"received_at":"2', b'"received_at":"x')}),
            (third, {"sealed": third.sealed[:-1] + bytes([third.sealed[-1] ^ 1])}),
        ):
            await tx.execute(update(facts).where(facts.c.id == damaged.id).values(values))
    with capture_logs() as said:
        await turn(world)
    left_out = [line["count"] for line in said if line["event"] == "figures_left_out"]
    assert left_out == [2]
    # Of the third it is known what it was, and no more.
    assert await of_measure(world, Measure.EVENTS, Measure.NOTICE_LAG) == {("events", "", "", "notice_left", 1)}
    assert await turn(world) == 0
    async with world.database.write() as tx:  # the log is checked at the end
        for sound in (first, second, third):
            values = {"document": sound.document, "sealed": sound.sealed}
            await tx.execute(update(facts).where(facts.c.id == sound.id).values(values))


@pytest.mark.parametrize("with_copy", [True, False])
async def test_counting_goes_on_over_a_recovery_and_counts_nothing_twice(
    world: World, clock: TestClock, tmp_path: Path, *, with_copy: bool
) -> None:
    second = SecondCount(world.database, Counter())
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    await turn(world, limit=30)
    backup = Backup(world.database)
    await backup.make()
    await world.post(notice("lost", clock.now))
    await world.seal()
    copy = LogDirectory(tmp_path / "copy")
    await export_log(world.database, copy, progress=lambda _count, _total: None)
    await backup.restore()
    done = await recover(world, copy=tmp_path / "copy" if with_copy else None)
    assert isinstance(done, Recovery)
    assert done.lost_facts > 0
    await restart(world)
    await busy_day(world, clock, "after")
    await world.seal()
    await count_all(world.database, world.surroundings, limit=40)
    figures = await counted(world.database)
    assert figures == await second.catch_up()
    assert sorted(await cursors(world.database)) == (["2026h2"] if with_copy else ["2026h2", "2026h2b"])


async def test_what_is_understood_later_counts_once_as_set_aside_and_once_as_what_it_is(
    world: World, clock: TestClock
) -> None:
    await world.register()
    kept = await set_aside(world, tracking(at=clock.now - timedelta(minutes=3), data={"facility": FAR}))
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.EVENTS) == {("events", "", "", "quarantined", 1)}
    clock.forward(days=3)
    await replay(world, kept)
    await world.seal()
    await turn(world)
    assert await of_measure(world, Measure.EVENTS, Measure.NOTICE_LAG) == {
        ("events", "", "", "quarantined", 1),
        ("events", "", "", "notice_left", 1),
        ("notice_lag", "UP-00-004", "", "300", 1),
    }
