"""Every proof of every small tree, against the recursive definitions of RFC 9162 §2.1, and out of a real database."""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from app.evidence.fact import entry_bytes
from app.merkle.plans import Node, Plan, consistency_plan, inclusion_plan, plan_nodes, resolve
from app.merkle.tree import EMPTY_ROOT
from app.merkle.verify import ProofError, verify_consistency, verify_inclusion
from app.ports import Surroundings
from app.storage import log
from app.storage.database import Database
from tests.integration.ledger import new_ledger
from tests.property.rfc_tree import Hashes, Tree
from tests.second_formats import Head, is_consistent, root_by_path

SIZE_MAX, PAIRS_MAX, BLOCK = 1025, 128, 114
# Around each full tile every size, between them one in seven.
STORED_SIZES = sorted(
    {size for edge in (0, 256, 512, 768, 1024) for size in range(edge - 2, edge + 3) if 0 <= size <= SIZE_MAX}
    | set(range(0, SIZE_MAX + 1, 7))
)


@cache
def tree() -> Tree:
    return Tree([sha256(b"\x00leaf %d" % index).digest() for index in range(SIZE_MAX)])


@cache
def nodes() -> Mapping[Node, bytes]:
    """Every perfect subtree: they are the same in all sizes."""
    levels = range(SIZE_MAX.bit_length())
    return {
        Node(level, index): tree().mth(index << level, (index + 1) << level)
        for level in levels
        for index in range(SIZE_MAX >> level)
    }


def check_inclusion(known: Tree, lookup: Mapping[Node, bytes], size: int) -> int:
    """Prove and verify every leaf of the tree of `size`; how many proofs that were."""
    root, expected = known.root(size), known.paths(0, size)
    for index in range(size):
        path = resolve(inclusion_plan(index, size), lookup)
        assert tuple(path) == expected[index]
        verify_inclusion(leaf=known.leaves[index], index=index, size=size, path=path, root=root)
    return len(expected)


def check_consistency(known: Tree, lookup: Mapping[Node, bytes], old: int, new: int) -> Hashes:
    path = tuple(resolve(consistency_plan(old, new), lookup))
    assert path == (known.proof(old, new) if old else ())
    verify_consistency(old_size=old, old_root=known.root(old), new_size=new, new_root=known.root(new), path=path)
    return path


def head(size: int) -> Head:
    return Head(origin="log", size=size, root=tree().root(size))


def pairs() -> Iterator[tuple[int, int]]:
    return ((old, new) for new in range(PAIRS_MAX + 1) for old in range(new + 1))


@pytest.mark.parametrize("start", range(0, SIZE_MAX + 1, BLOCK))
def test_every_leaf_of_every_tree_to_1025_leaves_is_proven(start: int) -> None:
    for size in range(start, min(start + BLOCK, SIZE_MAX + 1)):
        assert check_inclusion(tree(), nodes(), size) == size


def test_the_blocks_of_sizes_leave_none_out() -> None:
    blocks = [range(start, min(start + BLOCK, SIZE_MAX + 1)) for start in range(0, SIZE_MAX + 1, BLOCK)]
    assert [size for block in blocks for size in block] == list(range(1026))


def test_the_empty_tree_has_no_leaf_to_prove() -> None:
    with pytest.raises(ValueError, match="below the size"):
        inclusion_plan(0, 0)
    with pytest.raises(ProofError):
        verify_inclusion(leaf=tree().leaves[0], index=0, size=0, path=[], root=EMPTY_ROOT)


def test_every_tree_to_128_leaves_begins_with_every_smaller_one() -> None:
    for old, new in pairs():
        check_consistency(tree(), nodes(), old, new)


def test_one_tree_in_sixteen_to_1025_leaves_begins_with_every_smaller_one() -> None:
    for new in range(PAIRS_MAX + 1, SIZE_MAX + 1, 16):
        for old in range(new + 1):
            check_consistency(tree(), nodes(), old, new)


def test_the_second_verifier_finds_the_same_in_every_tree_to_128_leaves() -> None:
    for size in range(1, PAIRS_MAX + 1):
        for index, path in enumerate(tree().paths(0, size)):
            assert root_by_path(index, size, tree().leaves[index], path) == tree().root(size)
    for old, new in pairs():
        assert is_consistent(head(old), head(new), tree().proof(old, new) if old else ())


def test_no_proof_of_a_tree_to_128_leaves_holds_for_another_leaf_size_or_length() -> None:
    for size in range(1, PAIRS_MAX + 1):
        root = tree().root(size)
        for index, path in enumerate(tree().paths(0, size)):
            leaf = tree().leaves[index]
            wrong = [
                (leaf, index + 1, size, path, root),
                (leaf, index - 1, size, path, root),
                (tree().leaves[index + 1], index, size, path, root),
                (leaf, index, size, path, tree().root(size + 1)),
                (leaf, index, size, (*path, leaf), root),
                (leaf, index, size, path[:-1], root),
                (leaf, index, size, path[1:], root),
            ]
            for given in wrong if path else wrong[:5]:
                assert not includes(*given)


def includes(leaf: bytes, index: int, size: int, path: Hashes, root: bytes) -> bool:
    try:
        verify_inclusion(leaf=leaf, index=index, size=size, path=path, root=root)
    except ProofError:
        return False
    return True


def test_no_consistency_proof_of_a_tree_to_128_leaves_holds_for_another_tree() -> None:
    for old, new in pairs():
        if old == 0:
            continue
        path, older, newer = tree().proof(old, new), tree().root(old), tree().root(new)
        other = tree().root(new + 1)
        wrong = [
            (old, other, new, newer, path),
            (old, older, new, other, path),
            (old, older, new, newer, (*path, other)),
            (old - 1, tree().root(old - 1), new, newer, path),
            (old, older, new, newer, path[:-1]),
        ]
        for given in wrong if path else wrong[:3]:
            assert not begins(*given)


def begins(old: int, old_root: bytes, new: int, new_root: bytes, path: Hashes) -> bool:
    try:
        verify_consistency(old_size=old, old_root=old_root, new_size=new, new_root=new_root, path=path)
    except ProofError:
        return False
    return True


@pytest.fixture
async def stored(database: Database, surroundings: Surroundings, tmp_path: Path) -> Tree:
    """A log of 1,025 entries in the database, sealed in uneven steps."""
    await new_ledger(database, surroundings, tmp_path).seal(100, 155, 1, 200, 511, 57)
    async with database.read() as tx:
        commitments = await log.commitments(tx, "2026h2", 0, SIZE_MAX + 1)
    assert len(commitments) == SIZE_MAX
    return Tree([sha256(b"\x00" + entry_bytes(commitment)).digest() for commitment in commitments])


async def test_stored_tiles_prove_every_leaf_whatever_the_size(stored: Tree, database: Database) -> None:
    async with database.read() as tx:
        for size in STORED_SIZES:
            plans = [inclusion_plan(index, size) for index in range(size)]
            found = await log.node_hashes(tx, "2026h2", size, plan_nodes(*plans))
            assert check_inclusion(stored, found, size) == size
            assert (await log.compact_range(tx, "2026h2", size)).root() == stored.root(size)


async def test_stored_tiles_prove_that_the_log_only_grew(stored: Tree, database: Database) -> None:
    plans: dict[tuple[int, int], Plan] = {
        (old, new): consistency_plan(old, new) for new in STORED_SIZES for old in STORED_SIZES if old <= new
    }
    async with database.read() as tx:
        for new in STORED_SIZES:
            wanted = [plans[old, new] for old in STORED_SIZES if old <= new]
            found = await log.node_hashes(tx, "2026h2", new, plan_nodes(*wanted))
            for old in STORED_SIZES:
                if old <= new:
                    check_consistency(stored, found, old, new)
