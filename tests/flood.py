"""One event, posted over and over: `python -m tests.flood`, on each database. However often, it is told once.

A fifth of the copies comes one by one over many connections, the others in batches that hold nothing else. Ends with 1
when anything but one event and one notification is kept, or an answer is not what it should be.
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
from app.storage.tables import events, notifications
from tests.bench.deployments import Deployment, deploy_postgres, deploy_sqlite
from tests.bench.load import Expected, drive, post
from tests.bench.processes import awizo
from tests.bench.traffic import BATCH_TYPE, SINGLE_TYPE, bodies
from tests.postgres import start_postgres

_CONNECTIONS = 32
_BATCH = 500
_BATCH_CONNECTIONS = 4


async def _trial(deployment: Deployment, copies: int) -> bool:
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
            await deploy_sqlite(directory, recipients=1, channels=(Channel.SMS,)),
            await deploy_postgres(server, directory, recipients=1, channels=(Channel.SMS,)),
        ]
        return all([await _trial(each, copies) for each in deployments])


def main() -> int:
    """Flood both databases, and say what they kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.flood", description=__doc__)
    parser.add_argument("--copies", type=int, default=100_000)
    copies = parser.parse_args().copies
    with tempfile.TemporaryDirectory(prefix="awizo-flood-") as directory:
        return 0 if asyncio.run(_run(copies, Path(directory))) else 1


if __name__ == "__main__":
    sys.exit(main())
