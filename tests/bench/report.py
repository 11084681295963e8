"""Rows of the result, as a table for people and as JSON for programs."""

import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


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
class Waiting:
    """How long something took, in milliseconds; it has no floor."""

    what: str
    database: str
    milliseconds: Sequence[float]
    aim: str

    def percentile(self, share: float) -> float:
        """The nearest-rank percentile."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)]

    def as_json(self) -> dict[str, Any]:
        percentiles = {f"p{share * 100:.0f}": self.percentile(share) for share in (0.5, 0.95, 0.99)}
        return _rounded(
            {"what": self.what, "database": self.database, "aim": self.aim, "unit": "ms", **percentiles}
        ) | {"samples": len(self.milliseconds)}

    def cells(self) -> list[str]:
        ours = ", ".join(f"p{share * 100:.0f} {self.percentile(share):.0f} ms" for share in (0.5, 0.95, 0.99))
        return [self.what, self.database, ours, "–", "–", self.aim]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How many bytes something has; it has no floor."""

    what: str
    database: str
    bytes: float
    aim: str

    def as_json(self) -> dict[str, Any]:
        return _rounded(asdict(self)) | {"unit": "B"}

    def cells(self) -> list[str]:
        return [self.what, self.database, f"{self.bytes:,.0f} B", "–", "–", self.aim]


Row = Ratio | Waiting | Weight
_HEAD = ["what", "database", "awizo", "floor, same run", "ratio: median (min–max)", "aim"]


def as_table(rows: Sequence[Row]) -> str:
    """A Markdown table, its columns aligned."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(texts) + "\n"


def as_json(rows: Sequence[Row], *, seconds: float, load_before: float) -> str:
    """Every figure, and what machine it comes from. `load_before` is the system's load before the run."""
    machine = {
        "cpus": os.cpu_count(),
        "load_before": round(load_before, 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
    }
    document = {"machine": machine, "seconds": round(seconds), "rows": [row.as_json() for row in rows]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rounded(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _round(value) for name, value in members.items()}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3 if value < 10 else 1)
    if isinstance(value, dict):
        return _rounded(value)
    return [_round(item) for item in value] if isinstance(value, list | tuple) else value
