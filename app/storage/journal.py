"""SQLite's write-ahead log, which goes on holding what was destroyed in the database until it is written over."""

from app.storage.database import Database

BUSY_MILLISECONDS = 100


async def empty_journal(database: Database) -> bool:
    """Write everything into the database file and cut the write-ahead log to nothing; False while readers need it.

    The file itself keeps nothing that was deleted (secure_delete). PostgreSQL recycles its own log: always True there.
    """
    if not database.is_sqlite:
        return True
    async with database.writer.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        if driver is None:
            return False
        before = await (await driver.execute("PRAGMA busy_timeout")).fetchone()
        await driver.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")  # whoever waits to write waits with us
        try:
            busy, _, _ = await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        finally:
            await driver.execute(f"PRAGMA busy_timeout={before[0]}")
    return not busy
