"""Change many rows, each in its own way, with one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, String, Table

from app.storage.database import Tx


async def update_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
    """Write these columns of the rows that have these values of `key`, which comes first; all rows name the same.

    On PostgreSQL one statement takes an array for each column, SQLite runs its statement for each row.
    """
    if not rows:
        return
    update = _update(table, tuple(rows[0]), key, tx.connection.dialect)
    columns = [
        values if process is None else [process(value) for value in values]
        for process, values in zip(update.processors, zip(*(row.values() for row in rows), strict=True), strict=True)
    ]
    if tx.is_postgres:
        await tx.connection.exec_driver_sql(update.text, tuple(columns))
        return
    keys, *changed = columns
    await tx.connection.exec_driver_sql(update.text, list(zip(*changed, keys, strict=True)))


@dataclass(frozen=True, slots=True)
class _Update:
    text: str
    processors: tuple[Callable[[Any], Any] | None, ...]


@lru_cache(maxsize=64)
def _update(table: Table, names: tuple[str, ...], key: str, dialect: Dialect) -> _Update:
    if names[0] != key:
        raise ValueError(f"{key} comes first")
    types = [table.c[name].type for name in names]
    changed = names[1:]
    if dialect.name == "postgresql":
        # A cast to varchar(n) would cut a value off; as text it is refused when it does not fit.
        arrays = ["text" if isinstance(each, String) else each.compile(dialect=dialect) for each in types]
        values = ", ".join(f"${place}::{array}[]" for place, array in enumerate(arrays, start=1))
        assigned = ", ".join(f"{name} = new.{name}" for name in changed)
        text = (
            f"UPDATE {table.name} SET {assigned} FROM unnest({values}) AS new ({', '.join(names)}) "  # noqa: S608 – our own names
            f"WHERE {table.name}.{key} = new.{key}"
        )
    else:
        text = f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in changed)} WHERE {key} = ?"  # noqa: S608 – our own names
    return _Update(text, tuple(each.dialect_impl(dialect).bind_processor(dialect) for each in types))
