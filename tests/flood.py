"""Floods, on each database: `python -m tests.flood`.

One event is posted over and over, a fifth of the copies one by one over many connections, the others in batches that
hold nothing else: it is kept and planned once. Then many messages of one source wait, and one of another source is
posted: it leaves within five seconds. Ends with 1 when anything is otherwise.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from app.domain.channel import Channel
from app.domain.notification import Status
from app.storage.database import Database
from app.storage.tables import events, notifications
from tests.bench.deployments import Deployment, deploy_postgres, deploy_sqlite
from tests.bench.load import Expected, drive, post
from tests.bench.outbox import fill, unsettled
from tests.bench.processes import awizo
from tests.bench.providers import service, sms_through
from tests.bench.sinks import sms_sink
from tests.bench.traffic import BATCH_TYPE, SINGLE_TYPE, bodies
from tests.postgres import start_postgres

_CONNECTIONS = 32
_BATCH = 500
_BATCH_CONNECTIONS = 4
_WAITING = 10_000
_BEGUN = 500  # so many of them have left when the other one is posted
_LOOK_SECONDS = 0.05
_SECONDS_MAX = 5.0
_ACCEPTED = Expected(status=202, text=b'"status":"queued"', count=1)


async def _copied(deployment: Deployment, copies: int) -> bool:
    """Post so many copies of one event; whether it was kept once and planned once."""
    event = next(bodies(recipients=1))
    batch = json.dumps([json.loads(event)] * _BATCH).encode()
    began = time.perf_counter()
    with awizo(deployment, role=deployment.api_role) as port:
        one = post(port, "/v1/events", event, token=deployment.token, content_type=SINGLE_TYPE)
        many = post(port, "/v1/events", batch, token=deployment.token, content_type=BATCH_TYPE)
        alone = await _post(port, one, at_least=copies // 5, planned=1, connections=_CONNECTIONS)
        batches = await _post(
            port, many, at_least=(copies - alone) // _BATCH + 1, planned=_BATCH, connections=_BATCH_CONNECTIONS
        )
    seconds = time.perf_counter() - began
    sendable = select(func.count()).select_from(notifications).where(notifications.c.status != Status.SUPPRESSED)
    async with deployment.open() as database, database.read() as tx:
        kept = [
            (await tx.execute(query)).scalar_one() for query in (select(func.count()).select_from(events), sendable)
        ]
    sys.stdout.write(
        f"{deployment.name}: {alone} copies alone and {batches} batches of {_BATCH} in {seconds:.0f} s: "
        f"{kept[0]} event, {kept[1]} notification\n"
    )
    return kept == [1, 1]


async def _behind_a_backlog(deployment: Deployment, waiting: int) -> bool:
    """Have so many messages of one source wait, then one of another; whether that leaves soon."""
    await fill(deployment, waiting, (Channel.SMS,))
    event = json.dumps(json.loads(next(bodies(recipients=1))) | {"source": "/another"}).encode()
    with sms_sink() as sink, service(deployment, sms_through(sink.url)) as running:
        async with deployment.open() as database:
            before = await unsettled(database, Channel.SMS)
            while await unsettled(database, Channel.SMS) > before - _BEGUN:  # noqa: ASYNC110 – it is another process's doing
                await asyncio.sleep(_LOOK_SECONDS)
            request = post(running[0].port, "/v1/events", event, token=deployment.token, content_type=SINGLE_TYPE)
            posted = time.perf_counter()
            await drive(running[0].port, iter([request]), _ACCEPTED, connections=1, seconds=0)
            while await _waits(database):  # noqa: ASYNC110 – the same
                await asyncio.sleep(_LOOK_SECONDS)
            seconds, behind = time.perf_counter() - posted, await unsettled(database, Channel.SMS)
    sys.stdout.write(
        f"{deployment.name}: behind {before} messages of one source, another's left after {seconds:.2f} s, "
        f"while {behind} still waited\n"
    )
    return seconds < _SECONDS_MAX and behind > 0


async def _waits(database: Database) -> bool:
    """Whether the newest message has not reached its provider yet."""
    newest = select(notifications.c.status).where(notifications.c.channel == Channel.SMS)
    async with database.read() as tx:
        status = (await tx.execute(newest.order_by(notifications.c.id.desc()).limit(1))).scalar_one()
    return status in {Status.QUEUED, Status.SENDING}


async def _post(port: int, request: bytes, *, at_least: int, planned: int, connections: int) -> int:
    """Post it so often, each time answered with what was planned the first time; how often it was."""
    expected, answered = Expected(status=202, text=b'"status":"queued"', count=planned), 0
    while answered < at_least:
        load = await drive(port, itertools.repeat(request), expected, connections=connections, seconds=1.0)
        answered += load.answered
    return answered


async def _run(copies: int, directory: Path) -> bool:
    with start_postgres() as server:
        deployments = [
            await deploy_sqlite(directory, recipients=100, channels=(Channel.SMS,)),
            await deploy_postgres(server, directory, recipients=100, channels=(Channel.SMS,)),
        ]
        kept = [await _copied(each, copies) for each in deployments]
        left = [await _behind_a_backlog(each, _WAITING) for each in deployments]
    return all([*kept, *left])


def main() -> int:
    """Flood both databases, and say what they kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.flood", description=__doc__)
    parser.add_argument("--copies", type=int, default=100_000)
    copies = parser.parse_args().copies
    with tempfile.TemporaryDirectory(prefix="awizo-flood-") as directory:
        return 0 if asyncio.run(_run(copies, Path(directory))) else 1


if __name__ == "__main__":
    sys.exit(main())
