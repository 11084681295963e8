import pytest

from app.merkle.plans import Node, consistency_plan, inclusion_plan
from app.merkle.tiles import entry_bundle, format_tile_index, node_in_tile, parse_tile_index, tile_path, tile_width
from app.merkle.tree import EMPTY_ROOT, CompactRange, leaf_hash, node_hash
from app.merkle.verify import ProofError, verify_consistency, verify_inclusion

# The trees of certificate-transparency test data: https://github.com/google/certificate-transparency, merkle_tree_test.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOT_OF_EIGHT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")


def test_the_root_of_a_known_tree_is_the_known_root() -> None:
    assert CompactRange().extend(map(leaf_hash, ENTRIES)).root() == ROOT_OF_EIGHT


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert CompactRange().root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_leaf_and_a_node_of_the_same_bytes_differ() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 9, b"\0" * 40, b"\0" * 7 + b"\1", b"\xff" * 2056])
def test_bytes_that_are_no_compact_range_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"compact range|tree size"):
        CompactRange.from_bytes(data)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0), (0, 2**63)])
def test_no_inclusion_is_planned_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="below the size"):
        inclusion_plan(index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 4), (5, 4), (1, 2**63)])
def test_no_consistency_is_planned_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="not smaller"):
        consistency_plan(old, new)


def test_a_path_element_of_another_length_is_refused() -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        verify_inclusion(leaf=EMPTY_ROOT, index=0, size=2, path=[b"short"], root=EMPTY_ROOT)


def test_trees_of_one_size_with_two_roots_are_a_fork() -> None:
    with pytest.raises(ProofError, match="of one size differ"):
        verify_consistency(old_size=3, old_root=EMPTY_ROOT, new_size=3, new_root=ROOT_OF_EIGHT, path=[])


def test_a_path_that_is_too_long_or_too_short_is_refused() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    root = node_hash(*leaves)
    with pytest.raises(ProofError, match="too long"):
        verify_inclusion(leaf=leaves[0], index=0, size=2, path=[leaves[1], root], root=root)
    with pytest.raises(ProofError, match="too short"):
        verify_inclusion(leaf=leaves[0], index=0, size=2, path=[], root=root)
    with pytest.raises(ProofError, match="below the size"):
        verify_inclusion(leaf=leaves[0], index=2, size=2, path=[leaves[1]], root=root)


def test_a_tree_of_one_size_needs_no_path() -> None:
    with pytest.raises(ProofError, match="too long"):
        verify_consistency(old_size=8, old_root=ROOT_OF_EIGHT, new_size=8, new_root=ROOT_OF_EIGHT, path=[EMPTY_ROOT])


def test_a_tree_does_not_shrink() -> None:
    with pytest.raises(ProofError, match="larger"):
        verify_consistency(old_size=4, old_root=EMPTY_ROOT, new_size=3, new_root=EMPTY_ROOT, path=[])


def test_widths_of_tiles_are_those_of_the_specification() -> None:
    size = 70_000
    assert [tile_width(0, index, size) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tile_width(1, 0, size), tile_width(1, 1, size), tile_width(2, 0, size)] == [256, 17, 1]
    assert [tile_width(0, 0, 256), tile_width(1, 0, 256)] == [256, 1]


def test_tile_paths_are_those_of_the_specification() -> None:
    assert format_tile_index(1234067) == "x001/x234/067"
    assert tile_path(0, 5) == "tile/0/005"
    assert tile_path("entries", 1234067, 112) == "tile/entries/x001/x234/067.p/112"


@pytest.mark.parametrize("index", [0, 7, 999, 1000, 1234067, 2**55 - 1])
def test_a_tile_index_is_read_as_it_is_written(index: int) -> None:
    assert parse_tile_index(format_tile_index(index)) == index


@pytest.mark.parametrize(
    "path", ["", "1", "0001", "x001", "x000/001", "001/002", "x001/x002", "../001", "００１", "001\n"]
)
def test_another_form_of_a_tile_index_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not the index"):
        parse_tile_index(path)


def test_a_node_outside_a_partial_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="does not reach"):
        node_in_tile(Node(1, 1), [EMPTY_ROOT] * 3)


def test_an_entry_bundle_prefixes_each_entry_with_its_length() -> None:
    assert entry_bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"
    with pytest.raises(ValueError, match="65,535"):
        entry_bundle([b"x" * 65_536])
