"""One deployment with everything around it: providers, a producer, watchers, and what is read of it in the end."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from app.domain.access import Scope
from tests.faults.asking import Asking, AwayError, asking
from tests.faults.journals import Journals
from tests.faults.producer import Producer
from tests.faults.providers import Chance, Gateway, MailServer
from tests.faults.reading import Broken, Reading, read
from tests.faults.service import Deployment, Running
from tests.faults.watchers import Watchers

# Past every lease and every wait for a retry, whatever clock the processes before had.
_REST_AHEAD = timedelta(hours=27)
_DRAIN_SECONDS = 120.0
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
    token: str = field(repr=False)
    processes: dict[str, Running] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """What runs here: SQLite has one process for everything."""
        return ("all",) if self.deployment.is_sqlite else ("api", "worker", "second worker")

    def start(self, part: str, **faults: object) -> Running:
        """Start that process, with what `Deployment.start` may be asked for."""
        role = "worker" if "worker" in part else part
        port = str(self.deployment.port) if role != "worker" else "0"
        self.processes[part] = self.deployment.start(
            "serve",
            "--port",
            port,
            "--role",
            role,
            **faults,  # type: ignore[arg-type]
        )
        return self.processes[part]

    async def ready(self) -> None:
        """Return when the API says that it is."""
        async with aiohttp.ClientSession() as client, asyncio.timeout(_READY_SECONDS):
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

    async def come_to_rest(self) -> list[Broken]:
        """No faults any more, leases over, all queues empty, everything sealed; what does not come to rest."""
        self.faults.rate = 0.0
        await self.kill_all()
        for part in self.parts:
            self.start(part, ahead=_REST_AHEAD)
        await self.ready()
        await self.producer.finish()
        rest: list[Broken] = []
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
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
                "SELECT (SELECT COUNT(*) FROM notifications WHERE status IN ('held', 'queued', 'sending')) AS waiting,"
                " (SELECT COUNT(*) FROM pending_entries) AS pending,"
                " (SELECT SUM(size) FROM tree_heads) - (SELECT SUM(size) FROM"
                " (SELECT MAX(size) AS size FROM checkpoints GROUP BY shard) newest) AS unpublished"
            )
        except AwayError as error:
            return str(error)
        return ", ".join(f"{count} {name}" for name, count in row.items() if count)

    async def read(self) -> Reading:
        """Everything, once nobody writes any more."""
        await self.stop_all()
        return await read(self.asking, self.journals)


@asynccontextmanager
async def stage(
    directory: Path, database_url: str, *, chance: random.Random, rate: float, pace: float, bug: str | None = None
) -> AsyncIterator[Stage]:
    """A deployment in `directory` (new) on an empty database, its processes started, its people registered."""
    directory.mkdir(parents=True)  # noqa: ASYNC240 – nothing else runs yet
    journals = Journals()
    faults = Chance(chance, 0.0)
    async with Gateway(journals, faults) as gateway, MailServer(journals, faults) as mail:
        deployment = Deployment(
            directory=directory, database_url=database_url, sms_url=gateway.base_url, smtp_url=mail.url
        )
        await deployment.command("migrate")
        scopes = (Scope.EVENTS_WRITE, Scope.RECIPIENTS_WRITE, Scope.SHIPMENTS_READ, Scope.PROOFS_READ)
        wanted = [part for scope in scopes for part in ("--scope", scope.value)]
        token = await deployment.command("keys", "create", "--name", "all", "--operator", "poczta-polska", *wanted)
        reader = asking(database_url)
        producer = Producer(deployment.url, token, journals, chance, pace=pace)
        own = Stage(
            deployment=deployment, journals=journals, chance=chance, faults=faults, gateway=gateway, mail=mail,
            asking=reader, producer=producer, token=token,
        )  # fmt: skip
        watchers = None
        try:
            for part in own.parts:
                own.start(part)
            await own.ready()
            await producer.register()
            deployment.bug = bug
            gateway.asking = mail.asking = reader
            watchers = Watchers(deployment.url, journals, reader, lambda: _pids(own.processes.values()))
            faults.rate = rate
            yield own
        finally:
            await producer.close()
            if watchers is not None:
                await watchers.close()
            await own.kill_all()
            await reader.close()


def _pids(processes: Iterable[Running]) -> list[int]:
    return [process.pid for process in processes if process.is_alive]
