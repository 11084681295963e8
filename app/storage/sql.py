"""The few places where the two databases speak differently, and how many rows are read or written at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Dialect, Select, String, Table, any_, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from app.storage.database import Tx


def one_of(tx: Tx, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column` equals one of `values`; on PostgreSQL as one array, so that the statement text never changes."""
    listed = list(values)
    if not tx.is_postgres:
        return column.in_(listed)
    return column == any_(bindparam(None, listed, type_=ARRAY(column.type), unique=True))


class Lookup:
    """`query`, narrowed to rows whose `column` is one of some values. Built once: building costs more than asking.

    The rows of the table `lock` stay locked until the transaction ends, `shared` as in `locked`.
    """

    def __init__(
        self, query: Select[Any], column: ColumnElement[Any], *, lock: Table | None = None, shared: bool = False
    ) -> None:
        self._sqlite = query.where(column.in_(bindparam("values", expanding=True)))
        postgres = query.where(column == any_(bindparam("values", type_=ARRAY(column.type))))
        self._postgres = (
            postgres if lock is None else postgres.with_for_update(of=lock, read=shared, key_share=not shared)
        )

    async def rows(self, tx: Tx, values: Iterable[Any]) -> CursorResult[Any]:
        """The rows for these values."""
        return await tx.execute(self._postgres if tx.is_postgres else self._sqlite, {"values": list(values)})


def insert_ignoring(tx: Tx, table: Table, *conflict: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves out rows whose `conflict` columns are taken already."""
    if tx.is_postgres:
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(conflict))
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(conflict))


def upsert(tx: Tx, table: Table, key: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of whole rows, each of which takes the place of a row that has the same `key`, its primary key."""
    insert = postgresql.insert(table) if tx.is_postgres else sqlite.insert(table)
    others = {column.name: insert.excluded[column.name] for column in table.c if column.name != key}
    return insert.on_conflict_do_update(index_elements=[key], set_=others)


async def insert_rows(
    tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], *, unless_taken: str | None = None
) -> int:
    """Insert rows, which all have the same columns in the same order, in the order given; how many were inserted.

    Rows whose value is already there in the unique column `unless_taken` are left out. The way through the driver,
    column by column, costs a fraction of what a row costs as a mapping: on PostgreSQL one statement takes an array
    for each column, SQLite runs its statement for each row.
    """
    if not rows:
        return 0
    columns = zip(*(row.values() for row in rows), strict=True)
    return await insert_columns(tx, table, dict(zip(rows[0], columns, strict=True)), unless_taken=unless_taken)


async def insert_columns(
    tx: Tx, table: Table, columns: Mapping[str, Sequence[Any]], *, unless_taken: str | None = None
) -> int:
    """The same for rows that are given as columns of equal length, at least one long."""
    insert = _insert(table, tuple(columns), unless_taken, tx.connection.dialect)
    processed = [
        values if process is None else [process(value) for value in values]
        for process, values in zip(insert.processors, columns.values(), strict=True)
    ]
    parameters = tuple(processed) if tx.is_postgres else list(zip(*processed, strict=True))
    return (await tx.connection.exec_driver_sql(insert.text, parameters)).rowcount


@dataclass(frozen=True, slots=True)
class _Insert:
    """The driver's statement, and what turns a value of each column into the driver's."""

    text: str
    processors: tuple[Callable[[Any], Any] | None, ...]


@lru_cache(maxsize=64)
def _insert(table: Table, names: tuple[str, ...], unless_taken: str | None, dialect: Dialect) -> _Insert:
    types = [table.c[name].type for name in names]
    if dialect.name == "postgresql":
        # A cast to varchar(n) would cut a value off; as text it is refused when it does not fit.
        arrays = ["text" if isinstance(each, String) else each.compile(dialect=dialect) for each in types]
        values = ", ".join(f"unnest(${place}::{array}[])" for place, array in enumerate(arrays, start=1))
        source = f"SELECT {values}"
    else:
        source = f"VALUES ({', '.join('?' for _ in names)})"
    text = f"INSERT INTO {table.name} ({', '.join(names)}) {source}"
    if unless_taken is not None:
        text += f" ON CONFLICT ({unless_taken}) DO NOTHING"
    return _Insert(text, tuple(each.dialect_impl(dialect).bind_processor(dialect) for each in types))


def locked(
    tx: Tx, query: Select[Any], *, of: Table | None = None, shared: bool = False, skip: bool = False
) -> Select[Any]:
    """`query` with row locks where the database has them; SQLite's one writer is the strongest lock of all.

    `shared` lets other readers lock the same rows; `skip` leaves out rows that somebody else has locked. No lock
    keeps others from writing rows that merely refer to the locked ones (FOR NO KEY UPDATE): keys never change.
    """
    if not tx.is_postgres:
        return query
    return query.with_for_update(of=of, read=shared, key_share=not shared, skip_locked=skip)
