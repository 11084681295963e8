"""The static copy: complete to an independent reader, incremental, never a step back, always whole."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ports import Surroundings
from app.storage.database import Database
from app.storage.log_directory import DirectoryInUseError, LogDirectory
from app.storage.vault import Vault
from app.usecases.export_log import ExportedShard, ExportError
from tests.conftest import ROOT_SECRET
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.published import LOG_KEY, SHARD, differences, export, files, grow
from tests.second_tiles import read_log


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return new_ledger(database, surroundings, tmp_path)


@pytest.fixture
async def sqlite_ledger(migrated_sqlite: Path, surroundings: Surroundings, tmp_path: Path) -> AsyncIterator[Ledger]:
    file = shutil.copy(migrated_sqlite, tmp_path / "one.db")
    database = Database(f"sqlite+aiosqlite:///{file}", Vault(ROOT_SECRET))
    yield new_ledger(database, surroundings, tmp_path)
    await database.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def second_reading(copy: Path) -> int:
    """The number of entries that the independent reader finds; it must see every file, and no other."""
    shard = copy / SHARD
    entries, paths = read_log(lambda path: (shard / path).read_bytes() if (shard / path).is_file() else None)
    assert files(shard).keys() == paths
    assert files(copy).keys() == {f"{SHARD}/{path}" for path in paths} | {"checkpoint", "vkey"}
    return len(entries)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 1300])
async def test_an_independent_reader_finds_every_entry_and_no_other_file(ledger: Ledger, copy: Path, size: int) -> None:
    await ledger.seal()
    await grow(ledger, size)
    assert await export(ledger, copy) == [ExportedShard(shard=SHARD, entries=size, added=size, lacks=0)]
    assert second_reading(copy) == size
    assert differences(copy, LOG_KEY) == []


@pytest.mark.parametrize("sizes", [(255, 256, 257), (65_535, 65_536, 65_537)])
async def test_copies_grow_across_the_borders_of_tiles(
    sqlite_ledger: Ledger, copy: Path, sizes: tuple[int, ...]
) -> None:
    await sqlite_ledger.seal()
    for size in sizes:
        await grow(sqlite_ledger, size)
        (exported,) = await export(sqlite_ledger, copy)
        assert exported.entries == size
        assert differences(copy, LOG_KEY) == []
    assert second_reading(copy) == sizes[-1]


def empty_directories(copy: Path) -> list[Path]:
    return [path for path in copy.rglob("*") if path.is_dir() and not any(path.iterdir())]


async def test_a_second_export_writes_only_what_is_new_and_removes_old_partials(ledger: Ledger, copy: Path) -> None:
    await ledger.seal()
    await grow(ledger, 700)
    await export(ledger, copy)
    before = {path: (copy / path).stat().st_mtime_ns for path in files(copy)}
    for path in before:
        os.utime(copy / path, ns=(1, 1))
    await grow(ledger, 800)
    assert await export(ledger, copy) == [ExportedShard(shard=SHARD, entries=800, added=100, lacks=0)]
    kept = {path for path in files(copy) if (copy / path).stat().st_mtime_ns == 1}
    assert files(copy).keys() - kept == {
        "checkpoint",
        *(f"{SHARD}/{path}" for path in ("checkpoint", "tile/0/002", "tile/0/003.p/32", "tile/1/000.p/3")),
        *(f"{SHARD}/tile/entries/{path}" for path in ("002", "003.p/32")),
    }
    assert before.keys() - files(copy).keys() == {
        *(f"{SHARD}/{path}" for path in ("tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/002.p/188")),
    }
    assert empty_directories(copy) == []


async def test_nothing_new_writes_nothing(ledger: Ledger, copy: Path) -> None:
    await ledger.seal(300)
    await export(ledger, copy)
    for path in files(copy):
        os.utime(copy / path, ns=(1, 1))
    assert await export(ledger, copy) == [ExportedShard(shard=SHARD, entries=301, added=0, lacks=0)]
    assert {(copy / path).stat().st_mtime_ns for path in files(copy)} == {1}


async def test_what_an_export_left_behind_when_it_died_is_tidied_up_by_the_next(ledger: Ledger, copy: Path) -> None:
    await ledger.seal()
    await grow(ledger, 300)
    await export(ledger, copy)
    for path in ("tile/0/001.new", "tile/0/002.p/17", "checkpoint.new"):  # of a larger checkpoint that never came
        (copy / SHARD / path).parent.mkdir(exist_ok=True)
        (copy / SHARD / path).write_bytes(b"half")
    (copy / "vkey.new").write_bytes(b"half")
    assert differences(copy, LOG_KEY) != []
    await grow(ledger, 301)
    await export(ledger, copy)
    assert second_reading(copy) == 301


async def test_what_it_finds_after_dying_is_not_believed(ledger: Ledger, copy: Path) -> None:
    await ledger.seal()
    await grow(ledger, 600)
    await export(ledger, copy)
    (copy / SHARD / "checkpoint").unlink()
    (copy / SHARD / "tile/0/000").write_bytes(bytes(8192))
    await export(ledger, copy)
    assert differences(copy, LOG_KEY) == []


async def test_a_copy_taken_at_any_moment_has_what_its_checkpoint_needs(
    sqlite_ledger: Ledger, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite_ledger.seal()
    await grow(sqlite_ledger, 700)
    await export(sqlite_ledger, copy)
    await grow(sqlite_ledger, 1500)
    write, seen = LogDirectory.write, []

    def write_and_look(directory: LogDirectory, path: str, data: bytes) -> None:
        write(directory, path, data)
        seen.append(path)
        found = files(copy / SHARD)
        read_log(found.get)

    monkeypatch.setattr(LogDirectory, "write", write_and_look)
    await export(sqlite_ledger, copy)
    assert seen[-3:] == [f"{SHARD}/checkpoint", "vkey", "checkpoint"]


async def test_the_log_may_grow_while_it_is_exported(ledger: Ledger, copy: Path) -> None:
    await ledger.seal(900)

    async def go_on() -> None:
        for _ in range(10):
            await ledger.seal(40)

    growing = asyncio.create_task(go_on())
    while not growing.done():
        await export(ledger, copy)
        assert differences(copy, LOG_KEY) == []
        second_reading(copy)
        await asyncio.sleep(0)
    await growing
    await export(ledger, copy)
    assert second_reading(copy) == await ledger.size()


# Refusals


async def test_a_log_of_which_nothing_is_published_is_not_exported(ledger: Ledger, copy: Path) -> None:
    with pytest.raises(ExportError, match=r"^Nothing of the log is published yet\.$"):
        await export(ledger, copy)


async def refused(ledger: Ledger, copy: Path) -> str:
    """Why the export is refused; nothing may have changed."""
    before = files(copy)
    with pytest.raises(ExportError) as error:
        await export(ledger, copy)
    assert files(copy) == before
    return str(error.value)


async def test_a_copy_that_is_ahead_of_the_database_is_left_as_it_is(
    ledger: Ledger, copy: Path, tmp_path: Path
) -> None:
    await ledger.seal()
    await grow(ledger, 300)
    await export(ledger, copy)
    await ledger.as_superuser("DELETE FROM checkpoints WHERE size = 300")
    assert await refused(ledger, copy) == (
        "The copy of 2026h2 has 300 entries and the database publishes 1; the copy is left as it is."
    )


async def test_a_copy_that_this_log_did_not_grow_out_of_is_left_as_it_is(ledger: Ledger, copy: Path) -> None:
    await ledger.seal()
    await grow(ledger, 300)
    await export(ledger, copy)
    await grow(ledger, 400)
    note = (copy / SHARD / "checkpoint").read_text().split("\n")
    note[1] = "299"
    (copy / SHARD / "checkpoint").write_text("\n".join(note))
    assert await refused(ledger, copy) == (
        "The 299 entries of 2026h2 in the copy are not the first ones in the database; the copy is left as it is."
    )


@pytest.mark.parametrize("place", ["checkpoint", f"{SHARD}/checkpoint"])
async def test_a_copy_of_another_log_is_left_as_it_is(ledger: Ledger, copy: Path, place: str) -> None:
    await ledger.seal(3)
    await export(ledger, copy)
    (copy / place).write_bytes((copy / place).read_bytes().replace(b"awizo.test/log", b"other.test/log"))
    assert await refused(ledger, copy) == (
        "The directory holds a copy of another log, other.test/log/2026h2; it is left as it is."
    )


async def test_a_checkpoint_that_is_none_is_left_as_it_is(ledger: Ledger, copy: Path) -> None:
    await ledger.seal(3)
    await export(ledger, copy)
    (copy / "checkpoint").write_text("something else\n")
    assert "is no checkpoint" in await refused(ledger, copy)


async def test_entries_that_do_not_add_up_to_the_signed_root_keep_the_old_checkpoint(
    ledger: Ledger, copy: Path
) -> None:
    await ledger.seal()
    await grow(ledger, 300)
    await export(ledger, copy)
    await grow(ledger, 600)
    await ledger.as_superuser("UPDATE leaves SET commitment = (SELECT range FROM tree_heads) WHERE leaf_index = 400")
    before = (copy / SHARD / "checkpoint").read_bytes()
    with pytest.raises(ExportError, match="do not hash to the root that was signed"):
        await export(ledger, copy)
    assert (copy / SHARD / "checkpoint").read_bytes() == before
    read_log(files(copy / SHARD).get)


async def test_two_exports_do_not_write_at_once(ledger: Ledger, copy: Path) -> None:
    await ledger.seal(3)
    with LogDirectory(copy).writing(), pytest.raises(DirectoryInUseError):
        await export(ledger, copy)
    await export(ledger, copy)
    assert second_reading(copy) == 4
