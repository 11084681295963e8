"""The schema: migrate it, or refuse to work on another one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

import migrations
from app.storage.database import Database
from app.storage.tables import vault_roots


class SchemaError(Exception):
    """The database has another schema or root key than this process needs; the text says what to do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def migrate(connection: Connection) -> None:
    """Bring the schema to this version, in one transaction of the caller."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def migrate_database(database: Database) -> str:
    """Bring the schema to this version; the revision it then has."""
    async with database.write() as tx:
        await tx.connection.run_sync(migrate)
        return str(await tx.connection.run_sync(_revision))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def require_current_schema(database: Database, *, migrate_first: bool) -> None:
    """Raise SchemaError unless the schema is this version's; an embedded database may be migrated first."""
    async with database.write() as tx:
        if migrate_first:
            await tx.connection.run_sync(migrate)
        present = await tx.connection.run_sync(_revision)
    if present != ScriptDirectory.from_config(_config()).get_current_head():
        raise SchemaError("The database has another schema than this version needs; run `awizo migrate`.")


async def require_same_root(database: Database) -> None:
    """Raise SchemaError unless the vault's root secret is the one that this database was begun with.

    With another one nobody would be recognised, and nothing that is kept could be read.
    """
    proof = database.vault.mac("root")
    async with database.write() as tx:
        kept = (await tx.execute(select(vault_roots.c.proof))).scalar_one_or_none()
        if kept is None:
            await tx.execute(insert(vault_roots).values(id=1, proof=proof))
        elif kept != proof:
            raise SchemaError(
                "The keys in AWIZO_DATA_DIR are not those that this database was begun with; "
                "restore keys/root.key from its safe copy."
            )
