"""Alembic's entry: runs migrations on the connection it is given, or on the database of the settings, past a pooler."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy.engine import Connection

from app.settings import load_settings
from app.storage.database import Database
from app.storage.tables import metadata
from app.storage.vault import Vault


def run(connection: Connection) -> None:
    """Migrate in one transaction, so that a failed migration leaves nothing behind."""
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_on_own_database() -> None:
    settings = load_settings()
    url = settings.database_direct_url or settings.database_url
    database = Database(url.get_secret_value(), Vault(bytes(32)))
    async with database.writer.begin() as connection:
        await connection.run_sync(run)
    await database.close()


given: Any = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_on_own_database())
else:
    run(given)
