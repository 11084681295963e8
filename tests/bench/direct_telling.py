"""The floor of telling of an incident: the rows that it left, inserted by the driver into a copy of the database.

One transaction and one multi-row insert a table, `unnest` on PostgreSQL and `executemany` on SQLite.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Table, make_url

from app.storage.tables import facts, former_stays, notifications, pending_entries, stays
from tests.bench.deployments import Deployment
from tests.bench.direct import SQLITE_PRAGMAS, columns_of, driver_url, unnest_insert, values_insert

# In an order in which every row finds those that it refers to.
_TABLES = (stays, former_stays, notifications, facts, pending_entries)
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"

Rows = Sequence[Sequence[Any]]
Told = Mapping[str, Rows]


class DirectTelling(Protocol):
    """Reads what was written of people, and writes it into the copy."""

    async def make_room(self) -> None:
        """Take from the copy what ours changes, so that it can be inserted there as it then is."""
        ...

    async def told_since(self) -> Told:
        """The rows by table that ours wrote and the copy has not got."""
        ...

    async def write(self, told: Told) -> float:
        """Insert them; how many seconds that took."""
        ...


def direct_telling(deployment: Deployment) -> DirectTelling:
    return TellingIntoSqlite(deployment) if deployment.is_sqlite else TellingIntoPostgres(deployment)


class TellingIntoPostgres:
    def __init__(self, deployment: Deployment) -> None:
        self._ours, self._floor = (driver_url(url) for url in (deployment.url, deployment.floor_url))

    async def make_room(self) -> None:
        connection = await asyncpg.connect(self._floor)
        try:
            await connection.execute("DELETE FROM stays")
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()

    async def told_since(self) -> Told:
        ours, floor = await asyncpg.connect(self._ours), await asyncpg.connect(self._floor)
        try:
            after = {table.name: await floor.fetchval(_last(table)) or _BEFORE_ALL for table in _NUMBERED}
            return {table.name: await ours.fetch(_newer(table, "$1"), after[_by(table).name]) for table in _TABLES}
        finally:
            await ours.close()
            await floor.close()

    async def write(self, told: Told) -> float:
        connection = await asyncpg.connect(self._floor)
        try:
            statements = {table.name: await connection.prepare(unnest_insert(table)) for table in _TABLES}
            columns = {name: list(map(list, zip(*rows, strict=True))) for name, rows in told.items()}
            started = perf_counter()
            async with connection.transaction():
                for name, statement in statements.items():
                    await statement.fetch(*columns[name])
            return perf_counter() - started
        finally:
            await connection.close()


class TellingIntoSqlite:
    def __init__(self, deployment: Deployment) -> None:
        self._ours, self._floor = (make_url(url).database or "" for url in (deployment.url, deployment.floor_url))

    async def make_room(self) -> None:
        with sqlite3.connect(self._floor) as connection:
            connection.execute("DELETE FROM stays")
        connection.close()

    async def told_since(self) -> Told:
        return await asyncio.to_thread(self._told_since)

    async def write(self, told: Told) -> float:
        return await asyncio.to_thread(self._write, told)

    def _told_since(self) -> Told:
        ours, floor = sqlite3.connect(self._ours), sqlite3.connect(self._floor)
        try:
            after = {table.name: floor.execute(_last(table)).fetchone() or ("",) for table in _NUMBERED}
            return {
                table.name: ours.execute(_newer(table, "?"), after[_by(table).name]).fetchall() for table in _TABLES
            }
        finally:
            ours.close()
            floor.close()

    def _write(self, told: Told) -> float:
        connection = sqlite3.connect(self._floor, isolation_level=None)
        try:
            for pragma in SQLITE_PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            started = perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                connection.executemany(values_insert(table), told[table.name])
            connection.execute("COMMIT")
            return perf_counter() - started
        finally:
            connection.close()


# Those whose ids tell what is new; each of the others goes with one of them.
_NUMBERED = (former_stays, notifications, facts)


def _by(table: Table) -> Table:
    return {stays.name: former_stays, pending_entries.name: facts}.get(table.name, table)


def _last(table: Table) -> str:
    return f"SELECT id FROM {table.name} ORDER BY id DESC LIMIT 1"


def _newer(table: Table, parameter: str) -> str:
    columns = ", ".join(f"t.{column.name}" for column in columns_of(table))
    if table is stays:  # as they are now, and each of them once
        changed = f"SELECT stay_id FROM former_stays WHERE id > {parameter}"
        return f"SELECT {columns} FROM stays t WHERE t.id IN ({changed}) ORDER BY t.id"
    key = "fact_id" if table is pending_entries else "id"
    return f"SELECT {columns} FROM {table.name} t WHERE t.{key} > {parameter} ORDER BY t.{key}"
