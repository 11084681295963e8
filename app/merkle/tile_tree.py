"""A tree that grows from its leaf hashes and gives every tile (c2sp.org/tlog-tiles) as soon as it is full."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.merkle.tiles import TILE_WIDTH
from app.merkle.tree import EMPTY_ROOT, CompactRange, fold_perfect, fold_right


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """The hashes of one tile: 256, or 1 to 255 while it is partial."""

    level: int
    index: int
    hashes: tuple[bytes, ...]

    @property
    def data(self) -> bytes:
        """The tile as it is published."""
        return b"".join(self.hashes)


class TileTree:
    """Holds no more than the partial tiles of each level, whatever the number of leaves."""

    def __init__(self, size: int = 0, partials: Sequence[Sequence[bytes]] = ()) -> None:
        """A tree of `size` leaves; `partials` are the hashes of its partial tile on each level from 0 on, [] for none.

        Raises ValueError when there are not as many hashes as the size asks for.
        """
        self._full: list[int] = []
        self._open: list[list[bytes]] = []
        rest = size
        for hashes in partials or [[]]:
            if len(hashes) != rest % TILE_WIDTH:
                raise ValueError("the partial tiles do not fit the size of the tree")
            rest //= TILE_WIDTH
            self._full.append(rest)
            self._open.append(list(hashes))
        if rest:
            raise ValueError("the partial tiles do not fit the size of the tree")

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._full[0] * TILE_WIDTH + len(self._open[0])

    def extend(self, leaf_hashes: Iterable[bytes]) -> Iterator[Tile]:
        """Append leaves; the tiles that became full, children before parents. Exhaust it before the next call."""
        self._open[0] += leaf_hashes
        level = 0
        while level < len(self._open):
            hashes = self._open[level]
            while len(hashes) >= TILE_WIDTH:
                tile = Tile(level=level, index=self._full[level], hashes=tuple(hashes[:TILE_WIDTH]))
                del hashes[:TILE_WIDTH]
                self._full[level] += 1
                if level + 1 == len(self._open):
                    self._open.append([])
                    self._full.append(0)
                self._open[level + 1].append(fold_perfect(tile.hashes))
                yield tile
            level += 1

    def partials(self) -> list[Tile]:
        """The partial tiles, the lowest level first."""
        return [
            Tile(level=level, index=self._full[level], hashes=tuple(hashes))
            for level, hashes in enumerate(self._open)
            if hashes
        ]

    def root(self) -> bytes:
        """The root hash; SHA-256 of nothing when there are no leaves."""
        subtrees = [node for hashes in reversed(self._open) for node in CompactRange().extend(hashes).hashes]
        return fold_right(subtrees) if subtrees else EMPTY_ROOT
