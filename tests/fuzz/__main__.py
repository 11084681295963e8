"""Ask a service on each database whatever its description lets one think of; ends with 1 when an answer was not right.

An answer is right when it is no 5xx, and status, media type and body are described for that request.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schemathesis.engine import events, from_schema
from schemathesis.engine.run import PhaseName

from app.storage.schema import migrate_database
from app.wiring import open_database
from tests.fuzz.served import CHECKS, DESCRIPTION, Served, schema_with, served_on
from tests.integration.api.service import settings_for
from tests.postgres import start_postgres

_SHOWN_MAX = 20
_METHODS = {"get", "post", "put", "patch", "delete", "head"}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of the requests so far, and how many of them were made up by chance."""

    made_up: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        """How many requests were answered."""
        return self.statuses.total()

    def count(self, event: events.ScenarioFinished) -> None:
        """Take in what one operation was asked."""
        recorder = event.recorder
        self.made_up += len(recorder.interactions) if event.phase is PhaseName.FUZZING else 0
        self.asked[recorder.label] += len(recorder.interactions)
        self.statuses.update(each.response.status_code for each in recorder.interactions.values() if each.response)
        for case, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    request = recorder.interactions[case].request
                    said = f"{recorder.label}: {failure.title}: {failure.message}\n    {request.method} {request.uri}"
                    self.wrong.setdefault((recorder.label, failure.title), said)


def _ask(served: Served, tally: Tally, *, wanted: int, seed: int, name: str) -> None:
    """Each example and each limit of each member, then what chance makes up, until so many of these are answered."""
    operations = sum(len(_METHODS & path.keys()) for path in DESCRIPTION["paths"].values())
    turn = 0
    while tally.made_up < wanted:
        schema = schema_with(
            **{
                "seed": seed + turn,
                "base-url": served.url,
                "headers": served.key,
                "continue-on-failure": True,
                "generation": {"max-examples": max(10, (wanted - tally.made_up) // operations)},
                "phases": {"stateful": {"enabled": False}}
                | {phase: {"enabled": turn == 0} for phase in ("examples", "coverage")},
                "checks": {"enabled": False} | {check.__name__: {"enabled": True} for check in CHECKS},
            }
        )
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError):
                tally.wrong.setdefault((event.label, "error"), f"{event.label}: {event.value!r}")
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.ScenarioFinished):
                tally.count(event)
                _say(f"\r{name}: {tally.cases} asked, {tally.made_up} of {wanted} made up, {len(tally.wrong)} wrong  ")
        turn += 1
    _say("\n")


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@contextmanager
def _places(directory: Path) -> Iterator[dict[str, tuple[str, Path]]]:
    """A database of each kind, with the whole schema, and a directory for the service's keys."""
    with start_postgres() as server:
        urls = {"SQLite": f"sqlite+aiosqlite:///{directory}/awizo.db", "PostgreSQL": server.create_database()}
        places = {name: (url, directory / name) for name, url in urls.items()}
        for url, place in places.values():
            place.mkdir()
            asyncio.run(_migrate(url, place))
        yield places


async def _migrate(url: str, place: Path) -> None:
    database = open_database(settings_for(url, place))
    await migrate_database(database)
    await database.close()


def main() -> int:
    """Ask both, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=20_000, help="how many requests chance makes up, half of them to each database"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    arguments = parser.parse_args()
    _say(f"make fuzz N={arguments.cases} SEED={arguments.seed}\n")
    tallies: dict[str, Tally] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="awizo-fuzz-")))
        for name, (url, place) in stack.enter_context(_places(directory)).items():
            tally = tallies[name] = Tally()
            with served_on(url, place) as served:
                _ask(served, tally, wanted=-(-arguments.cases // 2), seed=arguments.seed, name=name)
    return _told(tallies)


def _told(tallies: dict[str, Tally]) -> int:
    wrong = [f"{name}: {said}" for name, tally in tallies.items() for said in tally.wrong.values()]
    lines = wrong[:_SHOWN_MAX]
    for name, tally in tallies.items():
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
        lines.append(f"{name}: {tally.cases} requests to {len(tally.asked)} operations; {statuses}")
    cases, made_up = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("cases", "made_up"))
    failed = sum(count for tally in tallies.values() for status, count in tally.statuses.items() if status >= 500)
    lines.append(f"{cases} requests, {made_up} of them made up; {failed} answered 5xx, {len(wrong)} not as described")
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
