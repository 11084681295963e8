"""Row of the whole way: events in, both messages of each out, evidence sealed; and what that takes in memory."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from app.storage import log
from app.storage.database import Database
from tests.bench.deployments import Deployment
from tests.bench.load import HOST, Load, drive, post
from tests.bench.outbox import unsettled
from tests.bench.plan import Plan
from tests.bench.processes import Running, awizo
from tests.bench.providers import email_through, service, sms_through
from tests.bench.report import Rate, Row, Weight
from tests.bench.sinks import SmsSink, sms_sink, smtp_sink
from tests.bench.traffic import NOTIFICATIONS_PER_EVENT, PLANNED_ONE, SINGLE_TYPE, bodies

# GOV.UK Notify's own API and Celery on two cores of a virtual machine.
_PEER_THROUGH, _PEER_ACCEPTS = "GOV.UK Notify: 103 SMS/s", "GOV.UK Notify: 274 accepts/s"
_LOOK_SECONDS = 0.05
_STALLED_SECONDS = 60.0
_AT_REST_LOOKS = 5  # a second apart, none larger than the first
_MEBIBYTE = 1024 * 1024
_REST_MOST, _LOAD_MOST = 150 * _MEBIBYTE, 400 * _MEBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A running service with its database and its provider of SMS."""

    deployment: Deployment
    database: Database
    processes: list[Running]
    sms: SmsSink

    @property
    def port(self) -> int:
        return self.processes[0].port


async def through(deployment: Deployment, plan: Plan) -> list[Row]:
    """Clients post as fast as they are answered; the clock runs until every message was taken, settled and sealed."""
    ours, beside = [], []
    with _sending(deployment) as (processes, sms):
        async with deployment.open() as database:
            running = _Service(deployment=deployment, database=database, processes=processes, sms=sms)
            await _send(running, plan, plan.warm_up_seconds)
            for _ in range(plan.rounds):
                per_second, load = await _send(running, plan, plan.seconds)
                ours.append(per_second)
                beside.append(load.per_second)
    alone = await _accepts_alone(deployment, plan)
    return [
        Rate(
            what="event in → both messages out, sealed",
            database=_named(deployment),
            unit="messages/s",
            ours=ours,
            peer=_PEER_THROUGH,
            aim=1000,
            more={f"accepts_beside_it_{number}": rate for number, rate in enumerate(beside, start=1)},
        ),
        Rate(
            what="events accepted, none sent meanwhile",
            database=_named(deployment),
            unit="events/s",
            ours=alone,
            peer=_PEER_ACCEPTS,
            aim=2000,
        ),
    ]


async def remembering(deployment: Deployment, plan: Plan) -> list[Row]:
    """Resident memory of each process: at rest after its start, and at most since then, under that load."""
    rows: list[Row] = []
    with _sending(deployment) as (processes, sms):
        async with deployment.open() as database:
            running = _Service(deployment=deployment, database=database, processes=processes, sms=sms)
            at_rest = [await _at_rest(process) for process in processes]
            for _ in range(plan.rounds):
                await _send(running, plan, plan.seconds)
            at_most = [_memory(process, "VmHWM") for process in processes]
    for process, rest, most in zip(processes, at_rest, at_most, strict=True):
        name = "everything in one process" if process.role == "all" else process.role
        for what, size, limit in (
            (f"memory at rest: {name}", rest, _REST_MOST),
            (f"at most: {name}", most, _LOAD_MOST),
        ):
            rows.append(Weight(what=what, database=deployment.name, bytes=size, most=limit))
    return rows


@contextmanager
def _sending(deployment: Deployment) -> Iterator[tuple[list[Running], SmsSink]]:
    with ExitStack() as stack:
        mail, sms = stack.enter_context(smtp_sink()), stack.enter_context(sms_sink())
        providers = email_through(f"smtp://{HOST}:{mail}") | sms_through(sms.url)
        yield stack.enter_context(service(deployment, providers)), sms


async def _send(running: _Service, plan: Plan, seconds: float) -> tuple[float, Load]:
    """Messages a second, from the first request until all that came of the requests is over."""
    taken_before = running.sms.taken()
    started = perf_counter()
    load = await drive(
        running.port,
        _requests(running.deployment, running.port),
        PLANNED_ONE,
        connections=plan.clients,
        seconds=seconds,
    )
    messages = load.answered * NOTIFICATIONS_PER_EVENT
    await over(running.database)
    per_second = messages / (perf_counter() - started)
    if running.sms.taken() - taken_before != load.answered:
        raise RuntimeError("the provider took another number of messages than were planned")
    return per_second, load


async def over(database: Database) -> None:
    """Return when nothing waits to be sent, settled or sealed."""
    loop = asyncio.get_running_loop()
    fewest: int | None = None
    async with asyncio.timeout(_STALLED_SECONDS) as patience:
        while waiting := await unsettled(database) or await _pending(database):
            if fewest is None or waiting < fewest:
                fewest = waiting
                patience.reschedule(loop.time() + _STALLED_SECONDS)
            await asyncio.sleep(_LOOK_SECONDS)


async def _pending(database: Database) -> int:
    async with database.read() as tx:
        return await log.pending_count(tx)


async def _accepts_alone(deployment: Deployment, plan: Plan) -> list[float]:
    """Events a second while nobody sends; what is planned then stays behind."""
    rates = []
    with awizo(deployment, role=deployment.api_role) as port:
        requests = _requests(deployment, port)
        for seconds in (plan.warm_up_seconds, *[plan.seconds] * plan.rounds):
            load = await drive(port, requests, PLANNED_ONE, connections=plan.clients, seconds=seconds)
            rates.append(load.per_second)
            await deployment.sealed()
    return rates[1:]


def _requests(deployment: Deployment, port: int) -> Iterator[bytes]:
    for body in bodies(recipients=deployment.recipients):
        yield post(port, "/v1/events", body, token=deployment.token, content_type=SINGLE_TYPE)


async def _at_rest(process: Running) -> int:
    """Its memory once it has stopped growing."""
    looks = [_memory(process, "VmRSS")]
    while len(looks) < _AT_REST_LOOKS or looks[-_AT_REST_LOOKS] < max(looks[-_AT_REST_LOOKS:]):
        await asyncio.sleep(1.0)
        looks.append(_memory(process, "VmRSS"))
    return looks[-1]


def _memory(process: Running, name: str) -> int:
    """Bytes, as the kernel counts them for that process (proc(5))."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(kibibytes) * 1024


def _named(deployment: Deployment) -> str:
    return f"{deployment.name}, {'one process' if deployment.is_sqlite else 'API and worker processes'}"
