"""The stored values of a log as raw bytes: what a failing disk, or an owner of the database, can change."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import BigInteger, LargeBinary, TextClause, bindparam, text

from app.storage.database import Database, Tx

_GUARDED = ("leaves", "tiles", "checkpoints")


class Kind(Enum):
    """How a column keeps its values. An integer stands for eight bytes, big-endian."""

    BINARY = "binary"
    INTEGER = "integer"
    UUID = "uuid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column whose every bit the audit answers for.

    `keys` asks for a number of each row, `row` finds the row by it. `blame` is a regular expression of what the audit
    must say: {key} is the number of the row, {now} its number after the change.
    """

    table: str
    name: str
    keys: str
    row: str
    blame: str
    kind: Kind = Kind.BINARY

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


class Surgery:
    """Changes stored values with the triggers out of the way. Only for a log of one shard."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Take SQLite's triggers away; on PostgreSQL each change passes them by."""
        if not self._database.is_sqlite:
            return
        async with self._database.write() as tx:
            for table in _GUARDED:
                for act in ("update", "delete"):
                    await tx.execute(text(f"DROP TRIGGER {table}_no_{act}"))

    async def keys(self, column: Column) -> list[int]:
        """The numbers of all rows of the column."""
        async with self._database.read() as tx:
            return [int(key) for key in (await tx.execute(text(column.keys))).scalars()]

    @asynccontextmanager
    async def flipped(self, column: Column, key: int, chance: random.Random) -> AsyncIterator[int]:
        """One random bit of one value is another for as long as the block lasts; the number its row has then."""
        async with self._cut() as tx:
            old = await self._read(tx, column, key)
            new = flip(old, chance)
            await self._write(tx, column, key, new)
        moved = _integer(new) if column.row == f"{column.name} = :key" else key
        try:
            yield moved
        finally:
            async with self._cut() as tx:
                await self._write(tx, column, moved, old)

    @asynccontextmanager
    async def _cut(self) -> AsyncIterator[Tx]:
        async with self._database.write() as tx:
            if tx.is_postgres:
                await tx.execute(text("SET LOCAL session_replication_role = replica"))
                await tx.execute(text("SET LOCAL synchronous_commit = off"))
            yield tx

    async def _read(self, tx: Tx, column: Column, key: int) -> bytes:
        shown = column.name
        if column.kind is Kind.UUID:
            shown = f"uuid_send({column.name})" if tx.is_postgres else f"CAST({column.name} AS BLOB)"
        query = text(f"SELECT {shown} FROM {column.table} WHERE {column.row}")
        value = (await tx.execute(_keyed(query), {"key": key})).scalar_one()
        return value.to_bytes(8, "big", signed=True) if column.kind is Kind.INTEGER else bytes(value)

    async def _write(self, tx: Tx, column: Column, key: int, value: bytes) -> None:
        given = ":value"
        if column.kind is Kind.UUID:
            given = "CAST(encode(:value, 'hex') AS uuid)" if tx.is_postgres else "CAST(:value AS TEXT)"
        is_integer = column.kind is Kind.INTEGER
        change = text(f"UPDATE {column.table} SET {column.name} = {given} WHERE {column.row}").bindparams(
            bindparam("value", type_=BigInteger() if is_integer else LargeBinary())
        )
        done = await tx.execute(_keyed(change), {"key": key, "value": _integer(value) if is_integer else value})
        assert done.rowcount == 1, column


def flip(value: bytes, chance: random.Random) -> bytes:
    """`value` with one bit changed."""
    changed = bytearray(value)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def _keyed(statement: TextClause) -> TextClause:
    return statement.bindparams(bindparam("key", type_=BigInteger()))
