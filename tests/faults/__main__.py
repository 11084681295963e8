"""`python -m tests.faults`: a campaign on each engine; exit 1 when an invariant broke or a fault was never reached."""

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faults.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.faults.own_postgres import own_postgres
from tests.faults.rounds import Campaign, run
from tests.faults.tally import Tally
from tests.postgres import PostgresUnavailableError

ENGINES = ("SQLite", "PostgreSQL")


def main() -> int:
    """Run, print the table, write the JSON."""
    given = _arguments()
    seed = given.seed if given.seed is not None else secrets.randbelow(10**9)
    _say(f"make faults N={given.kills} SEED={seed}")
    with tempfile.TemporaryDirectory(prefix="awizo-faults-") as temporary:
        directory = given.keep or Path(temporary)
        try:
            tallies = [_try_engine(engine, directory, given.kills, seed) for engine in given.engine or ENGINES]
        except PostgresUnavailableError as missing:
            _say(str(missing))
            return 2
    for tally in tallies:
        sys.stdout.write("\n" + tally.table())
    if given.json is not None:
        given.json.write_text(json.dumps([tally.as_json() for tally in tallies], indent=1) + "\n")
    return 0 if all(tally.is_good for tally in tallies) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed on each engine")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--keep", type=Path, help="a directory for databases and output, kept")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


def _try_engine(engine: str, directory: Path, kills: int, seed: int) -> Tally:
    with ExitStack() as stack:
        databases: Databases = SqliteDatabases()
        if engine == "PostgreSQL":
            databases = PostgresDatabases(postgres=stack.enter_context(own_postgres()))
        campaign = Campaign(databases=databases, directory=directory, kills=kills, seed=seed)
        return asyncio.run(run(campaign, _say))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
