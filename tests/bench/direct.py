"""The floor of a batch: the rows that a batch left, inserted by the driver into a copy of the database.

One multi-row insert a table, `unnest` on PostgreSQL and `executemany` on SQLite, and a commit for each batch, with
the durability that awizo itself asks of its connections.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Column, Table, Text, make_url
from sqlalchemy.dialects import postgresql

from app.storage.tables import events, facts, notifications, pending_entries
from tests.bench.deployments import Deployment
from tests.bench.traffic import BATCH_EVENTS, FACTS_PER_EVENT

Rows = list[tuple[Any, ...]]
Batch = Mapping[str, Rows]

_TABLES = (events, notifications, facts, pending_entries)
# The durability that awizo asks of its own connections.
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


class Direct(Protocol):
    """Reads what awizo wrote since the copy was last written to, and writes it there."""

    async def unwritten(self) -> list[Batch]:
        """The rows by table, one mapping for each hundred events."""
        ...

    async def write(self, batches: Sequence[Batch]) -> float:
        """Insert them, a commit for each; how many seconds that took."""
        ...


def direct(deployment: Deployment) -> Direct:
    return DirectSqlite(deployment) if deployment.is_sqlite else DirectPostgres(deployment)


class DirectPostgres:
    def __init__(self, deployment: Deployment) -> None:
        self._ours, self._floor = (driver_url(url) for url in (deployment.url, deployment.floor_url))

    async def unwritten(self) -> list[Batch]:
        ours, floor = await asyncpg.connect(self._ours), await asyncpg.connect(self._floor)
        try:
            found = {}
            for table in (events, notifications, facts):
                last = await floor.fetchval(_last(table))
                rows = await ours.fetch(_newer(table, "$1"), last or "00000000-0000-0000-0000-000000000000")
                found[table.name] = [tuple(row) for row in rows]
        finally:
            await ours.close()
            await floor.close()
        return _in_batches(found)

    async def write(self, batches: Sequence[Batch]) -> float:
        connection = await asyncpg.connect(self._floor)
        try:
            statements = {table.name: await connection.prepare(unnest_insert(table)) for table in _TABLES}
            started = perf_counter()
            for batch in batches:
                async with connection.transaction():
                    for name, statement in statements.items():
                        await statement.fetch(*map(list, zip(*batch[name], strict=True)))
            return perf_counter() - started
        finally:
            await connection.close()


class DirectSqlite:
    def __init__(self, deployment: Deployment) -> None:
        self._ours, self._floor = (make_url(url).database or "" for url in (deployment.url, deployment.floor_url))

    async def unwritten(self) -> list[Batch]:
        return await asyncio.to_thread(self._unwritten)

    async def write(self, batches: Sequence[Batch]) -> float:
        return await asyncio.to_thread(self._write, batches)

    def _unwritten(self) -> list[Batch]:
        ours, floor = sqlite3.connect(self._ours), sqlite3.connect(self._floor)
        try:
            found = {}
            for table in (events, notifications, facts):
                last = floor.execute(_last(table)).fetchone()
                found[table.name] = ours.execute(_newer(table, "?"), last or ("",)).fetchall()
        finally:
            ours.close()
            floor.close()
        return _in_batches(found)

    def _write(self, batches: Sequence[Batch]) -> float:
        connection = sqlite3.connect(self._floor, isolation_level=None)
        try:
            for pragma in SQLITE_PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            statements = {table.name: values_insert(table) for table in _TABLES}
            started = perf_counter()
            for batch in batches:
                connection.execute("BEGIN IMMEDIATE")
                for name, statement in statements.items():
                    connection.executemany(statement, batch[name])
                connection.execute("COMMIT")
            return perf_counter() - started
        finally:
            connection.close()


def _in_batches(found: Mapping[str, Rows]) -> list[Batch]:
    """Facts come with the commitment of their entry in the last place."""
    event_place = [column.name for column in columns_of(notifications)].index("event_id")
    of_event: dict[Any, Rows] = defaultdict(list)
    for row in found["notifications"]:
        of_event[row[event_place]].append(row)
    batches: list[Batch] = []
    for number, start in enumerate(range(0, len(found["events"]), BATCH_EVENTS)):
        kept = found["events"][start : start + BATCH_EVENTS]
        size = BATCH_EVENTS * FACTS_PER_EVENT
        told = found["facts"][number * size : (number + 1) * size]
        batches.append(
            {
                "events": kept,
                "notifications": [row for event in kept for row in of_event[event[0]]],
                "facts": [row[:-1] for row in told],
                "pending_entries": [(row[0], row[-1]) for row in told],
            }
        )
    return batches


def _last(table: Table) -> str:
    return f"SELECT id FROM {table.name} ORDER BY id DESC LIMIT 1"


def _newer(table: Table, parameter: str) -> str:
    columns = ", ".join(f"t.{column.name}" for column in columns_of(table))
    if table is not facts:
        return f"SELECT {columns} FROM {table.name} t WHERE t.id > {parameter} ORDER BY t.id"
    return (
        f"SELECT {columns}, coalesce(p.commitment, l.commitment) FROM facts t "
        "LEFT JOIN pending_entries p ON p.fact_id = t.id LEFT JOIN leaves l ON l.fact_id = t.id "
        f"WHERE t.id > {parameter} ORDER BY t.id"
    )


def columns_of(table: Table) -> list[Column[Any]]:
    """Those that a row is given; the database numbers entries itself."""
    return [column for column in table.columns if column.name != "position"]


def unnest_insert(table: Table) -> str:
    """PostgreSQL's multi-row insert: an array for each column."""
    columns = columns_of(table)
    types = [
        "text" if isinstance(each.type, Text) else each.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
        for each in columns
    ]
    arrays = ", ".join(f"${place}::{each}[]" for place, each in enumerate(types, start=1))
    return f"INSERT INTO {table.name} ({', '.join(column.name for column in columns)}) SELECT * FROM unnest({arrays})"


def values_insert(table: Table) -> str:
    """SQLite's insert of one row, to be run for many."""
    columns = [column.name for column in columns_of(table)]
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"


def driver_url(url: str) -> str:
    """The URL as asyncpg wants it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
