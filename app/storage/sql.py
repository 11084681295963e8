"""The few places where the two databases speak differently."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, any_, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from app.storage.database import Tx


def one_of(tx: Tx, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column` equals one of `values`; on PostgreSQL as one array, so that the statement text never changes."""
    listed = list(values)
    if not tx.is_postgres:
        return column.in_(listed)
    return column == any_(bindparam(None, listed, type_=ARRAY(column.type), unique=True))


def insert_ignoring(tx: Tx, table: Table, *conflict: str) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves out rows whose `conflict` columns are taken already."""
    if tx.is_postgres:
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(conflict))
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(conflict))


def locked(
    tx: Tx, query: Select[Any], *, of: Table | None = None, shared: bool = False, skip: bool = False
) -> Select[Any]:
    """`query` with row locks where the database has them; SQLite's one writer is the strongest lock of all.

    `shared` lets other readers lock the same rows; `skip` leaves out rows that somebody else has locked.
    """
    if not tx.is_postgres:
        return query
    return query.with_for_update(of=of, read=shared, skip_locked=skip)
