"""How many faults a run puts in, and the seed that draws them."""

import os
import random
from dataclasses import dataclass

# The suite is the same every time; `make faults` draws another seed each time and says which.
_SEED = 20261123


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """`count` faults, the same for the same seed."""

    count: int
    seed: int

    def random(self, salt: str) -> random.Random:
        """The source of chance of one test; `salt` keeps tests of one run apart."""
        return random.Random(f"{self.seed}/{salt}")

    def __str__(self) -> str:
        return f"make faults N={self.count} SEED={self.seed}"


def campaign(*, usual: int) -> Campaign:
    """What AWIZO_FAULTS and AWIZO_FAULTS_SEED ask for, else the `usual` number of faults under the suite's seed."""
    count, seed = os.environ.get("AWIZO_FAULTS"), os.environ.get("AWIZO_FAULTS_SEED")
    return Campaign(count=int(count) if count else usual, seed=int(seed) if seed else _SEED)
