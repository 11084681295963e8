"""Everything that a database holds, byte for byte: every value of every row, and every page on the disk."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.storage.database import Database
from app.storage.tables import metadata


async def every_value(database: Database, *, but_of: str = "") -> bytes:
    """All values of all rows of all tables, but those of the table `but_of`, as one heap of bytes."""
    heap: list[bytes] = []
    async with database.read() as tx:
        for table in (each for each in metadata.sorted_tables if each.name != but_of):
            for row in await tx.execute(select(table)):
                heap += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\0".join(heap)


async def every_page(database: Database) -> bytes:
    """All pages of the database as they lie on the disk, and its journal: SQLite's file with its write-ahead log;
    PostgreSQL's tables, indexes and TOAST tables as after a checkpoint, and its write-ahead log."""
    if database.is_sqlite:
        return _sqlite_files(Path(database.url.database or ""))
    async with database.writer.connect() as connection:
        pool = await connection.get_raw_connection()
        driver: Any = pool.driver_connection
        await driver.execute("CHECKPOINT")
        relations = await driver.fetch(
            "SELECT pg_read_binary_file(pg_relation_filepath(oid)) AS pages FROM pg_class "
            "WHERE relkind IN ('r', 'i', 't') AND relnamespace = 'public'::regnamespace OR relkind = 't'"
        )
        written = await driver.fetch(
            "SELECT pg_read_binary_file('pg_wal/' || name) AS pages FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
        )
    return b"".join(row["pages"] or b"" for row in (*relations, *written))


def _sqlite_files(path: Path) -> bytes:
    journal = path.with_name(path.name + "-wal")
    return path.read_bytes() + (journal.read_bytes() if journal.exists() else b"")


async def vacuum(database: Database) -> None:
    """What PostgreSQL's autovacuum does in time."""
    if not database.is_sqlite:
        async with database.writer.connect() as connection:
            pool = await connection.get_raw_connection()
            driver: Any = pool.driver_connection
            await driver.execute("VACUUM")
