"""What the path of a tile says (c2sp.org/tlog-tiles), read from a request or from the name of a file."""

import re
from dataclasses import dataclass

from app.merkle.tiles import TILE_WIDTH, parse_tile_index, tile_width

LEVEL_MAX = 63

_PATH = re.compile(r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>[x0-9/]+)(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePath:
    """A tile, or (`entries`, at level 0) the bundle of its entries; `width` is below 256 when it is partial."""

    level: int
    index: int
    width: int
    entries: bool

    @property
    def is_full(self) -> bool:
        """Whether the path names a full tile."""
        return self.width == TILE_WIDTH

    def is_in(self, size: int) -> bool:
        """Whether the tree of `size` leaves has exactly this tile, full or partial."""
        return tile_width(self.level, self.index, size) == self.width

    def is_within(self, size: int) -> bool:
        """Whether the tree of `size` leaves or a smaller one has this tile, and has not filled it if it is partial."""
        width = tile_width(self.level, self.index, size)
        return width == self.width or self.width < width < TILE_WIDTH


def parse_tile_path(path: str) -> TilePath:
    """The tile that `app.merkle.tiles.tile_path` named so; ValueError for any other text."""
    parts = _PATH.fullmatch(path)
    if parts is None:
        raise ValueError("not the path of a tile")
    entries = parts["level"] == "entries"
    level = 0 if entries else int(parts["level"])
    width = int(parts["width"]) if parts["width"] else TILE_WIDTH
    if level > LEVEL_MAX or (parts["width"] and width >= TILE_WIDTH):
        raise ValueError("not the path of a tile")
    return TilePath(level=level, index=parse_tile_index(parts["index"]), width=width, entries=entries)
