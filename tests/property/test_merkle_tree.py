"""The tree, its plans and its proofs against the recursive definitions of RFC 6962 §2.1."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.merkle.plans import Node, consistency_plan, inclusion_plan, perfect_nodes, plan_nodes, resolve
from app.merkle.tiles import node_in_tile, tile_of, tile_width
from app.merkle.tree import EMPTY_ROOT, SIZE_MAX, CompactRange
from app.merkle.verify import ProofError, verify_consistency, verify_inclusion

LEAVES_MAX = 257


@cache
def leaf(index: int) -> bytes:
    return sha256(b"\x00leaf %d" % index).digest()


@cache
def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end]) as the RFC defines it, by recursion."""
    if end - start == 0:
        return sha256(b"").digest()
    if end - start == 1:
        return leaf(start)
    k = split(end - start)
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def rfc_path(m: int, start: int, end: int) -> list[bytes]:
    n = end - start
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*rfc_path(m, start, start + k), mth(start + k, end)]
    return [*rfc_path(m - k, start + k, end), mth(start, start + k)]


def rfc_subproof(m: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    n = end - start
    if m == n:
        return [] if whole else [mth(start, end)]
    k = split(n)
    if m <= k:
        return [*rfc_subproof(m, start, start + k, whole=whole), mth(start + k, end)]
    return [*rfc_subproof(m - k, start + k, end, whole=False), mth(start, start + k)]


class Tiles:
    """The lookup that storage does: any node out of the tiles of a tree of `size` leaves."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __getitem__(self, node: Node) -> bytes:
        span = tile_of(node)
        width = tile_width(span.level, span.index, self.size)
        unit = 256**span.level
        first = span.index * 256
        return node_in_tile(node, [mth((first + i) * unit, (first + i + 1) * unit) for i in range(width)])


def hashes(plan: tuple[tuple[Node, ...], ...], size: int) -> list[bytes]:
    tiles = Tiles(size)
    return resolve(plan, {node: tiles[node] for node in plan_nodes(plan)})


@pytest.mark.parametrize("size", range(1, LEAVES_MAX + 1))
def test_every_leaf_of_every_small_tree_is_proven_as_the_rfc_says(size: int) -> None:
    root = mth(0, size)
    for index in range(size):
        path = hashes(inclusion_plan(index, size), size)
        assert path == rfc_path(index, 0, size)
        verify_inclusion(leaf=leaf(index), index=index, size=size, path=path, root=root)


@pytest.mark.parametrize("new", range(1, LEAVES_MAX + 1, 4))
def test_every_small_tree_begins_with_every_smaller_one(new: int) -> None:
    for old in range(1, new + 1):
        path = hashes(consistency_plan(old, new), new)
        assert path == rfc_subproof(old, 0, new, whole=True)
        verify_consistency(old_size=old, old_root=mth(0, old), new_size=new, new_root=mth(0, new), path=path)


def test_the_empty_tree_begins_every_tree_and_needs_no_proof() -> None:
    assert consistency_plan(0, 9) == ()
    verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=9, new_root=mth(0, 9), path=[])


@settings(max_examples=60)
@given(st.lists(st.integers(0, 300), max_size=5))
def test_a_tree_grown_in_any_steps_has_the_root_of_its_leaves(steps: list[int]) -> None:
    grown = CompactRange()
    for step in steps:
        grown = grown.extend(leaf(grown.size + offset) for offset in range(step))
        assert grown.root() == mth(0, grown.size)
    assert grown.size == sum(steps)
    assert CompactRange.from_bytes(grown.to_bytes()) == grown


@st.composite
def sparse_trees(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, 62).flatmap(lambda bits: st.integers(1 << (bits - 1), (1 << bits) - 1)))
    return draw(st.integers(0, size - 1)), size


def made_up(node: Node) -> bytes:
    """The hash of a perfect subtree all of whose leaves are the same: trees of any size cost nothing."""
    value = sha256(b"\x00same").digest()
    for _ in range(node.level):
        value = sha256(b"\x01" + value + value).digest()
    return value


def made_up_root(size: int) -> bytes:
    return CompactRange(size=size, hashes=tuple(made_up(node) for node in perfect_nodes(0, size))).root()


@given(sparse_trees())
def test_a_leaf_of_a_huge_tree_is_proven(tree: tuple[int, int]) -> None:
    index, size = tree
    plan = inclusion_plan(index, size)
    path = resolve(plan, {node: made_up(node) for node in plan_nodes(plan)})
    root = made_up_root(size)
    verify_inclusion(leaf=made_up(Node(0, index)), index=index, size=size, path=path, root=root)
    with pytest.raises(ProofError):
        verify_inclusion(leaf=leaf(1), index=index, size=size, path=path, root=root)


@given(sparse_trees())
def test_a_huge_tree_begins_with_any_smaller_one(tree: tuple[int, int]) -> None:
    old, new = tree
    plan = consistency_plan(old, new)
    path = resolve(plan, {node: made_up(node) for node in plan_nodes(plan)})
    verify_consistency(
        old_size=old,
        old_root=made_up_root(old),
        new_size=new,
        new_root=made_up_root(new),
        path=path,
    )


@given(sparse_trees())
def test_every_planned_node_lies_within_the_tree_and_within_one_tile(tree: tuple[int, int]) -> None:
    index, size = tree
    for node in plan_nodes(inclusion_plan(index, size), consistency_plan(index, size)):
        assert (node.index + 1) << node.level <= size
        span = tile_of(node)
        assert span.offset + span.width <= tile_width(span.level, span.index, size) <= 256


def test_proofs_reach_to_the_largest_size() -> None:
    assert len(inclusion_plan(SIZE_MAX - 1, SIZE_MAX)) == 62
    assert len(inclusion_plan(0, SIZE_MAX)) == 63


@given(st.integers(1, LEAVES_MAX), st.data())
def test_a_path_with_a_flipped_bit_proves_nothing(size: int, data: st.DataObject) -> None:
    assume(size > 1)
    index = data.draw(st.integers(0, size - 1))
    path = hashes(inclusion_plan(index, size), size)
    place = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    path[place] = bytes(byte ^ (1 << bit % 8 if i == bit // 8 else 0) for i, byte in enumerate(path[place]))
    with pytest.raises(ProofError):
        verify_inclusion(leaf=leaf(index), index=index, size=size, path=path, root=mth(0, size))


@given(st.integers(2, LEAVES_MAX), st.data())
def test_no_leaf_is_proven_at_another_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size + 3).filter(lambda value: value != index))
    path = hashes(inclusion_plan(index, size), size)
    with pytest.raises(ProofError):
        verify_inclusion(leaf=leaf(index), index=other, size=size, path=path, root=mth(0, size))


@given(st.integers(3, LEAVES_MAX), st.data())
def test_a_changed_tree_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    path = hashes(consistency_plan(old, new), new)
    forged = sha256(b"forged").digest()
    for old_root, new_root in ((forged, mth(0, new)), (mth(0, old), forged)):
        with pytest.raises(ProofError):
            verify_consistency(old_size=old, old_root=old_root, new_size=new, new_root=new_root, path=path)
    for changed in (path[:-1], [*path, forged]):
        with pytest.raises(ProofError):
            verify_consistency(old_size=old, old_root=mth(0, old), new_size=new, new_root=mth(0, new), path=changed)
