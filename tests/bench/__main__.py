"""Measure, print the table, write the JSON."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import uvloop

from tests.bench.accepting import accepting
from tests.bench.batching import batching
from tests.bench.deployments import Deployment, deploy_postgres, deploy_sqlite
from tests.bench.idling import idling
from tests.bench.plan import Plan
from tests.bench.proving import proving
from tests.bench.report import Row, as_json, as_table
from tests.bench.sealing import sealing
from tests.postgres import PostgresServer, start_postgres

RATES = {"accept": accepting, "batch": batching}
WAITS = {"idle": idling}
SEALING = {"sealing": sealing}
PROOF = "proof"
ROWS = [*RATES, *WAITS, *SEALING, PROOF]
DATABASES = ("postgres", "sqlite")


async def measure(arguments: argparse.Namespace, server: PostgresServer | None, directory: Path) -> list[Row]:
    """Each chosen row on each chosen database, told as it comes."""
    plan = Plan(
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        idle_events=arguments.idle_events,
        leaves=arguments.leaves,
    )
    rows: list[Row] = []
    for functions, recipients in ((RATES, arguments.recipients), (WAITS, 100), (SEALING, 1)):
        chosen = [function for name, function in functions.items() if name in arguments.rows]
        deployments = await _deploy(server, directory, arguments.databases, recipients) if chosen else []
        for function in chosen:
            for deployment in deployments:
                rows += _told(await function(deployment, plan))
    if PROOF in arguments.rows:
        large, small = [await _deploy(server, directory, arguments.databases, 10) for _ in range(2)]
        for pair in zip(large, small, strict=True):
            rows += _told(*await proving(*pair, plan))
    return rows


def _told(*rows: Row) -> Sequence[Row]:
    for row in rows:
        sys.stderr.write("  ".join(row.cells()) + "\n")
    return rows


async def _deploy(
    server: PostgresServer | None, directory: Path, databases: list[str], recipients: int
) -> list[Deployment]:
    place = Path(tempfile.mkdtemp(dir=directory))
    deployed = []
    if server is not None:
        deployed.append(await deploy_postgres(server, place, recipients=recipients))
    if "sqlite" in databases:
        deployed.append(await deploy_sqlite(place, recipients=recipients))
    return deployed


def main() -> None:
    """Run what the arguments choose; without any it takes a few minutes."""
    arguments = _arguments()
    started, load_before = time.monotonic(), os.getloadavg()[0]
    with ExitStack() as stack:
        server = stack.enter_context(start_postgres()) if "postgres" in arguments.databases else None
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="awizo-bench-")))
        rows = uvloop.run(measure(arguments, server, directory))
    sys.stdout.write(as_table(rows))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(as_json(rows, seconds=time.monotonic() - started, load_before=load_before))
    if arguments.table:
        arguments.table.write_text(as_table(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--rounds", type=int, default=3, help="stretches of ours and of the floor, in turns")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a stretch")
    parser.add_argument("--recipients", type=int, default=1000, help="how many people the events are about")
    parser.add_argument("--idle-events", type=int, default=100, help="events of the row with the idle queue")
    parser.add_argument("--leaves", type=int, default=1_000_000, help="size of the large log in the row of proofs")
    parser.add_argument("--out", type=Path, default=Path("var/bench.json"), help="where the JSON goes")
    parser.add_argument("--table", type=Path, help="where the table goes as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
