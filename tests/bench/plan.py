"""How much is measured."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rounds` stretches of `seconds` each, ours and the floor's in turns."""

    rounds: int
    seconds: float
    warm_up_seconds: float = 1.5
    clients: int = 32
    idle_events: int = 100
    messages: int = 5_000
    warm_up_batches: int = 4
    batches: int = 32
    leaves: int = 1_000_000
    notifications: int = 1_000_000
    waiting: int = 20_000
    proofs: int = 10_000
    out: Path = Path("docs/bench")  # where rows that say more than fits in a table write it
