"""The Merkle tree of RFC 9162 §2.1: leaf and node hashes, and a compact range that grows without its leaves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
SIZE_MAX = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()

_SIZE_BYTES = 8


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00 ‖ entry): the hash of one leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right): the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def fold_right(hashes: Sequence[bytes]) -> bytes:
    """The hash over perfect subtrees that stand side by side, the largest first (RFC 9162 §2.1.1).

    `hashes` must not be empty.
    """
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def fold_level(hashes: Iterable[bytes]) -> list[bytes]:
    """The level above an even number of hashes: each pair becomes its parent."""
    pairs = iter(hashes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def fold_perfect(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, … hashes of one level."""
    level = list(hashes)
    while len(level) > 1:
        level = fold_level(level)
    return level[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactRange:
    """The right-hand frontier of a tree: its size and the hashes of its perfect subtrees, the largest first.

    There is one hash for each 1 in the binary form of `size`; they are all that is needed to append and to
    compute the root. Raises ValueError when they do not fit each other.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= SIZE_MAX:
            raise ValueError("a tree size lies between 0 and 2^63 - 1")
        if len(self.hashes) != self.size.bit_count() or any(len(item) != HASH_BYTES for item in self.hashes):
            raise ValueError("a compact range has one 32-byte hash for each perfect subtree")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "CompactRange":
        """The range after appending leaves, given by their leaf hashes in order.

        Works level by level: on each level a subtree left over from before stands first, pairs move up, and
        an odd one stays behind as part of the new frontier.
        """
        level = list(leaf_hashes)
        size = self.size + len(level)
        old, older = list(self.hashes), self.size
        frontier: list[bytes] = []
        while level or older:
            if older & 1:
                level.insert(0, old.pop())
            if len(level) & 1:
                frontier.append(level.pop())
            level = fold_level(level)
            older >>= 1
        return CompactRange(size=size, hashes=tuple(reversed(frontier)))

    def root(self) -> bytes:
        """The root hash of the tree; SHA-256 of nothing when it is empty."""
        return fold_right(self.hashes) if self.hashes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Size as eight bytes, big-endian, then the hashes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompactRange":
        """The range that `to_bytes` wrote; ValueError for anything else."""
        if len(data) < _SIZE_BYTES or (len(data) - _SIZE_BYTES) % HASH_BYTES:
            raise ValueError("a stored compact range is eight bytes and whole hashes")
        starts = range(_SIZE_BYTES, len(data), HASH_BYTES)
        hashes = tuple(data[start : start + HASH_BYTES] for start in starts)
        return cls(size=int.from_bytes(data[:_SIZE_BYTES], "big"), hashes=hashes)
