"""Export the published log to a directory that any web server can publish, while the log grows.

In this order: full tiles and entry bundles, the last partial ones, the opening, the keys, the checkpoint that all of
them add up to; and then the partial ones of earlier exports are removed. Whoever copies the directory meanwhile has
what the checkpoint in it needs, and perhaps more.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.evidence.commitment import entry_bytes
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, parse_note
from app.merkle.tile_paths import parse_tile_path
from app.merkle.tile_tree import TileTree
from app.merkle.tiles import TILE_WIDTH, entry_bundle, tile_path
from app.merkle.tree import leaf_hash
from app.storage import log, published_log
from app.storage.database import Database, Tx
from app.storage.log_directory import LogDirectory
from app.storage.published_log import PublishedShard

CHUNK = 16 * TILE_WIDTH

_OF_THE_NEWEST = ("vkey", "checkpoint")  # in the order in which they are written


class ExportError(Exception):
    """The directory cannot take this log; one sentence. Nothing in it was overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedShard:
    """How many entries of a shard the copy holds, and how many of them this export added.

    A shard that a recovery cut short `lacks` entries that were signed, unless an earlier export has them.
    """

    shard: str
    entries: int
    added: int
    lacks: int


async def export_log(
    database: Database, directory: LogDirectory, *, progress: Callable[[int, int], None]
) -> list[ExportedShard]:
    """Bring the copy to the newest published checkpoints, writing what is new; the oldest shard first.

    What lies below the checkpoint of an earlier export is taken to be there: to mend a copy that was damaged, remove
    its `checkpoint` files first. `progress` is told how many entries were written, and of how many. Raises ExportError,
    DirectoryInUseError and OSError.
    """
    with directory.writing():
        async with database.read() as tx:
            shards = await published_log.published_shards(tx)
            if not shards:
                raise ExportError("Nothing of the log is published yet.")
            copied = {shard.shard: await _copied_size(tx, directory, shard) for shard in shards}
        _refuse_another_log(directory, {shard.origin for shard in shards})
        total = sum(max(0, shard.size - copied[shard.shard]) for shard in shards)
        written = [shard for shard in shards if copied[shard.shard] <= shard.size]
        for shard in written:
            export = _ShardExport(database, directory, shard, copied[shard.shard])
            await export.run(lambda count: progress(count, total))
        await asyncio.to_thread(_finish, directory, shards[-1], written)
    return [_exported(shard, copied[shard.shard]) for shard in shards]


def _exported(shard: PublishedShard, copied: int) -> ExportedShard:
    entries = max(shard.size, copied)
    signed = _checkpoint_in(shard.note).size
    return ExportedShard(shard=shard.shard, entries=entries, added=entries - copied, lacks=max(0, signed - entries))


def _checkpoint_in(note: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)


def _found_in(directory: LogDirectory, path: str) -> Checkpoint | None:
    note = directory.read(path)
    try:
        return None if note is None else _checkpoint_in(note)
    except (NoteError, CheckpointError) as error:
        raise ExportError(f"{path} in the directory is no checkpoint ({error}); it is left as it is.") from None


def _refuse_another_log(directory: LogDirectory, origins: set[str]) -> None:
    found = _found_in(directory, "checkpoint")
    if found is not None and found.origin not in origins:
        raise ExportError(f"The directory holds a copy of another log, {found.origin}; it is left as it is.")


async def _copied_size(tx: Tx, directory: LogDirectory, shard: PublishedShard) -> int:
    """How many entries an earlier export wrote. Refuses a copy that this log did not grow out of."""
    found = _found_in(directory, f"{shard.shard}/checkpoint")
    if found is None:
        return 0
    if found.origin != shard.origin:
        raise ExportError(f"The directory holds a copy of another log, {found.origin}; it is left as it is.")
    if found.size > shard.size:
        if shard.is_cut:  # an earlier export may hold what the database lost
            return found.size if _holds_all(directory, shard.shard, found.size) else 0
        raise ExportError(
            f"The copy of {shard.shard} has {found.size} entries and the database publishes {shard.size}; "
            "the copy is left as it is."
        )
    if (await log.compact_range(tx, shard.shard, found.size)).root() != found.root:
        raise ExportError(
            f"The {found.size} entries of {shard.shard} in the copy are not the first ones in the database; "
            "the copy is left as it is."
        )
    return found.size


def _holds_all(directory: LogDirectory, shard: str, size: int) -> bool:
    index, width = divmod(size, TILE_WIDTH)
    last = tile_path("entries", index, width) if width else tile_path("entries", index - 1)
    return directory.read(f"{shard}/{last}") is not None


class _ShardExport:
    """One shard, from the tile on that an earlier export left partial."""

    def __init__(self, database: Database, directory: LogDirectory, shard: PublishedShard, copied: int) -> None:
        self._database = database
        self._directory = directory
        self._shard = shard
        self._copied = copied

    async def run(self, progress: Callable[[int], None]) -> None:
        start = self._copied - self._copied % TILE_WIDTH
        tree = await self._tree_of(start)
        for at in range(start, self._shard.size, CHUNK):
            end = min(at + CHUNK, self._shard.size)
            async with self._database.read() as tx:
                commitments = await log.commitments(tx, self._shard.shard, at, end)
            await asyncio.to_thread(self._write, dict(_full_and_last(tree, at, [entry_bytes(c) for c in commitments])))
            progress(end - max(at, self._copied))
        if tree.root() != self._shard.root:
            raise ExportError(
                f"{self._shard.shard}: the entries in the database do not hash to the root that was signed for them; "
                "the copy keeps its old checkpoint. Run `awizo log check`."
            )
        await asyncio.to_thread(
            self._write, {tile_path(t.level, t.index, len(t.hashes)): t.data for t in tree.partials()}
        )
        await self._write_the_rest()

    async def _tree_of(self, size: int) -> TileTree:
        partials = []
        async with self._database.read() as tx:
            level, rest = 0, size
            while rest:
                index = rest // TILE_WIDTH
                partials.append(await log.tile_hashes(tx, self._shard.shard, level, index, size))
                level, rest = level + 1, index
        return TileTree(size, partials)

    async def _write_the_rest(self) -> None:
        async with self._database.read() as tx:
            opening = await published_log.opening(tx, self._shard.shard)
            vkeys = await published_log.vkey_file(tx, self._shard)
        files = {"opening.json": opening, "vkey": vkeys}
        await asyncio.to_thread(self._write, {path: data for path, data in files.items() if data is not None})
        await asyncio.to_thread(self._directory.sync)
        await asyncio.to_thread(self._write, {"checkpoint": self._shard.note})

    def _write(self, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            self._directory.write(f"{self._shard.shard}/{path}", data)


def _full_and_last(tree: TileTree, start: int, entries: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of the bundles of `entries`, of which `start` is the first, and of tiles that become full."""
    for at in range(0, len(entries), TILE_WIDTH):
        bundled = entries[at : at + TILE_WIDTH]
        yield tile_path("entries", (start + at) // TILE_WIDTH, len(bundled)), entry_bundle(bundled)
    for tile in tree.extend([leaf_hash(entry) for entry in entries]):
        yield tile_path(tile.level, tile.index), tile.data


def _finish(directory: LogDirectory, newest: PublishedShard, written: list[PublishedShard]) -> None:
    """Repeat what the newest shard has where `/log` itself answers, and tidy up."""
    for name in _OF_THE_NEWEST:
        data = directory.read(f"{newest.shard}/{name}")
        if data is not None:
            directory.write(name, data)
        if directory.read(unfinished := directory.unfinished(name)) is not None:
            directory.remove(unfinished)
    for shard in written:
        for path in list(_stale(directory, shard)):
            directory.remove(path)
    directory.sync()


def _stale(directory: LogDirectory, shard: PublishedShard) -> Iterator[str]:
    """Files that a dying export left behind, and partial tiles and bundles of other sizes than the checkpoint's."""
    for path in directory.paths(shard.shard):
        if directory.is_unfinished(path):
            yield path
            continue
        try:
            tile = parse_tile_path(path.removeprefix(f"{shard.shard}/"))
        except ValueError:
            continue
        if not tile.is_full and not tile.is_in(shard.size):
            yield path
