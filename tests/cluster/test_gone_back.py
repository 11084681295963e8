"""A database that went back, as after a failover that lost commits: nothing leaves it, nobody writes in good faith."""

import asyncio
from pathlib import Path

import pytest

from adapters.mark_file import MarkFile
from app.ports import Surroundings
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.usecases import watch_log as watching
from app.usecases.seal_log import Sealer
from app.usecases.watch_log import LogWatch, watch_log
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.restoring import Backup
from tests.integration.world import KEYS, ORIGIN_BASE


@pytest.fixture
async def gone_back(database: Database, surroundings: Surroundings, tmp_path: Path) -> tuple[Ledger, Backup]:
    """A log of some facts, of which the database can lose the last ones, though they were signed."""
    ledger, backup = new_ledger(database, surroundings, tmp_path), Backup(database)
    await ledger.seal(3)
    await backup.make()
    await ledger.seal(2)
    return ledger, backup


async def does_nothing(_tx: Tx) -> None:
    return None


async def test_who_must_not_write_then_is_refused_before_any_sealer_noticed(
    gone_back: tuple[Ledger, Backup],
) -> None:
    ledger, backup = gone_back
    sound = ledger.database.only_while(ledger.sealer().reaches_mark)
    await sound.transact(does_nothing)
    await backup.restore()
    with pytest.raises(DatabaseUnavailableError, match="NotWhatWasSigned"):
        await sound.transact(does_nothing)
    await ledger.database.transact(does_nothing)  # whoever recovers it must be able to


async def test_a_new_shard_reaches_the_mark_of_the_one_before(gone_back: tuple[Ledger, Backup]) -> None:
    ledger, _ = gone_back
    mark, sealer = ledger.mark.read(), ledger.sealer()
    await sealer.start()
    await sealer.seal_shard("tried")
    while await sealer.turn():
        pass
    now, before = ledger.mark.read(), mark
    assert now != before
    async with ledger.database.read() as tx:
        assert await sealer.reaches_mark(tx)


@pytest.mark.parametrize("note", [b"", b"no checkpoint at all"])
async def test_a_mark_that_is_no_checkpoint_is_never_reached(
    gone_back: tuple[Ledger, Backup], tmp_path: Path, note: bytes
) -> None:
    ledger, _ = gone_back
    (tmp_path / "mark").write_bytes(note)
    async with ledger.database.read() as tx:
        assert not await ledger.sealer().reaches_mark(tx)


async def test_a_mark_that_cannot_be_read_stops_nobody(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "mark").mkdir()
    sealer = Sealer(
        database, origin_base=ORIGIN_BASE, keys=KEYS, mark=MarkFile(tmp_path / "mark"), surroundings=surroundings
    )
    async with database.read() as tx:
        assert await sealer.reaches_mark(tx)


async def test_a_process_that_only_answers_http_notices_it_by_the_mark(
    gone_back: tuple[Ledger, Backup], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, backup = gone_back
    monkeypatch.setattr(watching, "WATCH_SECONDS", 0.01)
    await backup.restore()  # before this process has ever seen what is lost
    log_watch = LogWatch()
    task = asyncio.create_task(watch_log(ledger.database, log_watch, look=ledger.sealer().look))
    async with asyncio.timeout(30):
        while log_watch.fault is None:  # noqa: ASYNC110 – it is a value to look at, nobody rings
            await asyncio.sleep(0.01)
    task.cancel()
    assert "behind the mark" in (log_watch.fault or "")
