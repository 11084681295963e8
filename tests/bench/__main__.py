"""Measure, keep the result, print the table."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from app.domain.channel import Channel
from app.storage.database import Database
from app.usecases.seal_log import Sealer
from tests.bench.accepting import accepting
from tests.bench.batching import batching
from tests.bench.deployments import Deployment, Prepare, deploy_postgres, deploy_sqlite
from tests.bench.direct import driver_url
from tests.bench.dispatching import emailing, texting
from tests.bench.exporting import exporting
from tests.bench.growing import growing
from tests.bench.idling import idling
from tests.bench.plan import Plan
from tests.bench.proving import proving
from tests.bench.query_history import PEOPLE
from tests.bench.querying import querying
from tests.bench.report import Row
from tests.bench.results import as_page, entry, machine_line, merged, read, version, write
from tests.bench.sealing import sealing
from tests.bench.sinks import SmtpSinkMissingError, find_smtp_sink
from tests.bench.telling import before_telling, telling
from tests.bench.through import remembering, through
from tests.bench.traffic import BOTH_CHANNELS
from tests.postgres import PostgresServer, start_postgres

Rows = Row | Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A row measured on one database; None as `recipients`: as many as the arguments say."""

    measure: Callable[[Deployment, Plan], Awaitable[Rows]]
    prepare: Callable[[Database, Sealer, Plan], Awaitable[None]] | None = None  # before it is copied for the floor
    recipients: int | None = None
    channels: Collection[Channel] = BOTH_CHANNELS
    needs_smtp_sink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """A row that compares a large database with a small one."""

    measure: Callable[[Deployment, Deployment, Plan], Awaitable[Rows]]
    recipients: int = 10
    needs_smtp_sink: bool = False


# In the order in which they run: what takes minutes comes last.
ROWS: Mapping[str, One | Two] = {
    "accept": One(measure=accepting),
    "batch": One(measure=batching),
    "email": One(measure=emailing, channels=(Channel.EMAIL,), needs_smtp_sink=True),
    "sms": One(measure=texting, channels=(Channel.SMS,)),
    "through": One(measure=through, needs_smtp_sink=True),
    "idle": One(measure=idling, recipients=100),
    "memory": One(measure=remembering, needs_smtp_sink=True),
    "sealing": One(measure=sealing, recipients=1),
    "incident": One(measure=telling, prepare=before_telling, recipients=0),
    "proof": Two(measure=proving),
    "growth": Two(measure=growing),
    "query": One(measure=querying, recipients=PEOPLE),
    "export": One(measure=exporting, recipients=100),
}
DATABASES = ("postgres", "sqlite")


class _Run:
    """One run: where it may put databases, and what it has measured so far."""

    def __init__(self, arguments: argparse.Namespace, server: PostgresServer | None, directory: Path) -> None:
        self._arguments = arguments
        self._server = server
        self._directory = directory
        self._deployed: list[Deployment] = []
        self._plan = Plan(
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            idle_events=arguments.idle_events,
            messages=arguments.messages,
            leaves=arguments.size,
            notifications=arguments.size,
            waiting=arguments.waiting,
            proofs=arguments.proofs,
            out=arguments.out,
        )

    async def measure(self) -> None:
        """Each chosen row on each chosen database; kept and told as it comes, so that a later failure loses nothing."""
        machine = machine_line(postgres=await _version_of(self._server))
        names = [name for name in ROWS if name in self._arguments.rows]
        chosen = [(name, database) for name in names for database in self._arguments.databases]
        for number, (name, database) in enumerate(chosen, start=1):
            sys.stderr.write(f"[{number}/{len(chosen)}] {name} on {database}\n")
            measured = await self._row(ROWS[name], database)
            self._clear()
            rows = measured if isinstance(measured, Sequence) else [measured]
            new = [entry(name, row, machine=machine, version=version()) for row in rows]
            for each in new:
                sys.stderr.write("    " + "  ".join(each["cells"]) + "\n")
            directory = self._arguments.out
            write(directory, merged(read(directory), new, list(ROWS)))

    async def _row(self, row: One | Two, database: str) -> Rows:
        recipients = row.recipients if row.recipients is not None else self._arguments.recipients
        if isinstance(row, One):
            prepare = self._bound(row.prepare) if row.prepare is not None else None
            return await row.measure(await self._deploy(database, recipients, row.channels, prepare), self._plan)
        large, small = [await self._deploy(database, recipients, BOTH_CHANNELS) for _ in range(2)]
        return await row.measure(large, small, self._plan)

    def _bound(self, prepare: Callable[[Database, Sealer, Plan], Awaitable[None]]) -> Prepare:
        return lambda database, sealer: prepare(database, sealer, self._plan)

    def _clear(self) -> None:
        """Remove the databases of a row that is done: those of growth are large."""
        for each in self._deployed:
            if self._server is not None and not each.is_sqlite:
                self._server.drop_database(each.url)
                self._server.drop_database(each.floor_url)
            shutil.rmtree(each.data_dir)
        self._deployed.clear()

    async def _deploy(
        self, database: str, recipients: int, channels: Collection[Channel], prepare: Prepare | None = None
    ) -> Deployment:
        place = Path(tempfile.mkdtemp(dir=self._directory))
        if database == "sqlite":
            deployment = await deploy_sqlite(place, recipients=recipients, channels=channels, prepare=prepare)
        elif self._server is not None:
            deployment = await deploy_postgres(
                self._server, place, recipients=recipients, channels=channels, prepare=prepare
            )
        else:
            raise RuntimeError("no PostgreSQL was started")
        self._deployed.append(deployment)
        return deployment


async def _version_of(server: PostgresServer | None) -> str | None:
    if server is None:
        return None
    connection = await asyncpg.connect(driver_url(server.admin_url))
    try:
        version_text: str = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return version_text.partition(" ")[0]


def main() -> None:
    """Run what the arguments choose."""
    arguments = _arguments()
    try:
        if any(ROWS[name].needs_smtp_sink for name in arguments.rows):
            find_smtp_sink()
    except SmtpSinkMissingError as missing:
        needing = [name for name in arguments.rows if ROWS[name].needs_smtp_sink]
        others = ",".join(name for name in arguments.rows if name not in needing)
        without = f" Without it: make bench ROWS={others}." if others else ""
        sys.exit(f"{missing}. It is needed for {', '.join(needing)}.{without}")
    with ExitStack() as stack:
        server = stack.enter_context(start_postgres()) if "postgres" in arguments.databases else None
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="awizo-bench-")))
        uvloop.run(_Run(arguments, server, directory).measure())
    sys.stdout.write(as_page(read(arguments.out)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--rounds", type=int, default=3, help="stretches of ours and of the floor, in turns")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a stretch")
    parser.add_argument("--recipients", type=int, default=1000, help="how many people the events are about")
    parser.add_argument("--idle-events", type=int, default=100, help="events of the row with the idle queue")
    parser.add_argument("--messages", type=int, default=5_000, help="messages that wait in the rows of dispatch")
    parser.add_argument(
        "--size", type=int, default=1_000_000, help="leaves of the large log, notifications of the large database"
    )
    parser.add_argument("--waiting", type=int, default=20_000, help="shipments that wait where an incident happens")
    parser.add_argument("--proofs", type=int, default=10_000, help="proofs in the row of exports")
    parser.add_argument("--out", type=Path, default=Path("docs/bench"), help="the directory that keeps the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
