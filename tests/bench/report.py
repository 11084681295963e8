"""Rows of the result: what was measured, how it reads in a table, and how much of its aim it reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Ours and the floor's rates, measured in turns: `ours[i]` and `floor[i]` stand side by side in time."""

    what: str
    database: str
    floor_is: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float]
    aim: float
    more: dict[str, float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def reached(self) -> float:
        """The ratio divided by its aim: 1 and more reaches it."""
        return median(self.ratios) / self.aim

    @property
    def said(self) -> str:
        return f"{median(self.ratios):.2f} of the floor"

    def as_json(self) -> dict[str, Any]:
        """With medians, and the spread of the ratio from least to most."""
        return _rounded(
            {
                **asdict(self),
                "ours_median": median(self.ours),
                "floor_median": median(self.floor),
                "ratio": median(self.ratios),
                "ratio_min": min(self.ratios),
                "ratio_max": max(self.ratios),
            }
        )

    def cells(self) -> list[str]:
        ratio = f"{median(self.ratios):.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f})"
        ours, floor = f"{median(self.ours):,.0f} {self.unit}", f"{median(self.floor):,.0f} {self.unit}"
        return [self.what, self.database, ours, f"{floor} ({self.floor_is})", ratio, f"≥ {self.aim}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much a second, against a number. `peer` says what somebody else published: it was not measured by us."""

    what: str
    database: str
    unit: str
    ours: Sequence[float]
    peer: str
    aim: float
    more: dict[str, float] = field(default_factory=dict)

    @property
    def reached(self) -> float:
        return median(self.ours) / self.aim

    @property
    def said(self) -> str:
        return f"{median(self.ours):,.0f} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        return _rounded({**asdict(self), "ours_median": median(self.ours)})

    def cells(self) -> list[str]:
        ours = f"{median(self.ours):,.0f} {self.unit} ({min(self.ours):,.0f}–{max(self.ours):,.0f})"
        return [self.what, self.database, ours, f"{self.peer} (theirs, not measured by us)", "–", f"≥ {self.aim:,.0f}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long something took, in milliseconds; it has no floor. `aims` are the most that percentiles may be."""

    what: str
    database: str
    milliseconds: Sequence[float]
    aims: Mapping[float, float]

    def percentile(self, share: float) -> float:
        """The nearest-rank percentile."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]

    @property
    def reached(self) -> float:
        return min(most / self.percentile(share) for share, most in self.aims.items())

    @property
    def said(self) -> str:
        return ", ".join(f"p{share * 100:.0f} {self.percentile(share):,.0f} ms" for share in self.aims)

    def as_json(self) -> dict[str, Any]:
        percentiles = {f"p{share * 100:.0f}": self.percentile(share) for share in (0.5, 0.95, 0.99)}
        aims = {f"p{share * 100:.0f}": most for share, most in self.aims.items()}
        return _rounded({"what": self.what, "database": self.database, "aims": aims, "unit": "ms", **percentiles}) | {
            "samples": len(self.milliseconds)
        }

    def cells(self) -> list[str]:
        ours = ", ".join(f"p{share * 100:.0f} {self.percentile(share):.0f} ms" for share in (0.5, 0.95, 0.99))
        aims = ", ".join(f"p{share * 100:.0f} ≤ {most:,.0f} ms" for share, most in self.aims.items())
        return [self.what, self.database, ours, "–", "–", aims]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How long something takes beside something else, in milliseconds: `ours[i]` and `floor[i]` were taken in turns.

    `most` is how many times as long ours may take, by the medians of the rounds.
    """

    what: str
    database: str
    floor_is: str
    ours: Sequence[Sequence[float]]
    floor: Sequence[Sequence[float]]
    most: float

    @property
    def ratios(self) -> list[float]:
        return [median(ours) / median(floor) for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def reached(self) -> float:
        return self.most / median(self.ratios)

    @property
    def said(self) -> str:
        return f"{median(self.ratios):.1f} times the floor"

    def as_json(self) -> dict[str, Any]:
        """With the percentiles of all rounds together."""
        figures = {"ours": _percentiles(self.ours), "floor": _percentiles(self.floor)}
        named = {"what": self.what, "database": self.database, "floor_is": self.floor_is, "unit": "ms"}
        ratios = {"ratio": median(self.ratios), "ratio_min": min(self.ratios), "ratio_max": max(self.ratios)}
        return _rounded({**named, **figures, **ratios, "most": self.most}) | {"samples": sum(map(len, self.ours))}

    def cells(self) -> list[str]:
        ours, floor = (
            ", ".join(f"{name} {value:.1f} ms" for name, value in _percentiles(each).items())
            for each in (self.ours, self.floor)
        )
        ratio = f"{median(self.ratios):.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f})"
        return [self.what, self.database, ours, f"{floor} ({self.floor_is})", ratio, f"≤ {self.most:g}"]


def _percentiles(rounds: Sequence[Sequence[float]]) -> dict[str, float]:
    """Nearest-rank percentiles of all rounds together."""
    ordered = sorted(value for each in rounds for value in each)
    return {f"p{share}": ordered[max(0, -(-len(ordered) * share // 100) - 1)] for share in (50, 95)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How many bytes something has, and the most it may have."""

    what: str
    database: str
    bytes: float
    most: float

    @property
    def reached(self) -> float:
        return self.most / self.bytes

    @property
    def said(self) -> str:
        return _size(self.bytes)

    def as_json(self) -> dict[str, Any]:
        return _rounded(asdict(self)) | {"unit": "B"}

    def cells(self) -> list[str]:
        return [self.what, self.database, _size(self.bytes), "–", "–", f"≤ {_size(self.most)}"]


Row = Ratio | Rate | Waiting | Beside | Weight


def _size(count: float) -> str:
    return f"{count / _MEBIBYTE:,.0f} MiB" if count >= _MEBIBYTE else f"{count:,.0f} B"


def _rounded(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _round(value) for name, value in members.items()}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3 if value < 10 else 1)
    if isinstance(value, dict):
        return _rounded(value)
    return [_round(item) for item in value] if isinstance(value, list | tuple) else value
