"""The schema: one line of migrations, the same as the tables in code, there and back on both databases."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, ForeignKey, inspect, text

import migrations
from app.storage.database import Database
from app.storage.schema import HEAD, SchemaError, migrate, migrate_database, require_current_schema
from app.storage.tables import APPEND_ONLY, metadata
from app.storage.vault import Vault
from tests.conftest import ROOT_SECRET

TABLES = set(metadata.tables)


def config() -> Config:
    given = Config()
    given.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return given


def downgrade(connection: Connection) -> None:
    back = config()
    back.attributes["connection"] = connection
    command.downgrade(back, "base")


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": connection.dialect.name == "postgresql"}
    )
    return list(compare_metadata(context, metadata))


def triggers(connection: Connection) -> set[str]:
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if connection.dialect.name == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    return set(connection.execute(text(query)).scalars())


def expected_triggers(dialect: str) -> set[str]:
    if dialect == "postgresql":
        return {f"{table.name}_append_only" for table in APPEND_ONLY}
    return {f"{table.name}_no_{act}" for table in APPEND_ONLY for act in ("update", "delete")}


def test_the_migrations_are_one_line_with_one_head() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    assert all(not script.is_merge_point and not script.is_branch_point for script in scripts.walk_revisions())


async def test_up_down_and_up_again_leave_the_schema_of_the_code(database: Database) -> None:
    async with database.writer.begin() as connection:
        assert await connection.run_sync(tables) == TABLES
    async with database.writer.begin() as connection:
        await connection.run_sync(downgrade)
        assert await connection.run_sync(tables) == set()
    async with database.writer.begin() as connection:
        await connection.run_sync(migrate)
        assert await connection.run_sync(tables) == TABLES
        assert await connection.run_sync(differences) == []
        dialect = connection.dialect.name
        assert await connection.run_sync(triggers) == expected_triggers(dialect)


async def test_the_tables_in_code_are_the_tables_in_the_database(database: Database) -> None:
    async with database.writer.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_log_is_append_only_once_migrated(database: Database) -> None:
    async with database.writer.begin() as connection:
        assert await connection.run_sync(triggers) == expected_triggers(connection.dialect.name)


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert await migrate_database(database) == await migrate_database(database)


async def test_a_failed_migration_leaves_nothing_behind(database: Database) -> None:
    async with database.writer.begin() as connection:
        await connection.run_sync(downgrade)
    with pytest.raises(ZeroDivisionError):
        await _migrate_and_fail(database)
    async with database.writer.begin() as connection:
        assert await connection.run_sync(tables) == set()


async def _migrate_and_fail(database: Database) -> None:
    async with database.writer.begin() as connection:
        await connection.run_sync(migrate)
        raise ZeroDivisionError


async def test_another_schema_is_refused_by_name_of_the_command(database: Database) -> None:
    await require_current_schema(database, migrate_first=False)
    async with database.writer.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaError, match="awizo migrate"):
        await require_current_schema(database, migrate_first=False)


async def test_an_empty_file_is_migrated_at_the_first_start(tmp_path: Path) -> None:
    fresh = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'awizo.db'}", Vault(ROOT_SECRET))
    await require_current_schema(fresh, migrate_first=True)
    async with fresh.writer.begin() as connection:
        assert await connection.run_sync(tables) == TABLES
    await fresh.close()


async def test_every_hot_query_has_its_index(database: Database) -> None:
    async with database.writer.begin() as connection:
        found = await connection.run_sync(
            lambda c: {index["name"] for table in TABLES for index in inspect(c).get_indexes(table)}
        )
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= found


def test_the_head_that_a_process_asks_for_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def test_what_names_an_event_is_found_by_it() -> None:
    """Else each event that is retired costs a look at every row of that table, for the foreign key alone."""
    naming = [key.parent for table in TABLES for key in metadata.tables[table].foreign_keys if _names_event(key)]
    indexed = {index.columns[0] for table in metadata.tables.values() for index in table.indexes}
    indexed |= {next(iter(table.primary_key.columns)) for table in metadata.tables.values()}
    assert {str(column) for column in naming} >= {"notifications.event_id", "stays.event_id"}
    assert [str(column) for column in naming if column not in indexed] == []


def _names_event(key: ForeignKey) -> bool:
    return key.target_fullname == "events.id"
