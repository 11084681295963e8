"""`make year`: a year of shipments under an accelerated clock. Ends with 1 when the judge found anything."""

import argparse
import secrets
import sys
import time
from pathlib import Path

from tests.simulation.stories import tell
from tests.simulation.table import table
from tests.simulation.trial import YEAR_DAYS, YEAR_FROM, new_database, try_on


def main() -> int:
    wanted = _wanted()
    seed = wanted.seed if wanted.seed is not None else secrets.randbelow(10**9)
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)  # noqa: T201 – this is a program

    say(f"make year N={wanted.shipments} SEED={seed} DATABASE={wanted.database}")
    story = tell(shipments=wanted.shipments, seed=seed, first_day=YEAR_FROM, days=wanted.days)
    with new_database(wanted.database) as (url, directory):
        trial = try_on(url, story, directory, say=say, grid_hours=wanted.grid_hours)
    found = table(trial.court, trial.journal)
    say(f"{trial.violations} violations")
    print(f"\n{found}\n")  # noqa: T201 – the same
    for code, examples in trial.court.verdict.examples.items():
        for example in examples:
            print(f"{code}: {example}")  # noqa: T201 – the same
    if wanted.table:
        wanted.table.write_text(f"{found}\n", encoding="utf-8")
    return 1 if trial.violations else 0


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--shipments", type=int, default=2000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--days", type=int, default=YEAR_DAYS)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--grid-hours", type=int, choices=(1, 2, 3, 4, 6), default=3)
    parser.add_argument("--table", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
