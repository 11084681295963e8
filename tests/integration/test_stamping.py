"""Checkpoints are stamped hourly and at the end of a shard, and sealing does not care whether that succeeds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import update

from adapters.rfc3161_timestamp import Rfc3161Timestamper
from app.domain.time_stamp import read_time_stamp
from app.merkle.note import parse_note
from app.ports import NotStamped, Stamped, Surroundings
from app.storage import log, timestamps
from app.storage.database import Database
from app.storage.tables import tree_heads
from app.storage.timestamps import Stamp
from app.usecases.stamp_log import Stamper
from tests.conftest import TestClock
from tests.doubles.tsa import Grant, Hang, Refuse, TsaServer, new_authority
from tests.integration.ledger import Ledger, new_ledger

SHARD = "2026h2"
AUTHORITY = new_authority()
ROOTS = x509.load_pem_x509_certificates(AUTHORITY.root_pem)


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return new_ledger(database, surroundings, tmp_path)


@pytest.fixture
async def server() -> AsyncIterator[TsaServer]:
    async with TsaServer(AUTHORITY) as server:
        yield server


@pytest.fixture
async def stamper(server: TsaServer, database: Database, surroundings: Surroundings) -> AsyncIterator[Stamper]:
    authority = Rfc3161Timestamper(server.url, ca_certificates=AUTHORITY.root_pem, timeout_seconds=5.0)
    stamper = Stamper(database, authority, surroundings=surroundings)
    yield stamper
    await stamper.close()


async def stamp_of(database: Database, size: int, shard: str = SHARD) -> Stamp | None:
    async with database.read() as tx:
        return await timestamps.of_checkpoint(tx, shard, size)


async def covering(database: Database, size: int) -> int | None:
    """The size of the tree whose stamp speaks for the first `size` entries."""
    async with database.read() as tx:
        found = await timestamps.covering(tx, SHARD, size)
    return found.size if found else None


async def close_shard(database: Database, *, size: int | None = None, final_note: bytes | None = None) -> None:
    """As if no entry came after; with `size`, as if a recovery had found no more entries than that."""
    values: dict[str, object] = {"closed_at": datetime(2027, 1, 1, tzinfo=UTC), "final_note": final_note}
    async with database.write() as tx:
        await tx.execute(update(tree_heads).values(values | ({} if size is None else {"size": size})))


async def test_the_stamp_is_on_the_text_of_the_newest_checkpoint(ledger: Ledger, stamper: Stamper) -> None:
    await ledger.seal(5)
    assert await stamper.turn() == 1
    size, _, note = (await ledger.published())[-1]
    stamp = await stamp_of(ledger.database, size)
    assert stamp is not None
    assert stamp.text == parse_note(note).text
    assert stamp.text.endswith("=\n")
    assert read_time_stamp(stamp.response, data=stamp.text.encode(), roots=ROOTS).authority == "CN=Time"


async def test_nothing_is_stamped_before_there_is_a_checkpoint(stamper: Stamper, server: TsaServer) -> None:
    assert await stamper.turn() == 0
    assert server.requests == []


async def test_a_checkpoint_is_stamped_once(
    ledger: Ledger, stamper: Stamper, server: TsaServer, clock: TestClock
) -> None:
    await ledger.seal(5)
    await stamper.turn()
    clock.forward(hours=25)
    assert await stamper.turn() == 0
    assert len(server.requests) == 1


async def test_the_next_checkpoint_waits_until_an_hour_has_passed(
    ledger: Ledger, stamper: Stamper, clock: TestClock
) -> None:
    await ledger.seal(5)
    await stamper.turn()
    await ledger.seal(1)
    clock.forward(minutes=59)
    assert await stamper.turn() == 0
    clock.forward(minutes=1)
    assert await stamper.turn() == 1
    assert await stamp_of(ledger.database, await ledger.size()) is not None


async def test_a_process_that_starts_anew_knows_when_the_last_stamp_came(
    ledger: Ledger, stamper: Stamper, server: TsaServer, surroundings: Surroundings
) -> None:
    await ledger.seal(5)
    await stamper.turn()
    await ledger.seal(1)
    another = Stamper(ledger.database, Rfc3161Timestamper(server.url), surroundings=surroundings)
    assert await another.turn() == 0
    await another.close()


async def test_of_two_stamps_on_one_checkpoint_the_first_is_kept(ledger: Ledger, stamper: Stamper) -> None:
    await ledger.seal(5)
    await stamper.turn()
    first = await stamp_of(ledger.database, 6)
    assert first is not None
    async with ledger.database.write() as tx:
        await timestamps.keep(tx, shard=SHARD, size=6, response=b"another", now=first.stamped_at)
    assert await stamp_of(ledger.database, 6) == first


@pytest.mark.parametrize("behaviour", [Refuse(), Grant(imprint=bytes(32)), Grant(damage=True)], ids=repr)
async def test_what_is_no_stamp_is_not_kept(
    ledger: Ledger, stamper: Stamper, server: TsaServer, behaviour: Refuse | Grant
) -> None:
    await ledger.seal(5)
    server.next(behaviour)
    assert await stamper.turn() == 0
    assert await stamp_of(ledger.database, 6) is None


async def test_a_failing_authority_is_asked_less_and_less_until_it_answers(
    ledger: Ledger, stamper: Stamper, server: TsaServer, clock: TestClock
) -> None:
    await ledger.seal(5)
    server.behave = Refuse
    await stamper.turn()
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        asked = len(server.requests)
        clock.forward(minutes=minutes, seconds=-1)
        await stamper.turn()
        assert len(server.requests) == asked
        clock.forward(seconds=1)
        await stamper.turn()
        assert len(server.requests) == asked + 1
    server.behave = Grant
    clock.forward(hours=1)
    assert await stamper.turn() == 1
    await ledger.seal(1)
    server.behave = Refuse
    clock.forward(hours=1)
    await stamper.turn()
    asked = len(server.requests)
    clock.forward(minutes=1)
    await stamper.turn()
    assert len(server.requests) == asked + 1


async def test_a_failing_authority_does_not_stop_the_sealing(
    ledger: Ledger, server: TsaServer, surroundings: Surroundings, capsys: pytest.CaptureFixture[str]
) -> None:
    server.next(Hang())
    stamper = Stamper(ledger.database, Rfc3161Timestamper(server.url, timeout_seconds=0.1), surroundings=surroundings)
    await ledger.seal(5)
    assert await stamper.turn() == 0
    await ledger.seal(5)
    await stamper.close()
    assert (await ledger.published())[-1][0] == 11
    assert await ledger.difference() is None
    logged = capsys.readouterr().out
    assert "no_time_stamp" in logged
    assert "127.0.0.1" not in logged


async def test_a_fact_can_be_sealed_while_the_authority_thinks(
    ledger: Ledger, server: TsaServer, surroundings: Surroundings
) -> None:
    """SQLite has one writer: an open transaction would keep it."""

    class Sealing(Rfc3161Timestamper):
        async def stamp(self, data: bytes) -> Stamped | NotStamped:
            await ledger.seal(1)
            return await super().stamp(data)

    await ledger.seal(5)
    stamper = Stamper(ledger.database, Sealing(server.url), surroundings=surroundings)
    assert await stamper.turn() == 1
    await stamper.close()
    assert await stamp_of(ledger.database, 6) is not None
    assert await ledger.size() == 7


async def test_the_end_of_a_shard_is_stamped_at_once(ledger: Ledger, stamper: Stamper) -> None:
    await ledger.seal(5)
    await stamper.turn()
    await ledger.seal(1)
    await close_shard(ledger.database)
    assert await stamper.turn() == 1
    assert await stamp_of(ledger.database, 7) is not None
    assert await stamper.turn() == 0


async def test_a_closed_shard_waits_for_its_last_checkpoint(ledger: Ledger, stamper: Stamper) -> None:
    await ledger.seal(5)
    await stamper.turn()
    await ledger.record(1)
    async with ledger.database.write() as tx:
        head = await log.current_head(tx, lock=True)
        assert head is not None
        await log.sequence(tx, head, await log.pending(tx, limit=10))
    await close_shard(ledger.database)
    assert await stamper.turn() == 0


async def test_of_a_shard_that_lost_entries_the_last_provable_checkpoint_is_stamped(
    ledger: Ledger, stamper: Stamper
) -> None:
    await ledger.seal(2, 2, 2)
    await stamper.turn()
    assert await covering(ledger.database, 1) == 7
    note = (await ledger.published())[-1][2]
    await close_shard(ledger.database, size=6, final_note=note)
    assert await covering(ledger.database, 1) is None
    assert await stamper.turn() == 1
    assert await stamp_of(ledger.database, 5) is not None
    assert await covering(ledger.database, 1) == 5


async def test_the_earliest_stamp_over_a_tree_that_is_large_enough_speaks_for_it(
    ledger: Ledger, stamper: Stamper, clock: TestClock
) -> None:
    assert await covering(ledger.database, 1) is None
    for count in (4, 3, 3):
        await ledger.seal(count)
        assert await stamper.turn() == 1
        clock.forward(hours=1)
    sizes = {1: 5, 5: 5, 6: 8, 8: 8, 9: 11, 11: 11}
    assert {size: await covering(ledger.database, size) for size in sizes} == sizes


async def test_the_newest_stamp_speaks_for_part_of_a_tree_that_outgrew_it(ledger: Ledger, stamper: Stamper) -> None:
    await ledger.seal(4)
    await stamper.turn()
    await ledger.seal(4)
    assert await covering(ledger.database, 9) == 5
