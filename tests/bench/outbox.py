"""The queue of messages from outside: how it is filled, and how fast it empties."""

import asyncio
from collections.abc import Collection
from time import perf_counter

from sqlalchemy import func, select, text

from app.domain.channel import Channel
from app.domain.notification import Status
from app.storage.database import Database
from app.storage.tables import WAITING_ROWS, notifications
from tests.bench.deployments import Deployment
from tests.bench.load import drive, post
from tests.bench.processes import awizo
from tests.bench.traffic import BATCH_EVENTS, BATCH_TYPE, batches, planned_batch

# Written as the index over such rows is, so that it is used.
_UNDER_WAY = text("due_at IS NOT NULL AND status IN ('sending', 'sent', 'unknown')")
_LOOK_SECONDS = 0.1
_STALLED_SECONDS = 60.0


async def fill(deployment: Deployment, messages: int, channels: Collection[Channel]) -> int:
    """Have at least so many messages planned, while nobody sends any; how many it became."""
    bodies = batches(recipients=deployment.recipients)
    rounds = -(-messages // (BATCH_EVENTS * len(channels)))
    with awizo(deployment, role=deployment.api_role) as port:
        for _ in range(rounds):
            request = post(port, "/v1/events", next(bodies), token=deployment.token, content_type=BATCH_TYPE)
            await drive(port, iter([request]), planned_batch(channels), connections=1, seconds=0)
        await deployment.sealed()
    return rounds * BATCH_EVENTS * len(channels)


async def unsettled(database: Database, channel: Channel | None = None) -> int:
    """How many notifications wait to be sent or are being sent; it costs the same however many there were before."""
    of_channel = [] if channel is None else [notifications.c.channel == channel]
    sending = (_UNDER_WAY, notifications.c.status == Status.SENDING)
    async with database.read() as tx:
        counts = [
            (await tx.execute(select(func.count()).select_from(notifications).where(*which, *of_channel))).scalar_one()
            for which in ((WAITING_ROWS,), sending)
        ]
    return sum(counts)


async def drained(database: Database, messages: int, channel: Channel | None = None) -> float:
    """Wait until the `messages` that wait are settled; how many that was a second, in full swing.

    That is: from when a tenth was settled until the last time that some still waited.
    """
    seen: list[tuple[float, int]] = []
    async with asyncio.timeout(_STALLED_SECONDS) as patience:
        while not seen or seen[-1][1] < messages:
            await asyncio.sleep(_LOOK_SECONDS)
            count = messages - await unsettled(database, channel)
            if not seen or count > seen[-1][1]:
                patience.reschedule(asyncio.get_running_loop().time() + _STALLED_SECONDS)
            seen.append((perf_counter(), count))
    swing = [(at, count) for at, count in seen if messages // 10 <= count < messages]
    if len(swing) < 2:
        raise RuntimeError(f"{messages} messages are too few to measure how fast they leave")
    (started, first), (ended, last) = swing[0], swing[-1]
    return (last - first) / (ended - started)
