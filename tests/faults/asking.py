"""The database of the deployment, read with plain SQL over a connection of our own."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

Row = dict[str, Any]


class Asking(Protocol):
    """`$1`, `$2` … stand for values."""

    async def rows(self, query: str, *values: object) -> list[Row]:
        """What a query finds. Raises AwayError."""
        ...

    async def close(self) -> None: ...


class AwayError(Exception):
    """The database cannot be asked just now."""


class SqliteAsking:
    """Reads beside the process that writes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def rows(self, query: str, *values: object) -> list[Row]:
        return await asyncio.to_thread(self.ask, query, values)

    def ask(self, query: str, values: Sequence[object]) -> list[Row]:
        for number in range(len(values), 0, -1):
            query = query.replace(f"${number}", f"?{number}")
        try:
            connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=5)
            try:
                connection.row_factory = sqlite3.Row
                found = connection.execute(query, [_plain(value) for value in values])
                return [dict(row) for row in found]
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            raise AwayError(str(error)) from error

    async def close(self) -> None:
        """Nothing is kept open."""


@dataclass(slots=True)
class PostgresAsking:
    """One connection, opened again when it is lost."""

    url: str
    _connection: asyncpg.Connection | None = None
    _lock: asyncio.Lock | None = None

    async def rows(self, query: str, *values: object) -> list[Row]:
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            try:
                if self._connection is None or self._connection.is_closed():
                    address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
                    self._connection = await asyncpg.connect(
                        address, timeout=5, server_settings={"application_name": OUR_NAME}
                    )
                return [dict(row) for row in await self._connection.fetch(query, *values, timeout=30)]
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                if self._connection is not None:
                    self._connection.terminate()
                self._connection = None
                raise AwayError(type(error).__name__) from error

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()


OUR_NAME = "journal"  # of our connection to PostgreSQL, that nobody takes it for the product's


def asking(url: str) -> Asking:
    """Whoever can read the database of that URL."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return SqliteAsking(Path(parts.database or ""))
    return PostgresAsking(url)


def _plain(value: object) -> object:
    return value.hex if isinstance(value, UUID) else value
