"""The static copy of a log that went on: further shards, other keys, and a shard that a recovery cut short."""

from pathlib import Path

import pytest

from adapters.mark_file import MarkFile
from app.merkle.note import parse_vkey, parse_vkeys
from app.ports import Surroundings
from app.storage import log
from app.storage.database import Database
from app.usecases.check_copy import CopySummary, Voucher
from app.usecases.export_log import ExportedShard
from app.usecases.rotate_key import rotate_key
from app.usecases.seal_log import Sealer
from tests.conftest import TestClock
from tests.integration.ledger import Ledger
from tests.integration.published import LOG_KEY, SHARD, check, differences, export, files, grow
from tests.integration.world import ORIGIN_BASE, SeededKeys
from tests.second_tiles import read_log

NEXT = "2027h1"


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return Ledger(database=database, surroundings=surroundings, mark=MarkFile(tmp_path / "mark"))


async def test_every_shard_is_exported_and_the_newest_twice(ledger: Ledger, clock: TestClock, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await ledger.seal(300)
    await export(ledger, copy)
    clock.forward(days=60)
    await ledger.seal(1, 300)
    exported = await export(ledger, copy)
    assert [shard.shard for shard in exported] == [SHARD, NEXT]
    for shard in exported:
        entries, paths = read_log(files(copy / shard.shard).get)
        assert len(entries) == shard.entries
        assert paths == files(copy / shard.shard).keys()
    for name in ("checkpoint", "vkey"):
        assert files(copy)[name] == files(copy)[f"{NEXT}/{name}"]


async def restore_an_old_database(ledger: Ledger) -> None:
    """From 700 signed entries back to 300, and the shard cut short, as a recovery does that finds no more."""
    async with ledger.database.read() as tx:
        newest = await log.newest_checkpoint(tx, SHARD)
    assert newest is not None
    await ledger.as_superuser("DELETE FROM checkpoints WHERE size = 700", "DELETE FROM leaves WHERE leaf_index >= 300")
    async with ledger.database.write() as tx:
        await log.cut_shard(tx, SHARD, final_note=newest.note, now=ledger.surroundings.clock())


async def test_what_a_cut_shard_lacks_is_counted_and_the_check_misses_it(ledger: Ledger, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await ledger.seal()
    await grow(ledger, 300)
    await grow(ledger, 700)
    await restore_an_old_database(ledger)
    for added in (300, 300):  # the second time it cannot tell what is there, and writes nothing anew
        assert await export(ledger, copy) == [ExportedShard(shard=SHARD, entries=300, added=added, lacks=400)]
        assert (copy / SHARD / "checkpoint").read_text().split("\n")[1] == "700"
        assert differences(copy, LOG_KEY) == [f"{SHARD}/tile/entries/001: it is missing"]


async def test_a_copy_that_holds_what_the_database_lost_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await ledger.seal()
    await grow(ledger, 300)
    await grow(ledger, 700)
    await export(ledger, copy)
    before = files(copy)
    await restore_an_old_database(ledger)
    assert await export(ledger, copy) == [ExportedShard(shard=SHARD, entries=700, added=0, lacks=0)]
    assert files(copy) == before
    assert differences(copy, LOG_KEY) == []


async def test_after_a_rotation_the_copy_has_the_key_that_signed_its_checkpoint(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    copy, keys = tmp_path / "copy", SeededKeys()
    sealer = Sealer(
        database, origin_base=ORIGIN_BASE, keys=keys, mark=MarkFile(tmp_path / "mark"), surroundings=surroundings
    )
    ledger = Ledger(database=database, surroundings=surroundings, mark=MarkFile(tmp_path / "mark"))
    await sealer.start()
    new = parse_vkey(await database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings)))
    await export(ledger, copy)  # its checkpoint is older than the new key
    assert parse_vkeys((copy / "vkey").read_text())[0] == LOG_KEY
    assert differences(copy, LOG_KEY) == []
    while await sealer.turn():
        pass
    await export(ledger, copy)
    assert parse_vkeys((copy / "vkey").read_text())[0] == new
    for key in (LOG_KEY, new):  # both sign
        (summary,) = check(copy, key)
        assert isinstance(summary, CopySummary)
        assert (summary.voucher, summary.rotated) == (Voucher.KEY, True)
    await sealer.close()
