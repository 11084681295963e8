"""Every tile of a growing tree, against RFC 9162's root and the formula of tlog-tiles."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.merkle.tile_tree import Tile, TileTree
from app.merkle.tiles import TILE_WIDTH, tile_width
from app.merkle.tree import EMPTY_ROOT, CompactRange, leaf_hash

LEAVES = [leaf_hash(index.to_bytes(4, "big")) for index in range(70_000)]


def root_of(leaves: list[bytes]) -> bytes:
    return CompactRange().extend(leaves).root()


def tiles_of(size: int) -> dict[tuple[int, int], Tile]:
    tree = TileTree()
    full = list(tree.extend(LEAVES[:size]))
    return {(tile.level, tile.index): tile for tile in full + tree.partials()}


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_the_tiles_of_a_tree_are_those_of_its_size_and_lead_to_its_root(size: int) -> None:
    tree = TileTree()
    for start in range(0, size, 1000):
        list(tree.extend(LEAVES[start : min(start + 1000, size)]))
    assert (tree.size, tree.root()) == (size, root_of(LEAVES[:size]) if size else EMPTY_ROOT)
    for (level, index), tile in tiles_of(size).items():
        assert len(tile.hashes) == tile_width(level, index, size)
        span = 256**level
        first = index * TILE_WIDTH * span
        for offset, known in enumerate(tile.hashes):
            assert known == root_of(LEAVES[first + offset * span : first + (offset + 1) * span])


def test_seventy_thousand_leaves_have_the_tiles_that_the_specification_counts() -> None:
    widths = [(level, len(tile.hashes)) for (level, _), tile in tiles_of(70_000).items()]
    counted = {pair: widths.count(pair) for pair in set(widths)}
    assert counted == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}


def test_children_come_before_their_parents() -> None:
    full = [(tile.level, tile.index) for tile in TileTree().extend(LEAVES[:65_536])]
    assert full == [*((0, index) for index in range(256)), (1, 0)]


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_tree_goes_on_from_its_partial_tiles(before: int, added: int) -> None:
    whole, first = TileTree(), TileTree()
    list(whole.extend(LEAVES[: before + added]))
    list(first.extend(LEAVES[:before]))
    open_tiles: list[tuple[bytes, ...]] = [() for _ in range(1 + max((t.level for t in first.partials()), default=0))]
    for tile in first.partials():
        open_tiles[tile.level] = tile.hashes
    resumed = TileTree(before, open_tiles)
    later = list(resumed.extend(LEAVES[before : before + added]))
    assert (resumed.size, resumed.root(), resumed.partials()) == (whole.size, whole.root(), whole.partials())
    expected = [
        tile for tile in TileTree().extend(LEAVES[: before + added]) if tile.index >= before >> 8 * (tile.level + 1)
    ]
    assert sorted(later, key=lambda t: (t.level, t.index)) == sorted(expected, key=lambda t: (t.level, t.index))


@pytest.mark.parametrize(("size", "partials"), [(1, []), (0, [[bytes(32)]]), (256, [[]]), (257, [[bytes(32)], []])])
def test_partial_tiles_that_do_not_fit_the_size_are_refused(size: int, partials: list[list[bytes]]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        TileTree(size, partials)


def test_leaves_may_come_one_by_one() -> None:
    tree = TileTree()
    given_out = list(itertools.chain.from_iterable(tree.extend([leaf]) for leaf in LEAVES[:513]))
    assert [(tile.level, tile.index) for tile in given_out] == [(0, 0), (0, 1)]
    assert given_out[1].data == b"".join(LEAVES[256:512])
    assert [(tile.level, tile.index, len(tile.hashes)) for tile in tree.partials()] == [(0, 2, 1), (1, 0, 2)]
