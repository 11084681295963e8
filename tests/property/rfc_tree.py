"""Trees and proofs by the recursive definitions of RFC 9162 §2.1, with no loop that an implementation would use."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

Hashes = tuple[bytes, ...]


class Tree:
    """MTH, PATH and PROOF (§2.1.1, §2.1.3.1, §2.1.4.1) over given leaf hashes."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.mth = cache(self._mth)
        self._perfect_paths = cache(self.paths)

    def root(self, size: int) -> bytes:
        return self.mth(0, size)

    def path(self, index: int, size: int) -> Hashes:
        """PATH(index, D[size]), the leaf's sibling first."""
        return self._path(index, 0, size)

    def paths(self, start: int, end: int) -> list[Hashes]:
        """PATH(m, D[start:end]) of each m."""
        if end - start < 2:
            return [()] * (end - start)
        middle = start + _split(end - start)
        left, right = (self.mth(start, middle),), (self.mth(middle, end),)
        # What stands on the left is perfect, and so the same in many trees.
        below = self._perfect_paths(start, middle), self.paths(middle, end)
        return [path + right for path in below[0]] + [path + left for path in below[1]]

    def proof(self, old: int, new: int) -> Hashes:
        """PROOF(old, D[new]), for 0 < old ≤ new."""
        return self._subproof(old, 0, new, whole=True)

    def _mth(self, start: int, end: int) -> bytes:
        if end - start < 2:
            return self.leaves[start] if end > start else sha256(b"").digest()
        middle = start + _split(end - start)
        return sha256(b"\x01" + self.mth(start, middle) + self.mth(middle, end)).digest()

    def _path(self, m: int, start: int, end: int) -> Hashes:
        if end - start == 1:
            return ()
        middle = start + _split(end - start)
        if m < middle:
            return (*self._path(m, start, middle), self.mth(middle, end))
        return (*self._path(m, middle, end), self.mth(start, middle))

    def _subproof(self, m: int, start: int, end: int, *, whole: bool) -> Hashes:
        if m == end - start:
            return () if whole else (self.mth(start, end),)
        middle = start + _split(end - start)
        if m <= middle - start:
            return (*self._subproof(m, start, middle, whole=whole), self.mth(middle, end))
        return (*self._subproof(m - middle + start, middle, end, whole=False), self.mth(start, middle))


def _split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
