"""`python -m tests.faults.incident_at_scale`: a facility shuts at which something waits for a hundred thousand people.

A real service: on PostgreSQL an API and a worker process before a server of their own, on SQLite one process for all.
Single events are posted at a steady rate, before and while everybody is told. The worker is killed in the middle, again
and again, and started again; on SQLite nobody is killed, because whoever posts would be cut off as well. At the end
each person must have been told exactly once on each contact point, the log must be whole, and the progress that
GET /v1/events/{id} shows must have risen and never fallen. How long POSTs took is printed, before and meanwhile; it
decides nothing, because a machine has neighbours.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from uuid import UUID

from tests.bench.deployments import Deployment, prepare_database
from tests.bench.pacing import Pacing, ask, paced
from tests.bench.processes import Running, awizo_process
from tests.bench.report import Waiting
from tests.bench.telling import at_rest
from tests.bench.waiting import KEPT, closure, have_wait, is_told, new_items
from tests.faults.asking import Asking, asking
from tests.faults.own_postgres import own_postgres

_LOOK_SECONDS, _LINE_SECONDS = 0.5, 5.0
_STALLED_SECONDS = 120.0
_WARM_UP_SECONDS, _AFTER_SECONDS = 5.0, 20.0
_CHANNELS = 2
_NEVER_TWICE = 2.0

# The rows that tell of one event, and how far its incident is told, in one look.
_PROGRESS = (
    "SELECT i.people AS people, i.planned AS planned, (SELECT count(*) FROM notifications n"
    " WHERE n.event_id = i.event_id) AS written FROM incidents i WHERE i.event_id = $1"
)
_TOLD = (
    "SELECT count(*) AS messages, count(DISTINCT recipient_id) AS people, sum(CASE WHEN status IN ('held', 'queued')"
    " THEN 1 ELSE 0 END) AS coming FROM notifications WHERE event_id = $1 AND channel = $2"
)
_TWICE = (
    "SELECT count(*) AS number FROM (SELECT 1 FROM notifications WHERE event_id = $1"
    " GROUP BY recipient_id, channel, contact_id HAVING count(*) > 1) AS twice"
)
_PLANNED_FACTS = (
    "SELECT count(*) AS number FROM facts f JOIN notifications n ON n.id = f.notification_id"
    " WHERE n.event_id = $1 AND f.n = 0 AND f.type = 'notification.planned'"
)
_RECOMPUTED = "SELECT count(DISTINCT stay_id) AS number FROM former_stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is done: to how many people, at what rates, and how often the process that tells them is killed."""

    database: str
    people: int
    rate: int
    posts: float
    kills: int
    before_seconds: float
    seed: int
    nice: int


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was seen. Milliseconds are of single POSTs."""

    trial: Trial
    told_seconds: float = 0.0
    killed_at: list[int] = field(default_factory=list)
    progress: list[tuple[float, int, int]] = field(default_factory=list)  # after so many seconds: people, messages
    before: dict[str, float] = field(default_factory=dict)
    meanwhile: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, float]:
        """How much longer POSTs took meanwhile."""
        return {name: self.meanwhile[name] / self.before[name] for name in self.before}


class Service:
    """The processes; `teller` is the one that tells of incidents."""

    def __init__(self, deployment: Deployment, trial: Trial) -> None:
        self._deployment = deployment
        self._trial = trial
        self._stack = ExitStack()
        self._telling = ExitStack()
        self.port = 0

    def start(self) -> None:
        if not self._deployment.is_sqlite:
            self.port = self._stack.enter_context(awizo_process(self._deployment, role="api")).port
        self._start_teller()

    def _start_teller(self) -> None:
        self._telling = ExitStack()
        role = "all" if self._deployment.is_sqlite else "worker"
        more = {"AWIZO_INCIDENT_RATE": str(self._trial.rate)}
        self.teller: Running = self._telling.enter_context(awizo_process(self._deployment, role=role, more=more))
        if self._deployment.is_sqlite:
            self.port = self.teller.port
        elif self._trial.nice:
            os.setpriority(os.PRIO_PROCESS, self.teller.pid, self._trial.nice)

    def kill_and_start_again(self) -> None:
        os.kill(self.teller.pid, signal.SIGKILL)
        self._telling.close()
        self._start_teller()

    def stop(self) -> None:
        self._telling.close()
        self._stack.close()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def deployed(trial: Trial, directory: Path) -> Iterator[str]:
    """The URL of an empty database of its own."""
    if trial.database == "sqlite":
        yield f"sqlite+aiosqlite:///{directory / 'awizo.db'}"
    else:
        with own_postgres() as postgres:
            yield postgres.server.create_database()


async def prepared(trial: Trial, url: str, directory: Path) -> Deployment:
    began = perf_counter()
    token = await prepare_database(
        url,
        directory,
        recipients=0,
        prepare=lambda database, sealer: have_wait(database, sealer, people=trial.people),
    )
    say(f"{trial.people:,} people have something waiting, after {perf_counter() - began:.0f} s")
    return Deployment(name=trial.database, url=url, floor_url="", data_dir=directory, token=token, recipients=0)


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    timed = Waiting(what="", database="", milliseconds=milliseconds, aims={})
    return {f"p{share * 100:.0f}": round(timed.percentile(share), 1) for share in (0.5, 0.95)}


async def watched(service: Service, pacing: Pacing, event: UUID, journal: Asking, outcome: Outcome) -> None:
    """Look at the progress until everybody is told, and kill whoever tells them at places drawn beforehand."""
    trial = outcome.trial
    chance = random.Random(trial.seed)
    share = trial.people / (trial.kills + 1)
    places = [round(share * (number + chance.uniform(0.6, 1.3))) for number in range(trial.kills)]
    began = shown = perf_counter()
    while True:
        answer = await ask(pacing, f"/v1/events/{event}")
        plan = json.loads(answer)["plan"]
        after = perf_counter() - began
        outcome.progress.append((round(after, 1), plan["people"], plan["planned"]))
        if perf_counter() - shown >= _LINE_SECONDS or is_told(answer):
            shown = perf_counter()
            say(f"{after:6.1f} s  {plan['people']:>7,} people  {plan['planned']:>7,} messages  {plan['state']}")
        if is_told(answer):
            outcome.told_seconds = after
            return
        if places and plan["people"] >= places[0]:
            places.pop(0)
            await asyncio.to_thread(service.kill_and_start_again)
            (row,) = await journal.rows(_PROGRESS, event)
            outcome.killed_at.append(row["people"])
            say(f"{after:6.1f} s  killed and started again at {row['people']:,} people")
            if row["planned"] != row["written"]:
                outcome.wrong.append(f"after a kill {row['planned']} messages are counted, {row['written']} there")
        stalled_since = next((at for at, people, _ in outcome.progress if people == plan["people"]), after)
        if after - stalled_since > _STALLED_SECONDS:
            raise RuntimeError(f"nobody was told for {_STALLED_SECONDS:.0f} s")
        await asyncio.sleep(_LOOK_SECONDS)


async def tell(service: Service, deployment: Deployment, outcome: Outcome) -> UUID:
    """Shut the facility and time POSTs before, meanwhile, and after all is at rest again; the incident's event."""
    trial, journal = outcome.trial, asking(deployment.url)
    items = new_items(people=trial.people, chance=random.Random(trial.seed))
    await at_rest(deployment)
    pacing = Pacing(port=service.port, token=deployment.token, per_second=trial.posts)
    await paced(pacing, items, KEPT, until=_WARM_UP_SECONDS)
    outcome.before = percentiles(await paced(pacing, items, KEPT, until=trial.before_seconds))
    stop = asyncio.Event()
    posting = asyncio.create_task(paced(pacing, items, KEPT, until=stop))
    posted = json.loads(await ask(pacing, "/v1/events", json.dumps(closure("I-1")).encode()))
    event = UUID(posted["event"])
    try:
        await watched(service, pacing, event, journal, outcome)
    finally:
        stop.set()
        await journal.close()
        meanwhile = await posting
    outcome.meanwhile = percentiles(meanwhile)
    say(f"{len(meanwhile):,} events were posted meanwhile, each answered")
    await at_rest(deployment)
    outcome.after = percentiles(await paced(pacing, items, KEPT, until=_AFTER_SECONDS))
    await at_rest(deployment)
    return event


async def verdict(deployment: Deployment, event: UUID, outcome: Outcome) -> None:
    """What is not as it must be."""
    people, wrong = outcome.trial.people, outcome.wrong
    journal = asking(deployment.url)
    for channel in ("sms", "email"):
        (row,) = await journal.rows(_TOLD, event, channel)
        say(f"{channel}: {row['messages']:,} messages to {row['people']:,} people, {row['coming']:,} to be sent")
        if not row["messages"] == row["people"] == row["coming"] == people:
            wrong.append(f"not everybody is told once by {channel}")
    counts = {
        name: (await journal.rows(query, *values))[0]["number"]
        for name, query, values in (
            ("told twice", _TWICE, [event]),
            ("planning sealed", _PLANNED_FACTS, [event]),
            ("recomputed", _RECOMPUTED, []),
        )
    }
    await journal.close()
    say("  ".join(f"{name}: {number:,}" for name, number in counts.items()))
    if counts["told twice"] or counts["planning sealed"] != _CHANNELS * people or counts["recomputed"] < people:
        wrong.append("messages, their facts and the items that wait do not agree")
    seen = [people for _, people, _ in outcome.progress]
    if seen != sorted(seen) or seen[-1] != people or len(set(seen)) < min(10, people // 1000):
        wrong.append("the progress that was shown did not rise from nobody to everybody")
    if len(outcome.killed_at) != outcome.trial.kills:
        wrong.append("a kill that was meant to happen did not")


def check_log(deployment: Deployment) -> str:
    """What `awizo log check` says. Raises CalledProcessError when it finds a difference."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWIZO_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "log", "check"],
        env=kept | deployment.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


async def run(trial: Trial) -> Outcome:
    outcome = Outcome(trial=trial)
    with tempfile.TemporaryDirectory(prefix="awizo-incident-") as name, deployed(trial, Path(name)) as url:
        deployment = await prepared(trial, url, Path(name))
        service = Service(deployment, trial)
        service.start()
        try:
            event = await tell(service, deployment, outcome)
        finally:
            service.stop()
        say_how_long(outcome)
        await verdict(deployment, event, outcome)
        say(await asyncio.to_thread(check_log, deployment))
    return outcome


def say_how_long(outcome: Outcome) -> None:
    for name, ratio in outcome.ratios.items():
        held = "within" if ratio <= _NEVER_TWICE else "NOT within"
        say(
            f"{name} of a POST: {outcome.before[name]} ms before, {outcome.meanwhile[name]} ms meanwhile,"
            f" {outcome.after[name]} ms after; {ratio:.2f} times, {held} twice"
        )
    say(f"told in {outcome.told_seconds:.0f} s, {outcome.trial.people / outcome.told_seconds:,.0f} people a second")


def main() -> int:
    trial, file = _arguments()
    say(f"== {trial}")
    outcome = asyncio.run(run(trial))
    if file is not None:
        file.write_text(json.dumps(asdict(outcome) | {"ratios": outcome.ratios}, indent=2) + "\n")
    say("\n".join(outcome.wrong) if outcome.wrong else "each person told once, nothing lost, the log is whole")
    return 1 if outcome.wrong else 0


def _arguments() -> tuple[Trial, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.incident_at_scale", description=__doc__)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000, help="AWIZO_INCIDENT_RATE")
    parser.add_argument("--posts", type=float, default=20.0, help="single events posted a second")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--before-seconds", type=float, default=30.0, help="how long POSTs are timed beforehand")
    parser.add_argument("--nice", type=int, default=0, help="of the worker, where it is a process of its own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where to write what was seen")
    given = vars(parser.parse_args())
    if given["database"] == "sqlite":
        given["kills"] = 0
    return Trial(**{name: value for name, value in given.items() if name != "json"}), given["json"]


if __name__ == "__main__":
    raise SystemExit(main())
