"""A process that is stopped in the middle of a transaction does not keep the others waiting for its locks."""

import asyncio

import pytest
from sqlalchemy import text

from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.vault import Vault
from tests.conftest import ROOT_SECRET


async def lock(tx: Tx) -> None:
    await tx.execute(text("LOCK TABLE tree_heads IN EXCLUSIVE MODE"))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_the_server_gives_the_locks_of_a_stalled_transaction_to_others(
    database: Database, database_url: str
) -> None:
    stalling = Database(database_url, Vault(ROOT_SECRET), stall_seconds=0.2)
    woken = asyncio.Event()

    async def stall() -> None:
        async with stalling.write() as tx:
            await lock(tx)
            await woken.wait()

    stalled = asyncio.create_task(stall())
    async with asyncio.timeout(60):
        while not await is_locked(database):  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.01)
        async with database.write() as tx:
            await lock(tx)
    woken.set()
    with pytest.raises(DatabaseUnavailableError):
        await stalled
    async with stalling.write() as tx:
        await lock(tx)
    await stalling.close()


async def is_locked(database: Database) -> bool:
    query = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE mode = 'ExclusiveLock' AND relation = 'tree_heads'::regclass AND datname = current_database()"
    )
    async with database.read() as tx:
        return bool((await tx.execute(query)).scalar_one())
