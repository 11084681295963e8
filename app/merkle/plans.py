"""Which perfect subtrees make up an inclusion or consistency proof, as pure coordinates (RFC 9162 §2.1.3, §2.1.4).

Storage fetches the hashes of the planned nodes in whatever way suits it; `resolve` turns them into the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.merkle.tree import SIZE_MAX, fold_right


@dataclass(frozen=True, slots=True)
class Node:
    """A perfect subtree: the root over leaves `index · 2^level` up to, not including, `(index + 1) · 2^level`."""

    level: int
    index: int


Plan = tuple[tuple[Node, ...], ...]
"""For each element of a proof, in its order, the perfect subtrees that fold into it, left to right."""


def perfect_nodes(start: int, end: int) -> tuple[Node, ...]:
    """The perfect subtrees over leaves [start, end), the largest first.

    `start` must be a multiple of the smallest power of two that is not below `end - start`, as it is for every
    subtree of an RFC 9162 tree.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def inclusion_plan(index: int, size: int) -> Plan:
    """The nodes of PATH(index, D[size]), the leaf's sibling first; ValueError unless 0 ≤ index < size < 2^63."""
    if not 0 <= index < size <= SIZE_MAX:
        raise ValueError("the index of a leaf lies below the size of its tree")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            path.append(perfect_nodes(middle, end))
            end = middle
        else:
            path.append(perfect_nodes(start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_plan(old: int, new: int) -> Plan:
    """The nodes of PROOF(old, D[new]); empty for equal sizes and from the empty tree.

    Raises ValueError unless 0 ≤ old ≤ new < 2^63.
    """
    if not 0 <= old <= new <= SIZE_MAX:
        raise ValueError("consistency leads from a tree to one that is not smaller")
    if old in {0, new}:
        return ()
    path = []
    start, end = 0, new
    while end != old:
        middle = start + _left_width(end - start)
        if old <= middle:
            path.append(perfect_nodes(middle, end))
            end = middle
        else:
            path.append(perfect_nodes(start, middle))
            start = middle
    if start:
        path.append(perfect_nodes(start, end))
    return tuple(reversed(path))


def plan_nodes(*plans: Plan) -> frozenset[Node]:
    """All distinct nodes that the plans need."""
    return frozenset(node for plan in plans for element in plan for node in element)


def resolve(plan: Plan, lookup: Mapping[Node, bytes]) -> list[bytes]:
    """The proof itself; KeyError names a node that `lookup` lacks."""
    return [fold_right([lookup[node] for node in element]) for element in plan]


def _left_width(width: int) -> int:
    """The largest power of two below `width`, for `width` > 1."""
    return 1 << ((width - 1).bit_length() - 1)
