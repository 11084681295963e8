"""Lanes: which notifications wait behind each other (see `app.storage.turns`)."""

from app.storage.vault import Vault

# A lane is a number of 63 bits: above whose it is, below which of theirs. Both come from keyed indexes: a source's name
# is the operator's own, and stands nowhere else in the clear.
SOURCE_BITS = 32


def lane_of(vault: Vault, operator: str, source: str | None) -> int:
    """The lane of what that operator's source has told; of what no source has, the operator's own."""
    above, below = vault.index("lane", operator), vault.index("lane", operator, source or "")
    return int.from_bytes(above[:4], "big") >> 1 << SOURCE_BITS | int.from_bytes(below[:4], "big")
