"""Tiles of 256 hashes (c2sp.org/tlog-tiles): where a node lives, what a tile is called, what an entry bundle holds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.merkle.plans import Node
from app.merkle.tree import SIZE_MAX, fold_perfect

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

_ENTRY_BYTES_MAX = 0xFFFF
_INDEX_PATH = re.compile(r"(?:x[0-9]{3}/){0,6}[0-9]{3}")


@dataclass(frozen=True, slots=True)
class TileSpan:
    """A stretch of one tile: `width` hashes (a power of two) from `offset` on."""

    level: int
    index: int
    offset: int
    width: int


def tile_of(node: Node) -> TileSpan:
    """The tile and the hashes in it under which a perfect subtree is found.

    A node whose level is a multiple of eight is itself a hash of its tile; the others fold from several.
    """
    level, height = divmod(node.level, TILE_HEIGHT)
    first = node.index << height
    return TileSpan(level, first >> TILE_HEIGHT, first % TILE_WIDTH, 1 << height)


def node_in_tile(node: Node, hashes: Sequence[bytes]) -> bytes:
    """The hash of `node` from the hashes of the tile that `tile_of` names, full or partial.

    Raises ValueError when the tile is too narrow to hold the node.
    """
    span = tile_of(node)
    covered = hashes[span.offset : span.offset + span.width]
    if len(covered) != span.width:
        raise ValueError("the tile does not reach as far as the node")
    return fold_perfect(covered)


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) has in a tree of `size` leaves: 0 to 256."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile below the log's prefix: `tile/0/x001/067`, with `.p/112` when it is partial.

    `level` is a number, or "entries" for an entry bundle.
    """
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{format_tile_index(index)}{partial}"


def format_tile_index(index: int) -> str:
    """The index in groups of three digits, all but the last marked by an x: 1234067 is `x001/x234/067`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def parse_tile_index(path: str) -> int:
    """The index that `format_tile_index` wrote; ValueError for anything else, needless groups included."""
    if _INDEX_PATH.fullmatch(path) is None or path.startswith("x000/"):
        raise ValueError("not the index of a tile")
    index = int(path.replace("/", "").replace("x", ""))
    if index > SIZE_MAX:
        raise ValueError("not the index of a tile")
    return index


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Log entries one after the other, each behind its length in two bytes, big-endian."""
    chunks = []
    for entry in entries:
        if len(entry) > _ENTRY_BYTES_MAX:
            raise ValueError("an entry has at most 65,535 bytes")
        chunks.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(chunks)
