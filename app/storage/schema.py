"""The schema: migrate it, or refuse to work on another one."""

from pathlib import Path

from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.engine import Connection

import migrations
from app.storage.database import STALL_SECONDS, Database, Tx
from app.storage.tables import vault_roots

# The last of migrations/versions.
HEAD = "0015"

_IDLE_TIMEOUT = "idle_in_transaction_session_timeout"
_ONE_AT_A_TIME = 0x6177697A6F  # "awizo": any number will do that others do not use


class SchemaError(Exception):
    """The database has another schema, setting or root key than this process needs; the text says what to do."""


def migrate(connection: Connection) -> None:
    """Bring the schema to this version, in one transaction of the caller."""
    from alembic import command  # noqa: PLC0415 – 12 MiB that a process needs only while it migrates
    from alembic.config import Config  # noqa: PLC0415 – the same

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def migrate_database(database: Database) -> str:
    """Bring the schema to this version; the revision it then has. Of several processes, one works and the rest wait."""
    async with database.write() as tx:
        if tx.is_postgres:
            await tx.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        await tx.connection.run_sync(migrate)
        return str(await tx.connection.run_sync(_revision))


async def set_idle_timeout(database: Database) -> None:
    """Have the server end transactions in which a process hangs, in this database and for the role of `database`.

    A number that somebody chose before stays. Sessions that a pooler holds open already go on without it.
    """
    async with database.write() as tx:
        if await _idle_timeout(tx) != "0":
            return
        present = (await tx.execute(select(func.current_database()))).scalar_one()
        name = tx.connection.dialect.identifier_preparer.quote(present)
        await tx.execute(text(f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET {_IDLE_TIMEOUT} = '{STALL_SECONDS}s'"))


async def require_idle_timeout(database: Database) -> None:
    """Raise SchemaError when a transaction in which a process hangs would keep its locks for ever.

    Without a pooler each connection asks for the limit when it begins; a pooler does not pass that on.
    """
    if not database.is_pooled:
        return
    async with database.read() as tx:
        if await _idle_timeout(tx) == "0":
            raise SchemaError(
                f"Behind the pooler {_IDLE_TIMEOUT} is 0, so a process that hangs would keep its locks for ever; "
                "run `awizo migrate` as the pooler's role, and let the pooler reconnect."
            )


async def _idle_timeout(tx: Tx) -> str:
    return str((await tx.execute(text(f"SHOW {_IDLE_TIMEOUT}"))).scalar_one())


def _revision(connection: Connection) -> str | None:
    """The revision that Alembic noted in the database; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


async def require_current_schema(database: Database, *, migrate_first: bool) -> None:
    """Raise SchemaError unless the schema is this version's; an embedded database may be migrated first."""
    async with database.write() as tx:
        present = await tx.connection.run_sync(_revision)
        if migrate_first and present != HEAD:
            await tx.connection.run_sync(migrate)
            present = await tx.connection.run_sync(_revision)
    if present != HEAD:
        raise SchemaError("The database has another schema than this version needs; run `awizo migrate`.")


async def require_same_root(database: Database) -> None:
    """Raise SchemaError unless the vault's root secret is the one that this database was begun with.

    With another one nobody would be recognised, and nothing that is kept could be read.
    """
    proof = database.vault.mac("root")

    async def compare(tx: Tx) -> None:
        kept = (await tx.execute(select(vault_roots.c.proof))).scalar_one_or_none()
        if kept is None:
            await tx.execute(insert(vault_roots).values(id=1, proof=proof))
        elif kept != proof:
            raise SchemaError(
                "The keys in AWIZO_DATA_DIR are not those that this database was begun with; "
                "restore keys/root.key from its safe copy."
            )

    await database.transact(compare)  # of several first processes, one writes it and the others find it
