"""What happens to the database server meanwhile: stopped at once and started again, its backends ended in a COMMIT."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.own_postgres import OwnPostgres
from tests.faults.tally import Tally

POSTGRES_STOPS, BACKENDS = "PostgreSQL stopped at once", "backend ended in a COMMIT"
_SECONDS_BETWEEN = 5.0


@asynccontextmanager
async def weather(postgres: OwnPostgres | None, tally: Tally, chance: random.Random) -> AsyncIterator[None]:
    """For as long as the block lasts; afterwards the server runs."""
    if postgres is None:
        yield
        return
    over = asyncio.Event()
    task = asyncio.create_task(_blow(postgres, tally, chance, over))
    try:
        yield
    finally:
        over.set()
        await task


async def _blow(postgres: OwnPostgres, tally: Tally, chance: random.Random, over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.sleep(chance.uniform(0.5, 1.5) * _SECONDS_BETWEEN)
        if chance.random() < 0.5:
            await postgres.stop_at_once()
            await asyncio.sleep(chance.uniform(0, 1))
            await postgres.start()
            tally.faults[POSTGRES_STOPS] += 1
        else:
            tally.faults[BACKENDS] += await postgres.terminate_backends(during="COMMIT%", seconds=3, most=2)
