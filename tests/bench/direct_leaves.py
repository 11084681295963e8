"""The floor of sealing: the same leaves, hashed up to one root a batch, inserted by the driver into a copy.

A commit for each batch, with the durability that awizo asks of its connections; nothing is read, signed or published.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from time import perf_counter
from typing import Protocol

import asyncpg
from sqlalchemy import make_url

from app.storage.log import PendingEntry
from tests.bench.deployments import Deployment
from tests.bench.direct import driver_url

Batches = Sequence[Sequence[PendingEntry]]

_SHARD = "floor"
_NEXT_INDEX = "SELECT coalesce(max(leaf_index) + 1, 0) FROM leaves"
_COLUMNS = "INSERT INTO leaves (shard, leaf_index, fact_id, commitment)"


class DirectLeaves(Protocol):
    async def write(self, batches: Batches) -> float:
        """Hash and insert them; how many seconds that took."""
        ...


def direct_leaves(deployment: Deployment) -> DirectLeaves:
    return LeavesIntoSqlite(deployment) if deployment.is_sqlite else LeavesIntoPostgres(deployment)


class LeavesIntoPostgres:
    def __init__(self, deployment: Deployment) -> None:
        self._floor = driver_url(deployment.floor_url)

    async def write(self, batches: Batches) -> float:
        connection = await asyncpg.connect(self._floor)
        try:
            start = await connection.fetchval(_NEXT_INDEX)
            statement = await connection.prepare(
                f"{_COLUMNS} SELECT '{_SHARD}', * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[])"
            )
            started = perf_counter()
            for batch in batches:
                _hash(batch)
                async with connection.transaction():
                    places = list(range(start, start + len(batch)))
                    await statement.fetch(places, [each.fact for each in batch], [each.commitment for each in batch])
                start += len(batch)
            return perf_counter() - started
        finally:
            await connection.close()


class LeavesIntoSqlite:
    def __init__(self, deployment: Deployment) -> None:
        self._floor = make_url(deployment.floor_url).database or ""

    async def write(self, batches: Batches) -> float:
        return await asyncio.to_thread(self._write, batches)

    def _write(self, batches: Batches) -> float:
        connection = sqlite3.connect(self._floor, isolation_level=None)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            start = connection.execute(_NEXT_INDEX).fetchone()[0]
            started = perf_counter()
            for batch in batches:
                _hash(batch)
                rows = [(start + at, each.fact.hex, each.commitment) for at, each in enumerate(batch)]
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(f"{_COLUMNS} VALUES ('{_SHARD}', ?, ?, ?)", rows)
                connection.execute("COMMIT")
                start += len(batch)
            return perf_counter() - started
        finally:
            connection.close()


def _hash(batch: Sequence[PendingEntry]) -> bytes:
    """The root over a number of leaves that is a power of two."""
    level = [sha256(b"\0awizo-leaf/v1\n" + entry.commitment).digest() for entry in batch]
    while len(level) > 1:
        level = [sha256(b"\1" + level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    return level[0]
