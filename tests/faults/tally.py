"""What a campaign on one engine did and found, and the table that says so."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.reading import Broken

_SHOWN_MAX = 40


@dataclass(slots=True, kw_only=True)
class Tally:
    """`planned` and `reached` count by the names of points; `counts` everything else by its name in the table."""

    engine: str
    seed: int
    kills: int = 0
    deployments: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    expected_faults: set[str] = field(default_factory=set)
    broken: list[Broken] = field(default_factory=list)
    seconds: float = 0.0
    memory_max: int = 0

    @property
    def missed_points(self) -> list[str]:
        """The points that it meant to reach and has not so far."""
        return [name for name in self.planned if not self.reached[name]]

    @property
    def missed(self) -> list[str]:
        """The points and faults that it meant to reach and never did."""
        return self.missed_points + sorted(name for name in self.expected_faults if not self.faults[name])

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.missed

    @property
    def harm(self) -> Counter[str]:
        """What must be 0: accepted events that were lost or doubled, copies too many, and all that broke."""
        broken = Counter(each.invariant for each in self.broken)
        return Counter({"LOST": broken["1"], "DUPLICATES": broken["3"], "BROKEN IN ALL": broken.total()})

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "engine": self.engine,
            "seed": self.seed,
            "kills": self.kills,
            "deployments": self.deployments,
            "seconds": round(self.seconds),
            "memory_max_mib": self.memory_max >> 20,
            "harm": dict(self.harm),
            "counts": dict(sorted(self.counts.items())),
            "faults": dict(sorted(self.faults.items())),
            "points": dict(sorted(self.reached.items())),
            "missed": self.missed,
            "broken": [str(broken) for broken in self.broken],
        }

    def table(self) -> str:
        """For a person."""
        lines = [f"{self.engine}, seed {self.seed}: {self.kills} kills in {self.seconds / 60:.1f} min"]
        sections = {"": Counter({**self.counts, **self.harm}), "faults": self.faults, "killed at": self.reached}
        for title, counts in sections.items():
            lines += [f"  {title}"] if title else []
            lines += [f"    {name:<40} {count:>8}" for name, count in sorted(counts.items())]
        lines += [f"  NEVER REACHED: {name}" for name in self.missed]
        lines += [f"  BROKEN: {broken}" for broken in self.broken[:_SHOWN_MAX]]
        if len(self.broken) > _SHOWN_MAX:
            lines.append(f"  … and {len(self.broken) - _SHOWN_MAX} more")
        return "\n".join(lines) + "\n"
