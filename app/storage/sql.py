"""The few places where the two databases speak differently, and how many rows are read or written at once."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Dialect, Select, String, Table, any_, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from app.storage.database import Tx
from app.storage.driver import Row, copy, fetch, insert

# What turns a value into the driver's, or the driver's into ours; None where they are the same.
Processor = Callable[[Any], Any] | None


def one_of(tx: Tx, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column` equals one of `values`; on PostgreSQL as one array, so that the statement text never changes."""
    listed = list(values)
    if not tx.is_postgres:
        return column.in_(listed)
    return column == any_(bindparam(None, listed, type_=ARRAY(column.type), unique=True))


class Lookup:
    """`query`, narrowed to rows whose `column` is one of some values; it has no other parameters.

    The rows of the table `lock` stay locked until the transaction ends, `shared` as in `locked`.
    """

    def __init__(
        self, query: Select[Any], column: ColumnElement[Any], *, lock: Table | None = None, shared: bool = False
    ) -> None:
        self._query = query
        self._column = column
        self._lock = lock
        self._shared = shared
        names = [each.name for each in query.selected_columns]
        self._row = cast("Any", namedtuple)("Row", names)  # noqa: PYI024 – its names are data

    async def rows(self, tx: Tx, values: Iterable[Any]) -> list[Any]:
        """The rows for these values, their columns as attributes."""
        if not (wanted := list(values)):
            return []
        if tx.is_postgres:
            spoken = self._spoken(tx.connection.dialect, 1)
            found = await fetch(tx, spoken.text, [_processed(wanted, spoken.bind)])
        else:
            # The first value is repeated up to a power of two: so there are few texts, and they stay prepared.
            wanted += wanted[:1] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
            spoken = self._spoken(tx.connection.dialect, len(wanted))
            found = await fetch(tx, spoken.text, _processed(wanted, spoken.bind))
        columns = map(_processed, zip(*found, strict=True), spoken.results)
        return list(map(self._row._make, zip(*columns, strict=True)))

    @lru_cache(maxsize=256)  # noqa: B019 – look-ups are made once, with their modules
    def _spoken(self, dialect: Dialect, size: int) -> "_Spoken":
        """The query for `size` values, as the driver takes it."""
        if dialect.name == "postgresql":
            query = self._query.where(self._column == any_(bindparam("values", type_=ARRAY(self._column.type))))
            if self._lock is not None:
                query = query.with_for_update(of=self._lock, read=self._shared, key_share=not self._shared)
        else:
            query = self._query.where(self._column.in_([None] * size))
        types = [each.type.dialect_impl(dialect) for each in query.selected_columns]
        return _Spoken(
            text=str(query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})),
            bind=_bind_processor(self._column.type, dialect),
            results=tuple(each.result_processor(dialect, None) for each in types),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """The driver's statement, what turns a value that is looked for into the driver's, and its columns into ours."""

    text: str
    bind: Processor
    results: tuple[Processor, ...]


def _bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _processed(values: Sequence[Any], process: Processor) -> Sequence[Any]:
    return values if process is None else list(map(process, values))


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

    Rows whose value is already there in the unique column `unless_taken` are left out.
    """
    if not rows:
        return 0
    columns = zip(*(row.values() for row in rows), strict=True)
    return await insert_columns(tx, table, dict(zip(rows[0], columns, strict=True)), unless_taken=unless_taken)


async def insert_columns(
    tx: Tx, table: Table, columns: Mapping[str, Sequence[Any]], *, unless_taken: str | None = None
) -> int:
    """The same for rows that are given as columns of equal length, at least one long."""
    names, dialect = tuple(columns), tx.connection.dialect
    processors = _processors(table, names, dialect)
    rows: Iterable[Row] = zip(*map(_processed, columns.values(), processors), strict=True)
    if tx.is_postgres and unless_taken is None:
        return await copy(tx, table.name, names, rows)
    return await insert(tx, _insert(table, names, unless_taken, dialect), rows)


@lru_cache(maxsize=64)
def _processors(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[Processor, ...]:
    return tuple(_bind_processor(table.c[name].type, dialect) for name in names)


@lru_cache(maxsize=64)
def _insert(table: Table, names: tuple[str, ...], unless_taken: str | None, dialect: Dialect) -> str:
    """The driver's statement: with an array for each column on PostgreSQL, for one row on SQLite."""
    if dialect.name == "postgresql":
        types = [table.c[name].type for name in names]
        # A cast to varchar(n) would cut a value off; as text it is refused when it does not fit.
        arrays = ["text" if isinstance(each, String) else each.compile(dialect=dialect) for each in types]
        values = ", ".join(f"unnest(${place}::{array}[])" for place, array in enumerate(arrays, start=1))
        source = f"SELECT {values}"
    else:
        source = f"VALUES ({', '.join('?' for _ in names)})"
    text = f"INSERT INTO {table.name} ({', '.join(names)}) {source}"
    return text if unless_taken is None else f"{text} ON CONFLICT ({unless_taken}) DO NOTHING"


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
