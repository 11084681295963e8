"""A fact: one thing that happened, as a use case states it before the evidence encoder gives it its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened. `data` holds nothing personal; every personal or guessable value stands in `sealed`.

    Keys of `data` that do not apply may be left out; a `sealed` value of None means the same as its absence.
    """

    type: str
    id: UUID
    at: datetime
    data: Mapping[str, object]
    sealed: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """The place of a fact in the chain of its notification: its number and the leaf hash of the one before."""

    notification: UUID
    n: int
    prev: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The newest checkpoint published when a fact's transaction read it (origin, tree size, root hash)."""

    origin: str
    size: int
    root: bytes
