"""What was published comes back from a copy, under its old indexes; what is no such copy is refused."""

import json
from pathlib import Path

import pytest
import rfc8785
from sqlalchemy import text

from app.domain.notification import Status
from app.storage import log, recovery
from app.storage.log_directory import LogDirectory
from app.usecases.export_log import export_log
from app.usecases.read_copy import CopyError
from app.usecases.recover_log import Recovery
from tests.integration.restoring import TABLES, Backup, checked, notices, recover, restart
from tests.integration.world import World


async def test_a_copy_that_lacks_what_it_must_have_is_refused_and_the_log_left_alone(
    world: World, tmp_path: Path
) -> None:
    await world.register()
    await world.seal()
    backup = Backup(world.database)
    await backup.make()
    await notices(world, "later")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    await backup.restore()
    (tmp_path / "empty").mkdir()
    bundle = next((tmp_path / "copy" / "2026h2" / "tile" / "entries").glob("000.p/*"))
    whole = bundle.read_bytes()
    for damaged, sentence in (
        (None, "missing or too short"),
        (whole[:-20], "number 10 in the bundle is not an entry"),
        (whole[:-1] + b"\x00", "does not continue"),
    ):
        bundle.unlink() if damaged is None else bundle.write_bytes(damaged)
        with pytest.raises(CopyError, match=sentence):
            await recover(world, copy=tmp_path / "copy")
    with pytest.raises(CopyError, match="no copy of a log"):
        await recover(world, copy=tmp_path / "empty")
    bundle.write_bytes(whole)
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert done.successor is None
    await restart(world)


async def test_a_copy_in_a_circle_is_refused(world: World, tmp_path: Path) -> None:
    await world.register()
    await world.seal()
    copy = LogDirectory(tmp_path / "copy")
    await export_log(world.database, copy, progress=lambda _count, _total: None)
    opening = json.loads(copy.read("2026h2/opening.json") or b"")
    opening["document"]["data"]["previous_checkpoint"] = (copy.read("checkpoint") or b"").decode()
    (tmp_path / "copy" / "2026h2" / "opening.json").write_bytes(rfc8785.dumps(opening))
    with pytest.raises(CopyError, match="circle"):
        await recover(world, copy=tmp_path / "copy")


async def test_what_was_published_comes_back_from_the_copy_under_its_old_indexes(world: World, tmp_path: Path) -> None:
    await world.register()
    waiting = await notices(world, "waiting")
    await world.seal()
    backup = Backup(world.database)
    await notices(world, "not-sealed-in-the-backup")
    await backup.make()
    await world.dispatch()
    for number in range(30):
        await notices(world, f"later-{number}")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    async with world.database.read() as tx:
        true_head = await log.current_head(tx)
    await backup.restore()
    async with world.database.read() as tx:
        old_head = await log.current_head(tx)
        pending = await log.pending_count(tx)
    assert true_head is not None
    assert old_head is not None
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    grown = true_head.range.size - old_head.range.size
    assert (done.successor, done.imported, done.lost_facts) == (None, grown, grown - pending)
    async with world.database.read() as tx:
        head = await log.current_head(tx)
        assert head is not None
        assert head.range == true_head.range
        assert await recovery.lost_count(tx, "2026h2") == done.lost_facts
    await restart(world)
    await world.seal()
    assert await checked(world) == []
    assert [(await world.notification(each)).status for each in waiting] == [Status.UNKNOWN] * 2


async def test_a_copy_that_ends_before_the_mark_gives_back_what_it_has(world: World, tmp_path: Path) -> None:
    await world.register()
    backup = Backup(world.database)
    await backup.make()
    await notices(world, "exported")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    await notices(world, "not-exported")
    await world.seal()
    await backup.restore()
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    assert done.imported > 0
    assert (done.successor, [lost.entries_too for lost in done.lost]) == ("2026h2b", [False, True])
    await restart(world)
    assert await checked(world) == []


async def test_a_database_that_was_lost_whole_comes_back_as_far_as_the_copy_goes(world: World, tmp_path: Path) -> None:
    await world.register()
    await notices(world, "lost")
    await world.seal()
    await export_log(world.database, LogDirectory(tmp_path / "copy"), progress=lambda _count, _total: None)
    async with world.database.read() as tx:
        true_head = await log.current_head(tx)
    assert true_head is not None
    empty = Backup(world.database)
    await empty.make()
    async with world.database.write() as tx:
        for table in TABLES:
            await tx.execute(text(f"DELETE FROM backup_{table}"))
    await empty.restore()
    done = await recover(world, copy=tmp_path / "copy")
    assert isinstance(done, Recovery)
    # What opened the shard is published in clear.
    assert (done.imported, done.lost_facts, done.successor) == (true_head.range.size, true_head.range.size - 1, None)
    await restart(world)
    assert await checked(world) == []
