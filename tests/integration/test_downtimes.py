"""What nobody did for a while is written down once, afterwards, and sealed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, text

from app.domain.duty import DOWNTIME_OVER, REPORT_AFTER, Duty
from app.ports import Surroundings
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.tables import duties, facts
from app.usecases.read_downtimes import Downtime, ongoing
from tests.builders import NOON
from tests.integration.duty_watching import Watched, seconds
from tests.integration.ledger import Ledger, new_ledger

FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
async def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = new_ledger(database, surroundings, tmp_path)
    await opened.seal()
    yield opened
    await opened.seal(0)
    assert await opened.difference() is None


@pytest.fixture
def watched(ledger: Ledger) -> Watched:
    return Watched(database=ledger.database, surroundings=ledger.surroundings)


async def test_the_first_report_ever_is_no_downtime(watched: Watched) -> None:
    await watched.report(Duty.ACCEPT, FIVE_MINUTES)
    assert await watched.fine_at() == {Duty.ACCEPT: NOON + FIVE_MINUTES}
    assert await watched.downtimes() == ()


async def test_a_stretch_as_long_as_the_threshold_is_none_and_a_longer_one_is(watched: Watched) -> None:
    await watched.report(Duty.SEAL, timedelta(0), DOWNTIME_OVER)
    assert await watched.details() == []
    await watched.report(Duty.SEAL, 2 * DOWNTIME_OVER + timedelta(milliseconds=1))
    assert await watched.details() == [
        "facts could not be sealed from 2026-11-23T11:01:00.000Z to 2026-11-23T11:02:00.001Z"
    ]


async def test_a_downtime_is_a_fact_of_the_log_with_its_place(watched: Watched, ledger: Ledger) -> None:
    await watched.report(Duty.SMS, timedelta(0), FIVE_MINUTES)
    (unsealed,) = await watched.downtimes()
    assert unsealed == Downtime(duty=Duty.SMS, began_at=NOON, ended_at=NOON + FIVE_MINUTES)
    await ledger.seal(0)
    (sealed,) = await watched.downtimes()
    assert sealed == Downtime(
        duty=Duty.SMS, began_at=NOON, ended_at=NOON + FIVE_MINUTES, shard="2026h2", index=await ledger.size() - 1
    )
    async with ledger.database.read() as tx:
        query = select(facts.c.document).where(facts.c.type == "log.incident")
        document = json.loads((await tx.execute(query)).scalar_one())
    assert document["data"] == {
        "origin": "awizo.test/log/2026h2",
        "vkey": ledger_vkey(document),
        "previous_checkpoint": None,
        "detail": "sms could not be dispatched from 2026-11-23T11:00:00.000Z to 2026-11-23T11:05:00.000Z",
        "substitutes_paper": False,
    }
    assert document["anchor"] is not None


def ledger_vkey(document: dict[str, dict[str, str]]) -> str:
    vkey = document["data"]["vkey"]
    assert vkey.startswith("awizo.test/log/2026h2+")
    return vkey


async def test_a_sequenced_fact_has_no_place_before_its_checkpoint_is_published(
    watched: Watched, ledger: Ledger
) -> None:
    await watched.report(Duty.SMS, timedelta(0), FIVE_MINUTES)
    sealer = ledger.sealer()
    await ledger.database.transact(sealer._sequence)
    (found,) = await watched.downtimes()
    assert (found.shard, found.index) == (None, None)


async def test_of_racing_processes_exactly_one_notes_the_stretch(watched: Watched, ledger: Ledger) -> None:
    await watched.report(Duty.ACCEPT, timedelta(0))
    watched.fine = {Duty.ACCEPT: NOON + FIVE_MINUTES}
    racing = [watched.watch(Duty.ACCEPT) for _ in range(4)]
    async with ledger.database.write() as tx:  # all four meet at the row's lock
        await lock(tx)
        turns = [asyncio.create_task(each.turn()) for each in racing]
        while tx.is_postgres and await waiting(ledger.database) < len(racing):  # noqa: ASYNC110 – locks ring no bell
            await asyncio.sleep(0.01)
    await asyncio.gather(*turns)
    assert len(await watched.details()) == 1
    assert len(await watched.downtimes()) == 1


async def lock(tx: Tx) -> None:
    query = select(duties)
    await tx.execute(query.with_for_update() if tx.is_postgres else query)


async def waiting(database: Database) -> int:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with database.read() as tx:
        return int((await tx.execute(query)).scalar_one())


async def test_two_processes_that_report_for_the_first_time_leave_the_later_moment(watched: Watched) -> None:
    await watched.report(Duty.EMAIL, FIVE_MINUTES, timedelta(minutes=4, seconds=59))
    assert await watched.fine_at() == {Duty.EMAIL: NOON + FIVE_MINUTES}


async def test_a_clock_that_jumps_back_writes_nothing_and_moves_nothing_back(watched: Watched) -> None:
    await watched.report(Duty.ACCEPT, *seconds(3600, 0, 10, 20))
    assert await watched.fine_at() == {Duty.ACCEPT: NOON + timedelta(hours=1)}
    assert await watched.details() == []


async def test_a_clock_that_jumps_ahead_by_days_is_noted_as_it_said(watched: Watched) -> None:
    await watched.report(Duty.ACCEPT, timedelta(0), timedelta(days=2))
    assert await watched.details() == [
        "events could not be accepted from 2026-11-23T11:00:00.000Z to 2026-11-25T11:00:00.000Z"
    ]


async def test_time_in_which_all_is_well_leaves_no_downtime_and_one_report_in_ten_seconds(
    watched: Watched, ledger: Ledger
) -> None:
    size = await ledger.size()
    watch = watched.watch()
    reported = set()
    for second in range(600):
        watched.fine = dict.fromkeys(Duty, NOON + timedelta(seconds=second))
        await watch.turn()
        moments = await watched.fine_at()
        assert NOON + timedelta(seconds=second) - min(moments.values()) < REPORT_AFTER
        reported.add(moments[Duty.ACCEPT])
    assert len(reported) == 600 / REPORT_AFTER.total_seconds()
    await ledger.seal(0)
    assert await ledger.size() == size


async def test_whatever_processes_report_the_downtimes_are_the_gaps_between_the_latest_moments(
    watched: Watched, ledger: Ledger
) -> None:
    chance = Random(20261123)
    expected, latest, passed = [], 0.0, 0.0
    await watched.report(Duty.SMS, timedelta(0))
    for _ in range(60):
        passed += chance.choice([5, 30, 60, 61, 90, 600])
        moment = passed - chance.choice([0, 0, 0, 45, 1000])  # a clock that is behind, or a report that comes late
        if moment - latest > DOWNTIME_OVER.total_seconds():
            expected.append((latest, moment))
        latest = max(latest, moment)
        await watched.report(Duty.SMS, timedelta(seconds=moment))
    found = [((each.began_at - NOON), (each.ended_at or NOON) - NOON) for each in reversed(await watched.downtimes())]
    assert [(began.total_seconds(), ended.total_seconds()) for began, ended in found] == expected
    assert len(expected) > 10


async def test_a_duty_that_cannot_be_done_is_noted_alone_as_soon_as_it_is_done_again(watched: Watched) -> None:
    watch = watched.watch()
    for second in range(0, 181, 5):
        watched.fine = dict.fromkeys(Duty, NOON + timedelta(seconds=second))
        if 20 <= second < 175:
            del watched.fine[Duty.EMAIL]
        await watch.turn()
    assert await watched.details() == [
        "email could not be dispatched from 2026-11-23T11:00:10.000Z to 2026-11-23T11:02:55.000Z"
    ]


async def test_what_one_process_can_do_is_no_downtime_of_another(watched: Watched) -> None:
    able, unable = watched.watch(Duty.SMS), watched.watch(Duty.EMAIL, Duty.SMS)
    for second in range(0, 300, 10):
        watched.fine = {Duty.SMS: NOON + timedelta(seconds=second)}
        await able.turn()
        del watched.fine[Duty.SMS]
        await unable.turn()
    assert await watched.details() == []


async def test_while_the_log_is_not_trusted_nothing_is_written_and_the_stretch_is_noted_afterwards(
    watched: Watched, ledger: Ledger
) -> None:
    await watched.report(Duty.SEAL, timedelta(0))
    watched.log_watch.found("The database is behind the mark")
    await watched.report(Duty.SEAL, *seconds(100, 200, 300))
    assert await watched.fine_at() == {Duty.SEAL: NOON}
    restarted = Watched(database=ledger.database, surroundings=ledger.surroundings)
    await restarted.report(Duty.SEAL, timedelta(seconds=310))
    assert await restarted.details() == [
        "facts could not be sealed from 2026-11-23T11:00:00.000Z to 2026-11-23T11:05:10.000Z"
    ]


async def test_a_database_that_holds_less_than_was_signed_is_not_reported_to(watched: Watched, ledger: Ledger) -> None:
    holds = False

    async def does(_tx: Tx) -> bool:
        return holds

    await watched.report(Duty.ACCEPT, timedelta(0))
    watched.database = ledger.database.only_while(does)
    watch = watched.watch(Duty.ACCEPT)
    watched.fine = {Duty.ACCEPT: NOON + FIVE_MINUTES}
    with pytest.raises(DatabaseUnavailableError):
        await watch.turn()
    assert await watched.fine_at() == {Duty.ACCEPT: NOON}
    holds = True
    await watch.turn()
    assert len(await watched.details()) == 1


async def test_a_duty_that_a_deployment_gives_up_is_down_until_then_and_never_again(watched: Watched) -> None:
    await watched.report(Duty.SMS, timedelta(seconds=-300))
    watched.fine = {Duty.ACCEPT: NOON}
    watch = watched.watch(Duty.ACCEPT, given_up=frozenset({Duty.SMS, Duty.EMAIL}))
    await watch.turn()
    (detail,) = await watched.details()
    assert detail.startswith("sms could not be dispatched from 2026-11-23T10:55:00.000Z to 2026-11-23T11:00:")
    assert await watched.fine_at() == {Duty.ACCEPT: NOON}
    await watched.report(Duty.SMS, timedelta(hours=5))
    assert len(await watched.details()) == 1


async def test_what_lasts_is_told_without_an_end_and_without_a_fact(watched: Watched, ledger: Ledger) -> None:
    await watched.report(Duty.SMS, timedelta(0))
    await watched.report(Duty.SEAL, FIVE_MINUTES)
    async with ledger.database.read() as tx:
        assert await ongoing(tx, now=NOON + FIVE_MINUTES) == (Downtime(duty=Duty.SMS, began_at=NOON, ended_at=None),)
        assert await ongoing(tx, now=NOON + DOWNTIME_OVER) == ()
        assert await ongoing(tx, now=NOON - FIVE_MINUTES) == ()
    assert await watched.downtimes() == ()


async def test_downtimes_are_listed_with_the_last_to_end_first_and_no_more_than_asked_for(watched: Watched) -> None:
    await watched.report(Duty.SMS, *seconds(0, 100, 200, 300))
    await watched.report(Duty.SEAL, *seconds(0, 250))
    ends = [(each.duty, each.ended_at) for each in await watched.downtimes() if each.ended_at]
    assert [(duty, (end - NOON).total_seconds()) for duty, end in ends] == [
        (Duty.SMS, 300), (Duty.SEAL, 250), (Duty.SMS, 200), (Duty.SMS, 100),
    ]  # fmt: skip
