"""Checking inclusion and consistency proofs, as RFC 9162 §2.1.3.2 and §2.1.4.2 lay down."""

from collections.abc import Iterator, Sequence

from app.merkle.tree import EMPTY_ROOT, HASH_BYTES, SIZE_MAX, node_hash


class ProofError(ValueError):
    """A proof does not show what it should; the text says why in one clause."""


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return when `path` proves that `leaf` (a leaf hash) stands at `index` of the tree of `size` with `root`.

    Raises ProofError otherwise.
    """
    if not 0 <= index < size <= SIZE_MAX:
        raise ProofError("the index is not below the size of the tree")
    position, last, computed = index, size - 1, leaf
    for element in _hashes(path):
        if last == 0:
            raise ProofError("the inclusion path is too long")
        if position & 1 or position == last:
            computed = node_hash(element, computed)
            position, last = _skip_to_right_turn(position, last)
        else:
            computed = node_hash(computed, element)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion path is too short")
    if computed != root:
        raise ProofError("the inclusion path does not lead to the root hash")


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return when `path` proves that the tree of `new_size` begins with the tree of `old_size`; else ProofError.

    Equal sizes and the empty tree need, and allow, no path.
    """
    if not 0 <= old_size <= new_size <= SIZE_MAX:
        raise ProofError("the older tree is larger than the newer one")
    if old_size in {0, new_size}:
        _verify_trivial(old_size=old_size, old_root=old_root, new_root=new_root, path=path)
        return
    elements = _hashes(path)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    start = old_root if position == 0 else next(elements, b"")
    old, new = start, start
    for element in elements:
        if last == 0:
            raise ProofError("the consistency path is too long")
        if position & 1 or position == last:
            old, new = node_hash(element, old), node_hash(element, new)
            position, last = _skip_to_right_turn(position, last)
        else:
            new = node_hash(new, element)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency path is too short")
    if old != old_root:
        raise ProofError("the consistency path does not lead to the older root hash")
    if new != new_root:
        raise ProofError("the consistency path does not lead to the newer root hash")


def _verify_trivial(*, old_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    if path:
        raise ProofError("the consistency path is too long")
    if old_root != (EMPTY_ROOT if old_size == 0 else new_root):
        raise ProofError("the root hashes of two trees of one size differ")


def _skip_to_right_turn(position: int, last: int) -> tuple[int, int]:
    """Climb from a right border until the node is a right child, or the top is reached (§2.1.3.2 step 4.2.2)."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _hashes(path: Sequence[bytes]) -> Iterator[bytes]:
    for element in path:
        if len(element) != HASH_BYTES:
            raise ProofError("an element of the path is not 32 bytes long")
        yield element
