"""One deployment with everything around it: providers, a producer, watchers, and what is read of it in the end."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from app.domain.access import Scope
from tests.builders import OPERATOR
from tests.faults.asking import Asking, AwayError, asking
from tests.faults.journals import Journals
from tests.faults.producer import Producer
from tests.faults.providers import Chance, Gateway, MailServer
from tests.faults.reading import Broken, Reading, read
from tests.faults.service import Deployment, Running
from tests.faults.watchers import Watchers

# Past every lease, and past most waits for a retry.
_REST_AHEAD = timedelta(hours=1)
_GIVEN_UP_AFTER = timedelta(hours=25)  # of a message whose fate is unknown since then; of SMS after half an hour
DRAIN_SECONDS = 120.0
_READY_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Stage:
    """A deployment under load. `processes` are those that should run, by their part."""

    deployment: Deployment
    journals: Journals
    chance: random.Random
    faults: Chance
    gateway: Gateway
    mail: MailServer
    asking: Asking
    producer: Producer
    watchers: Watchers
    token: str = field(repr=False)
    ahead_max: timedelta = timedelta()  # of all clocks that its processes had
    start_seconds: float = 1.0  # which this machine, as busy as it is, needs to start a process
    processes: dict[str, Running] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """What runs here: SQLite has one process for everything."""
        return ("all",) if self.deployment.is_sqlite else ("api", "worker", "second worker")

    def start(
        self,
        part: str,
        *,
        kill_at: str | None = None,
        nth: int = 1,
        ahead: timedelta = timedelta(),
        pages_more: int | None = None,
    ) -> Running:
        """Start that process, with what `Deployment.start` may be asked for."""
        role = "worker" if "worker" in part else part
        port = str(self.deployment.port) if role != "worker" else "0"
        self.ahead_max = max(self.ahead_max, ahead)
        self.processes[part] = self.deployment.start(
            "serve",
            "--port",
            port,
            "--role",
            role,
            kill_at=kill_at,
            nth=nth,
            ahead=ahead,
            pages_more=pages_more,
        )
        return self.processes[part]

    @property
    def headers(self) -> dict[str, str]:
        """What lets a caller in."""
        return {"Authorization": f"Bearer {self.token}"}

    async def ready(self, *, seconds: float = _READY_SECONDS) -> None:
        """Return when the API says that it is."""
        async with aiohttp.ClientSession() as client, asyncio.timeout(seconds):
            while True:
                try:
                    async with client.get(f"{self.deployment.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def stop_all(self) -> None:
        """SIGTERM to every process; each ends in good order."""
        await asyncio.gather(*(process.stop() for process in self.processes.values() if process.is_alive))

    async def kill_all(self) -> None:
        await asyncio.gather(*(process.kill() for process in self.processes.values()))

    async def come_to_rest(self, *, seconds: float = DRAIN_SECONDS) -> list[Broken]:
        """No faults any more, leases over, all queues empty, everything sealed; what does not come to rest."""
        self.faults.rate = 0.0
        await self.kill_all()
        ahead = self.ahead_max + _REST_AHEAD
        for part in self.parts:
            self.start(part, ahead=ahead)
        try:
            await self.ready(seconds=seconds)
        except TimeoutError:
            return [Broken(invariant="14", what=f"nothing is ready: {self.processes[self.parts[0]].last_words()}")]
        await self.producer.finish()
        return await self.drained(seconds=seconds)

    async def give_up_unknowns(self, *, seconds: float = DRAIN_SECONDS) -> list[Broken]:
        """A day later nobody looks for unknown messages any more: each is resolved, or marked that it never will be."""
        await self.stop_all()
        for part in self.parts:
            self.start(part, ahead=self.ahead_max + _GIVEN_UP_AFTER)
        await self.ready()
        try:
            async with asyncio.timeout(seconds):
                while left := await self._unresolved():  # noqa: ASYNC110 – a database rings no bell
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return [Broken(invariant="14", what=f"{left} unknown messages are neither resolved nor marked")]
        return await self.drained(seconds=seconds)

    async def _unresolved(self) -> int:
        query = "SELECT COUNT(*) AS number FROM notifications WHERE status = 'unknown' AND NOT unresolved"
        (row,) = await self.asking.rows(query)
        return int(row["number"])

    async def drained(self, *, seconds: float = DRAIN_SECONDS) -> list[Broken]:
        """Wait until nothing waits any more; what does after so many seconds."""
        rest: list[Broken] = []
        try:
            async with asyncio.timeout(seconds):
                while left := await self._unrest():  # noqa: ASYNC110 – a database rings no bell
                    await asyncio.sleep(0.1)
        except TimeoutError:
            rest.append(Broken(invariant="14", what=f"the queues do not drain: {left}"))
        return rest

    async def _unrest(self) -> str:
        if self.gateway.reporting:
            return f"{self.gateway.reporting} reports"
        try:
            (row,) = await self.asking.rows(
                "SELECT (SELECT COUNT(*) FROM notifications WHERE status IN ('queued', 'sending')"
                " OR status = 'held' AND due_at IS NOT NULL) AS waiting,"
                " (SELECT COUNT(*) FROM pending_entries) AS pending,"
                " (SELECT COUNT(*) FROM incidents WHERE state = 'running') AS incidents,"
                " (SELECT SUM(size) FROM tree_heads) - (SELECT SUM(size) FROM"
                " (SELECT MAX(size) AS size FROM checkpoints GROUP BY shard) newest) AS unpublished"
            )
        except AwayError as error:
            return str(error)
        return ", ".join(f"{count} {name}" for name, count in row.items() if count)

    async def read(self) -> Reading:
        """Everything, once nobody writes any more; from then on nobody looks on either."""
        await self.stop_all()
        await self.watchers.close()
        reading = await read(self.asking, self.journals)
        await self.asking.close()
        return reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An SQLite deployment at rest whose people are registered, to be copied."""

    directory: Path
    token: str = field(repr=False)


@asynccontextmanager
async def stage(
    directory: Path,
    database_url: str,
    *,
    chance: random.Random,
    rate: float = 0.0,
    pace: float = 5.0,
    bug: str | None = None,
    prepared: Prepared | None = None,
) -> AsyncIterator[Stage]:
    """A deployment in `directory` (new), its processes started, its people registered: on an empty database, or a copy.

    Faults of providers strike at `rate`; each connection of the producer posts `pace` times a second.
    """
    if prepared is None:
        directory.mkdir(parents=True)  # noqa: ASYNC240 – nothing else runs yet
    else:
        await asyncio.to_thread(shutil.copytree, prepared.directory, directory, ignore=shutil.ignore_patterns("*.out"))
    journals = Journals()
    faults = Chance(chance, 0.0)
    async with Gateway(journals, faults) as gateway, MailServer(journals, faults) as mail:
        deployment = Deployment(
            directory=directory, database_url=database_url, sms_url=gateway.base_url, smtp_url=mail.url, bug=bug
        )
        token = prepared.token if prepared is not None else await _new_token(deployment)
        reader = asking(database_url)
        own = Stage(
            deployment=deployment, journals=journals, chance=chance, faults=faults, gateway=gateway, mail=mail,
            asking=reader, producer=Producer(deployment.url, token, journals, chance, pace=pace), token=token,
            watchers=Watchers(deployment.url, journals, reader),
        )  # fmt: skip
        try:
            await _open(own, register=prepared is None)
            faults.rate = rate
            yield own
        finally:
            await own.producer.close()
            await own.watchers.close()
            await own.kill_all()
            await reader.close()


async def _new_token(deployment: Deployment) -> str:
    await deployment.command("migrate")
    scopes = (Scope.EVENTS_WRITE, Scope.RECIPIENTS_WRITE, Scope.SHIPMENTS_READ, Scope.PROOFS_READ)
    wanted = [part for scope in scopes for part in ("--scope", scope.value)]
    return await deployment.command("keys", "create", "--name", "all", "--operator", OPERATOR, *wanted)


async def _open(own: Stage, *, register: bool) -> None:
    began = asyncio.get_running_loop().time()
    for part in own.parts:
        own.start(part)
    await own.ready()
    own.start_seconds = asyncio.get_running_loop().time() - began
    if register:
        await own.producer.register()
    own.gateway.asking = own.mail.asking = own.asking
    own.watchers.start(lambda: _pids(own.processes.values()))


def _pids(processes: Iterable[Running]) -> list[int]:
    return [process.pid for process in processes if process.is_alive]
