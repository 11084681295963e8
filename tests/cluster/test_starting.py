"""Processes that are started all at once, on a database that is new."""

import asyncio

from sqlalchemy import text

from app.storage.database import Database
from app.storage.schema import migrate_database, require_same_root
from app.storage.vault import Vault
from tests.conftest import ROOT_SECRET

PROCESSES = 8


async def test_the_first_processes_of_a_deployment_agree_on_the_root_secret(database: Database) -> None:
    await asyncio.gather(*(require_same_root(database) for _ in range(PROCESSES)))
    async with database.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM vault_roots"))).scalar_one() == 1


async def test_of_several_migrations_at_once_one_works_and_the_rest_wait(postgres_url: str) -> None:
    databases = [Database(postgres_url, Vault(ROOT_SECRET)) for _ in range(PROCESSES)]
    revisions = await asyncio.gather(*(migrate_database(database) for database in databases))
    assert len(set(revisions)) == 1
    await asyncio.gather(*(database.close() for database in databases))
