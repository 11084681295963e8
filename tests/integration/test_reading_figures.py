"""What figures come to for everybody and for an operator."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.domain.calendar import local_day
from app.domain.figures import Figure, LagOfHour, Measure, PublicFigures
from app.storage import figures as figure_store
from app.storage import log
from app.storage.database import Database
from app.usecases.read_figures import By, Stats, StatsQuery, counted_operators, public_figures, read_stats
from tests.builders import NOON
from tests.conftest import TestClock
from tests.integration.busy_days import busy_day, people
from tests.integration.counting import count_all, cursors
from tests.integration.world import ORIGIN_BASE, World

TODAY = date(2026, 11, 23)
FIRST = TODAY - timedelta(days=29)


def figure(measure: Measure, day: date = TODAY, *, operator: str = "inpost", **said: str) -> Figure:
    return Figure(operator, day, measure, **said)


async def add(database: Database, figures: dict[Figure, int]) -> None:
    await database.transact(lambda tx: figure_store.add(tx, figures))


async def public(database: Database, operator: str | None = "inpost") -> PublicFigures:
    async with database.read() as tx:
        return await public_figures(tx, operator=operator, today=TODAY)


async def stats(database: Database, **changes: Any) -> Stats:
    query = {"operator": "inpost", "first": FIRST, "last": TODAY, "by": By.DAY, "after": None, "limit": 100}
    async with database.read() as tx:
        return await read_stats(tx, StatsQuery(**(query | changes)))


async def test_without_figures_every_day_and_hour_is_there_and_empty(database: Database) -> None:
    for operator in (None, "inpost"):
        found = await public(database, operator)
        assert [each.day for each in found.days] == [FIRST + timedelta(days=later) for later in range(30)]
        assert {(each.sent, each.delivered, each.unknown, each.failed, *each.suppressed) for each in found.days} == {
            (0, 0, 0, 0)
        }
        assert found.lags == tuple(LagOfHour(hour=hour, notices=0, median_seconds=None) for hour in range(24))
        assert (found.notices, found.median_lag_seconds, found.anomalies, found.events) == (0, None, {}, 0)
        assert (found.operator, found.origin, found.size, found.counted_at) == (operator, None, None, None)
    async with database.read() as tx:
        assert await counted_operators(tx) == ()
    assert (await stats(database)).counted is None


async def test_the_outcomes_of_a_day_are_those_of_both_channels(database: Database) -> None:
    await add(
        database,
        {
            figure(Measure.SENT, channel="sms"): 5,
            figure(Measure.SENT, channel="sms", bucket="reconciled"): 1,
            figure(Measure.SENT, channel="email"): 7,
            figure(Measure.SENT, FIRST, channel="sms"): 2,
            figure(Measure.SENT, FIRST - timedelta(days=1), channel="sms"): 100,
            figure(Measure.SENT, TODAY + timedelta(days=1), channel="sms"): 100,
            figure(Measure.DELIVERED, channel="sms"): 4,
            figure(Measure.UNKNOWN, channel="sms"): 3,
            figure(Measure.UNRESOLVED, channel="sms"): 50,
            figure(Measure.FAILED, channel="sms", bucket="permanent"): 1,
            figure(Measure.FAILED, channel="email", bucket="temporary"): 1,
            figure(Measure.SUPPRESSED, channel="sms", bucket="no_consent"): 8,
            figure(Measure.SUPPRESSED, channel="email", bucket="no_consent"): 1,
            figure(Measure.SUPPRESSED, channel="email", bucket="merged"): 2,
        },
    )
    days = (await public(database)).days
    today = days[-1]
    assert (today.sent, today.delivered, today.unknown, today.failed) == (13, 4, 3, 2)
    assert today.suppressed == {"merged": 2, "no_consent": 9}
    assert (days[0].day, days[0].sent) == (FIRST, 2)
    assert sum(each.sent for each in days) == 15


async def test_lags_are_told_by_the_hour_and_together(database: Database) -> None:
    await add(
        database,
        {
            figure(Measure.NOTICE_LAG_HOUR, bucket="09/300"): 2,
            figure(Measure.NOTICE_LAG_HOUR, FIRST, bucket="09/60"): 6,
            figure(Measure.NOTICE_LAG_HOUR, bucket="23/more"): 1,
            figure(Measure.NOTICE_LAG, facility="UP-1", courier="K-1", bucket="300"): 9,
        },
    )
    found = await public(database)
    assert found.lags[9] == LagOfHour(hour=9, notices=8, median_seconds=40)
    assert found.lags[23] == LagOfHour(hour=23, notices=1, median_seconds=604800)
    assert (found.notices, found.median_lag_seconds) == (9, 45)


async def test_operators_are_told_apart_and_come_together(database: Database) -> None:
    await add(
        database,
        {
            figure(Measure.EVENTS, bucket="notice_left"): 3,
            figure(Measure.EVENTS, bucket="delivered"): 2,
            figure(Measure.EVENTS, operator="poczta-polska", bucket="notice_left"): 10,
            figure(Measure.ANOMALY, facility="UP-1", courier="K-1", bucket="no_open_day"): 1,
            figure(Measure.ANOMALY, facility="UP-2", courier="K-1", bucket="no_open_day"): 1,
            figure(Measure.ANOMALY, operator="poczta-polska", bucket="no_open_day"): 4,
        },
    )
    async with database.read() as tx:
        assert await counted_operators(tx) == ("inpost", "poczta-polska")
    alone, together = await public(database), await public(database, None)
    assert (alone.events, alone.anomalies) == (5, {"no_open_day": 2})
    assert (together.events, together.anomalies) == (15, {"no_open_day": 6})


async def test_facilities_and_couriers_have_their_notices_and_anomalies(database: Database) -> None:
    await add(
        database,
        {
            figure(Measure.NOTICE_LAG, facility="UP-1", courier="K-1", bucket="60"): 1,
            figure(Measure.NOTICE_LAG, FIRST, facility="UP-1", courier="K-2", bucket="60"): 2,
            figure(Measure.NOTICE_LAG, facility="UP-2", courier="K-1", bucket="more"): 3,
            figure(Measure.NOTICE_LAG, FIRST - timedelta(days=1), facility="UP-3", bucket="60"): 4,
            figure(Measure.NOTICE_LAG_HOUR, bucket="09/60"): 6,
            figure(Measure.ANOMALY, facility="UP-4", bucket="no_open_day"): 5,
            figure(Measure.SENT, channel="sms"): 6,
        },
    )
    by_facility = (await stats(database, by=By.FACILITY)).groups
    assert {name: (dict(tally.lags.counts), tally.anomalies) for name, tally in by_facility.items()} == {
        "UP-1": ({"60": 3}, {}),
        "UP-2": ({"more": 3}, {}),
        "UP-4": ({}, {"no_open_day": 5}),
    }
    by_courier = (await stats(database, by=By.COURIER)).groups
    assert {name: dict(tally.lags.counts) for name, tally in by_courier.items()} == {
        "": {},
        "K-1": {"60": 1, "more": 3},
        "K-2": {"60": 2},
    }


@pytest.mark.parametrize("by", By)
async def test_pages_of_any_size_come_to_the_same(database: Database, by: By) -> None:
    days = [TODAY - timedelta(days=number) for number in range(5)]
    await add(
        database,
        {
            figure(Measure.NOTICE_LAG, day, facility=f"UP-{day.day}", courier=f"K-{day.day}", bucket="60"): 1
            for day in days
        },
    )
    whole = await stats(database, by=by)
    assert whole.following is None
    for limit in (1, 2, 5, 29):
        groups: dict[str, Any] = {}
        page = await stats(database, by=by, limit=limit)
        groups |= page.groups
        while page.following is not None:
            assert len(page.groups) == limit
            page = await stats(database, by=by, limit=limit, after=page.following)
            groups |= page.groups
        assert groups == whole.groups


async def test_the_checkpoint_is_that_of_the_newest_log_and_the_last_one_published(
    world: World, clock: TestClock
) -> None:
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    clock.now = datetime(2027, 1, 1, tzinfo=NOON.tzinfo)
    await busy_day(world, clock, "second")
    await world.seal()
    counted_at = clock.now
    await count_all(world.database, world.surroundings)
    counted = (await stats(world.database)).counted
    assert counted is not None
    assert counted.counted_at > counted_at
    async with world.database.read() as tx:
        newest = await log.newest_checkpoint(tx)
        named = await public_figures(tx, operator=None, today=TODAY)
    assert newest is not None
    assert (counted.origin, counted.size) == (f"{ORIGIN_BASE}/2027h1", newest.size)
    assert (named.origin, named.size, named.counted_at) == (counted.origin, counted.size, counted.counted_at)
    assert (await cursors(world.database))["2027h1"] == newest.size


async def test_figures_are_those_of_the_checkpoint_that_they_name(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody counts between the queries of a reader: what he gives is read anew."""
    await people(world)
    await busy_day(world, clock, "first")
    await world.seal()
    totals = figure_store.totals

    async def counting_meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(figure_store, "totals", totals)
        found = await totals(*given, **named)
        await count_all(world.database, world.surroundings, limit=1024)
        return found

    monkeypatch.setattr(figure_store, "totals", counting_meanwhile)
    today = local_day(clock.now)
    async with world.database.read() as tx:
        found = await public_figures(tx, operator=None, today=today)
    async with world.database.read() as tx:
        again = await public_figures(tx, operator=None, today=today)
    if found.size is None:  # on SQLite a reader sees what was there when he began
        assert found.events == 0
    else:
        assert found == again
