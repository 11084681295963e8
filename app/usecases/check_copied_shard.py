"""Check one shard in a copy of the published log: its signature, every entry and tile, its opening and keys."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.evidence.copied_files import (
    BUNDLED_ENTRY_BYTES,
    MalformedError,
    ShardOpening,
    bundled_entries,
    read_opening,
)
from app.evidence.statement import statement_key_name
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoKnownSignatureError, NoteError, VKey, parse_note, parse_vkeys, verify_note
from app.merkle.tile_paths import parse_tile_path
from app.merkle.tile_tree import Tile, TileTree
from app.merkle.tiles import TILE_WIDTH, tile_path, tile_width
from app.merkle.tree import HASH_BYTES, leaf_hash

Read = Callable[[str], bytes | None]
"""The content of a file of the copy, such as `2026h2/tile/0/000`, or None when there is none."""
Paths = Callable[[str], Iterable[str]]
"""Every file below a directory of the copy, in a fixed order."""

_BESIDE_TILES = frozenset({"checkpoint", "vkey", "opening.json"})


class Differs(Exception):  # noqa: N818 – a finding, not an error
    """The copy is not what it must be at `place`, a path in it; `sentence` is one clause."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(place, sentence)
        self.place = place
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedShard:
    """A shard that is sound in itself. `text` is its checkpoint's; `tiles` counts full and partial ones.

    `key` is the one that the copy has for it; `rotated` says that it was opened under another. `by_given_key` says
    whether a key that the reader brought signed the checkpoint.
    """

    shard: str
    text: str
    entries: int
    tiles: int
    key: VKey
    rotated: bool
    by_given_key: bool
    previous_checkpoint: str | None


class ShardCheck:
    """Reads one shard from its first entry to its last, holding no more than a tile of each level."""

    def __init__(
        self,
        read: Read,
        *,
        paths: Paths | None,
        shard: str,
        vkeys: Sequence[VKey],
        progress: Callable[[int], None],
    ) -> None:
        """Without `paths` the copy is a log at work: see `check_copy`."""
        self._read = read
        self._paths = paths
        self._shard = shard
        self._vkeys = vkeys
        self._progress = progress
        self._tiles = 0

    def run(self) -> CheckedShard:
        """Raises Differs at the first difference."""
        note = self._file("checkpoint")
        checkpoint = self._checkpoint(note)
        key = self._key()
        if not self._is_signed(note, [key]) or key.name != checkpoint.origin:
            raise self._differs("checkpoint", "it is not signed by the key in vkey")
        by_given_key = self._is_signed(note, self._vkeys)
        opening = self._opening(checkpoint)
        tree = self._tree(checkpoint.size, opening)
        if tree.root() != checkpoint.root:
            raise self._differs("checkpoint", "its root is not the one that the entries hash to")
        self._look_for_strangers(checkpoint.size)
        return CheckedShard(
            shard=self._shard,
            text=checkpoint.text(),
            entries=checkpoint.size,
            tiles=self._tiles,
            key=key,
            rotated=opening.vkey != key,
            by_given_key=by_given_key,
            previous_checkpoint=opening.previous_checkpoint,
        )

    def _differs(self, path: str, sentence: str) -> Differs:
        return Differs(f"{self._shard}/{path}", sentence)

    def _file(self, path: str) -> bytes:
        data = self._read(f"{self._shard}/{path}")
        if data is None:
            raise self._differs(path, "it is missing")
        return data

    def _checkpoint(self, note: bytes) -> Checkpoint:
        try:
            checkpoint = parse_checkpoint(parse_note(note).text)
        except (NoteError, CheckpointError) as error:
            raise self._differs("checkpoint", str(error)) from None
        if not checkpoint.origin.endswith(f"/{self._shard}"):
            raise self._differs("checkpoint", "it is of another shard")
        if checkpoint.size == 0:
            raise self._differs("checkpoint", "it is of an empty tree, and a shard begins with the entry that opens it")
        return checkpoint

    def _key(self) -> VKey:
        data = self._file("vkey")
        try:
            keys = parse_vkeys(data.decode())
        except (NoteError, UnicodeDecodeError):
            keys = ()
        named = [key.name for key in keys]
        own = [named[0], statement_key_name(named[0])] if named else []
        if len(named) < 2 or named[:2] != own or not set(named) <= set(own) or len(set(keys)) < len(keys):
            raise self._differs("vkey", "it does not hold the log's key and its statements' key, one a line")
        if data != _lines(keys):
            raise self._differs("vkey", "it holds more than keys, one a line")
        return keys[0]

    def _is_signed(self, note: bytes, vkeys: Sequence[VKey]) -> bool:
        try:
            verify_note(note, vkeys)
        except NoKnownSignatureError:
            return False
        except NoteError as error:
            raise self._differs("checkpoint", str(error)) from None
        return True

    def _opening(self, checkpoint: Checkpoint) -> ShardOpening:
        try:
            opening = read_opening(self._file("opening.json"))
        except MalformedError as error:
            raise self._differs("opening.json", str(error)) from None
        if opening.origin != checkpoint.origin:
            raise self._differs("opening.json", "it opens another shard")
        return opening

    def _tree(self, size: int, opening: ShardOpening) -> TileTree:
        tree = TileTree()
        for index in range(-(-size // TILE_WIDTH)):
            entries = self._entries(index, tile_width(0, index, size))
            hashes = [leaf_hash(entry) for entry in entries]
            self._compare_leaves(index, hashes)
            if index == 0 and entries[0] != opening.entry:
                raise self._differs("opening.json", "it is not entry 0")
            for tile in tree.extend(hashes):
                self._compare_inner(tile)
            self._progress(len(hashes))
        for tile in tree.partials():
            self._compare_inner(tile)
        return tree

    def _entries(self, index: int, width: int) -> list[bytes]:
        path = tile_path("entries", index, width)
        data = self._tile(path, tile_path("entries", index), width * BUNDLED_ENTRY_BYTES)
        try:
            return bundled_entries(data)
        except MalformedError as error:
            raise self._differs(path, str(error)) from None

    def _compare_leaves(self, index: int, hashes: Sequence[bytes]) -> None:
        path = tile_path(0, index, len(hashes))
        offset = self._first_difference(Tile(level=0, index=index, hashes=tuple(hashes)), path)
        if offset is not None:
            bundle = tile_path("entries", index, len(hashes))
            number = index * TILE_WIDTH + offset
            raise self._differs(path, f"entry {number} in {bundle} does not hash to what stands here")

    def _compare_inner(self, tile: Tile) -> None:
        if tile.level == 0:
            return
        path = tile_path(tile.level, tile.index, len(tile.hashes))
        offset = self._first_difference(tile, path)
        if offset is not None:
            child = tile_path(tile.level - 1, tile.index * TILE_WIDTH + offset)
            raise self._differs(path, f"hash {offset} is not the one that {child} adds up to")

    def _first_difference(self, tile: Tile, path: str) -> int | None:
        self._tiles += 1
        data = self._tile(path, tile_path(tile.level, tile.index), len(tile.hashes) * HASH_BYTES)
        if data == tile.data:
            return None
        known = enumerate(tile.hashes)
        return next(at for at, item in known if data[at * HASH_BYTES : (at + 1) * HASH_BYTES] != item)

    def _tile(self, path: str, full: str, size: int) -> bytes:
        """A tile or bundle of `size` bytes; from a log at work, cut from the full one when it has become full."""
        data = self._read(f"{self._shard}/{path}")
        if data is None and self._paths is None and path != full:
            data = (self._read(f"{self._shard}/{full}") or b"")[:size] or None
        if data is None:
            raise self._differs(path, "it is missing")
        if len(data) != size:
            raise self._differs(path, f"it has {len(data)} bytes instead of {size}")
        return data

    def _look_for_strangers(self, size: int) -> None:
        for place in self._paths(self._shard) if self._paths else ():
            path = place.removeprefix(f"{self._shard}/")
            if path in _BESIDE_TILES:
                continue
            try:
                belongs = parse_tile_path(path).is_in(size)
            except ValueError:
                belongs = False
            if not belongs:
                raise self._differs(path, f"it is no part of the log at its size of {size} entries")


def _lines(keys: Iterable[VKey]) -> bytes:
    return "".join(f"{key}\n" for key in keys).encode()
