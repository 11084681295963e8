"""Where the deployments of one engine keep their data: new databases, and copies of those at rest."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy.engine import make_url

from tests.faults.own_postgres import OwnPostgres
from tests.postgres import database_name


class Databases(Protocol):
    """The databases of one engine."""

    @property
    def engine(self) -> str: ...

    @property
    def postgres(self) -> OwnPostgres | None:
        """The server, where there is one."""
        ...

    def new(self, directory: Path) -> str:
        """The URL of an empty one; `directory` is the deployment's."""
        ...

    def copy(self, url: str, name: str) -> str:
        """The URL of a copy of one that nobody uses."""
        ...

    def flip(self, url: str, table: str, column: str, *, row: int, bit: int) -> None:
        """Change one bit of the value in that row of the table, behind the back of every trigger."""
        ...


class SqliteDatabases:
    """Files in the deployments' directories."""

    engine = "SQLite"
    postgres = None

    def new(self, directory: Path) -> str:
        return f"sqlite+aiosqlite:///{directory / 'awizo.db'}"

    def copy(self, url: str, name: str) -> str:
        path = _path(url)
        target = path.with_name(f"{name}.db")
        old, new = sqlite3.connect(path), sqlite3.connect(target)
        with new:
            old.backup(new)
        old.close()
        new.close()
        return f"sqlite+aiosqlite:///{target}"

    def flip(self, url: str, table: str, column: str, *, row: int, bit: int) -> None:
        connection = sqlite3.connect(_path(url))
        with connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            number, value = connection.execute(
                f"SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row}"
            ).fetchone()
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (flipped(value, bit), number))
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresDatabases:
    """Databases of a server of our own."""

    postgres: OwnPostgres
    engine: str = "PostgreSQL"

    def new(self, directory: Path) -> str:
        return self.postgres.server.create_database()

    def copy(self, url: str, name: str) -> str:
        return self.postgres.server.create_database(template=database_name(url))

    def flip(self, url: str, table: str, column: str, *, row: int, bit: int) -> None:
        asyncio.run(_flip(url, table, column, row, bit))


def flipped(value: bytes, bit: int) -> bytes:
    """`value` with one bit changed."""
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


async def _flip(url: str, table: str, column: str, row: int, bit: int) -> None:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address)
    try:
        await connection.execute("SET session_replication_role = replica")
        place, value = await connection.fetchrow(
            f"SELECT ctid, {column} FROM {table} ORDER BY ctid LIMIT 1 OFFSET {row}"
        )
        await connection.execute(f"UPDATE {table} SET {column} = $1 WHERE ctid = $2", flipped(value, bit), place)
    finally:
        await connection.close()


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")
