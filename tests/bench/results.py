"""What is kept of a run: rows that replace older ones of their name, each with its own date, version and machine."""

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.plot import plot
from tests.bench.report import Row

_ROOT = Path(__file__).parents[2]
_HEAD = ["what", "database", "awizo", "floor, same run", "ratio: median (min–max)", "aim", "measured"]

Entry = dict[str, Any]


def entry(name: str, row: Row, *, machine: str, version: str) -> Entry:
    """One row of the result. `name` is what the row is chosen by."""
    return {
        "row": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version,
        "machine": machine,
        **row.as_json(),
        "reached": round(row.reached, 3),
        "said": row.said,
        "cells": row.cells(),
    }


def merged(old: Iterable[Entry], new: Sequence[Entry], order: Sequence[str]) -> list[Entry]:
    """`new`, and those of `old` whose row was not measured again on that database; in the order of names."""
    again = {(each["row"], _engine(each)) for each in new}
    kept = [each for each in old if each["row"] in order and (each["row"], _engine(each)) not in again]
    return sorted([*kept, *new], key=lambda each: (order.index(each["row"]), _engine(each)))


def write(directory: Path, entries: Sequence[Entry]) -> None:
    """`results.json` for programs, `results.md` for people, `ratios.svg` for those who look first."""
    directory.mkdir(parents=True, exist_ok=True)
    document = json.dumps({"rows": entries}, indent=2, ensure_ascii=False)
    (directory / "results.json").write_text(document + "\n")
    (directory / "results.md").write_text(as_page(entries))
    (directory / "ratios.svg").write_text(plot(entries))


def read(directory: Path) -> list[Entry]:
    """The rows that an earlier run left; none when there was none."""
    try:
        entries: list[Entry] = json.loads((directory / "results.json").read_text())["rows"]
    except FileNotFoundError:
        return []
    return entries


def as_page(entries: Sequence[Entry]) -> str:
    """The table, and below it on which machines its rows were measured."""
    machines = list(dict.fromkeys(each["machine"] for each in entries))
    marks = {machine: f"[{number}]" if len(machines) > 1 else "" for number, machine in enumerate(machines, start=1)}
    lines = [
        [*each["cells"], f"{each['measured_at'][:10]}, {each['version']} {marks[each['machine']]}".strip()]
        for each in entries
    ]
    below = "\n".join(f"- {marks[machine]} {machine}".replace("  ", " ") for machine in machines)
    return f"# Results\n\nWritten by `make bench`; [how each row is measured](README.md).\n\n{_table(lines)}\n{below}\n"


def _table(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned."""
    whole = [_HEAD, *lines]
    widths = [max(len(line[column]) for line in whole) for column in range(len(_HEAD))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in whole
    ]
    texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(texts) + "\n"


def machine_line(*, postgres: str | None) -> str:
    """What ran it. The system's load is that before the run: other work would spoil the figures."""
    parts = [
        f"{os.cpu_count()} CPUs ({_cpu_model()})",
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *([f"PostgreSQL {postgres}"] if postgres else []),
        f"load before {os.getloadavg()[0]:.1f}",
    ]
    return ", ".join(parts)


def version() -> str:
    """The commit that is checked out, with a plus when files differ from it; `unknown` outside of a repository."""
    try:
        commit = _git("rev-parse", "--short=7", "HEAD")
        # What a run itself writes does not make the measured program another one.
        changed = _git("status", "--porcelain", "--", ".", ":!docs/bench", ":!README.md")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"


def _engine(each: Entry) -> str:
    return str(each["database"]).partition(",")[0]
