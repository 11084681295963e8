"""Paths of tiles, canonical only, and which tiles a tree of a given size has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.merkle.tile_paths import TilePath, parse_tile_path
from app.merkle.tiles import TILE_WIDTH, tile_path


@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, TILE_WIDTH), st.booleans())
def test_every_path_that_is_written_is_read_back(level: int, index: int, width: int, entries: bool) -> None:
    level = 0 if entries else level
    path = tile_path("entries" if entries else level, index, width)
    assert parse_tile_path(path) == TilePath(level=level, index=index, width=width, entries=entries)


@given(st.text(alphabet="tile/ntrsx0123456789.p", max_size=30))
def test_nothing_but_the_one_path_of_a_tile_is_read(path: str) -> None:
    try:
        read = parse_tile_path(path)
    except ValueError:
        return
    assert path == tile_path("entries" if read.entries else read.level, read.index, read.width)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
        "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/0/x000/001", "tile/0/001/067", "tile/0/x001/x067",
        "tile/0/x001", "/tile/0/000", "tile/0/000/", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
        "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/999", "tile/0/000.p/1/1",
        "tile/0/000.p/1.p/1", "tile/entries/0/000", "tile/Entries/000", "tile/0/٠٠٠", "tile/0/000\n", "tile/0/000 ",
        "tile/0//000", "tile/0/../0/000", "tile//000", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/data/000",
        "tile/0/000.P/1",
    ],
)  # fmt: skip
def test_other_ways_to_write_it_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not the"):
        parse_tile_path(path)


def within(path: str, size: int) -> bool:
    return parse_tile_path(path).is_within(size)


def test_a_partial_tile_is_there_until_its_tile_is_full() -> None:
    assert [within("tile/0/000.p/5", size) for size in (0, 4, 5, 6, 255, 256, 1000)] == [
        False, False, True, True, True, False, False,
    ]  # fmt: skip
    assert [within("tile/0/000", size) for size in (0, 255, 256, 257)] == [False, False, True, True]


def test_a_tree_of_256_leaves_has_a_full_tile_and_a_partial_one_above_it() -> None:
    assert within("tile/1/000.p/1", 256)
    assert not within("tile/1/000.p/1", 255)
    assert not within("tile/1/000.p/2", 256)
    assert not within("tile/2/000.p/1", 256)


def test_a_static_copy_has_the_last_partials_only() -> None:
    partial = parse_tile_path("tile/0/000.p/5")
    assert [partial.is_in(size) for size in (4, 5, 6, 256)] == [False, True, False, False]
    assert parse_tile_path("tile/63/000").is_in(2**63 - 1) is False
