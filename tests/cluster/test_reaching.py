"""However PostgreSQL is away, it is one exception; and whichever host takes writes is found, again and again."""

import asyncio

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from app.storage import postgres
from app.storage.database import CommitUnknownError, Database, DatabaseUnavailableError
from app.storage.vault import Vault
from tests.cluster.fake_server import Refusing, Silent
from tests.conftest import ROOT_SECRET
from tests.doubles.connections import unused_port
from tests.postgres import PostgresServer, database_name

ALONE = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def pid(database: Database) -> int:
    """Who answers us; every new connection is somebody else."""
    async with database.write() as tx:
        return int((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def opened(url: str, **changes: float) -> Database:
    return Database(url, Vault(ROOT_SECRET), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sqlstate", "name"),
    [
        ("57P03", "CannotConnectNowError"),
        ("57P01", "AdminShutdownError"),
        ("57P02", "CrashShutdownError"),
        ("53300", "TooManyConnectionsError"),
        ("28P01", "InvalidPasswordError"),
        ("28000", "InvalidAuthorizationSpecificationError"),
        ("3D000", "InvalidCatalogNameError"),
        ("08P01", "ProtocolViolationError"),
        ("58030", "PostgresIOError"),
    ],
)
async def test_a_server_that_lets_nobody_in_is_away(sqlstate: str, name: str) -> None:
    async with Refusing(sqlstate) as server:
        database = opened(f"postgresql+asyncpg://awizo@127.0.0.1:{server.port}/awizo")
        with pytest.raises(DatabaseUnavailableError, match=name):
            await pid(database)
        await database.close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
async def test_a_host_that_nobody_knows_or_that_takes_no_connection_is_away(host: str) -> None:
    database = opened(f"postgresql+asyncpg://awizo@{host}:{unused_port()}/awizo")
    with pytest.raises(DatabaseUnavailableError):
        await pid(database)
    await database.close()


async def test_a_server_that_says_nothing_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 0.2)
    async with Silent() as server:
        database = opened(f"postgresql+asyncpg://awizo@127.0.0.1:{server.port}/awizo")
        with pytest.raises(DatabaseUnavailableError, match="TimeoutError"):
            await pid(database)
        await database.close()


@ALONE
async def test_a_server_that_takes_no_writes_is_away_until_it_does(
    database_url: str, postgres_server: PostgresServer
) -> None:
    name = database_name(database_url)
    postgres_server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    database = opened(database_url)
    with pytest.raises(DatabaseUnavailableError, match="TargetServerAttributeNotMatched"):
        await pid(database)
    postgres_server.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert await pid(database)
    await database.close()


@ALONE
async def test_after_a_write_that_is_refused_as_read_only_every_connection_is_made_anew(database_url: str) -> None:
    database = opened(database_url, pool_size=2)

    async def write_while_it_is_forbidden() -> None:
        async with database.write() as tx:
            await tx.execute(text("SET TRANSACTION READ ONLY"))
            await tx.execute(text("DELETE FROM events"))

    async with database.write() as one, database.write() as other:
        before = {(await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one() for tx in (one, other)}
    with pytest.raises(DatabaseUnavailableError, match="ReadOnlySQLTransactionError"):
        await write_while_it_is_forbidden()
    async with database.write() as one, database.write() as other:
        after = {(await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one() for tx in (one, other)}
    assert not before & after
    await database.close()


@ALONE
async def test_a_command_that_takes_too_long_is_given_up_and_its_connection_too(database_url: str) -> None:
    database = opened(database_url, pool_size=1, command_seconds=0.3)
    before = await pid(database)
    with pytest.raises(DatabaseUnavailableError, match="TimeoutError"):
        async with database.write() as tx:
            await tx.execute(text("SELECT pg_sleep(60)"))
    assert await pid(database) != before
    await database.close()


@ALONE
@pytest.mark.parametrize("setting", ["statement_timeout", "lock_timeout"])
async def test_a_limit_that_an_operator_set_is_no_fault_of_the_program(database: Database, setting: str) -> None:
    async def wait_for_others() -> None:
        async with database.write() as tx:
            await tx.execute(text(f"SET LOCAL {setting} = '50ms'"))
            await tx.execute(text("LOCK TABLE events"))

    async with database.write() as holder:
        await holder.execute(text("LOCK TABLE events"))
        with pytest.raises(DatabaseUnavailableError, match=r"QueryCanceledError|LockNotAvailableError"):
            await wait_for_others()


@ALONE
async def test_a_fault_of_the_program_is_still_one(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with database.write() as tx:
            await tx.execute(text("SELECT nothing_of_that_name"))


@ALONE
async def test_a_backend_that_ends_before_the_commit_leaves_it_unknown(
    database: Database, postgres_server: PostgresServer
) -> None:
    async def end_before_commit() -> None:
        async with database.write() as tx:
            ours = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await asyncio.to_thread(postgres_server.execute, f"SELECT pg_terminate_backend({ours}, 5000)")

    with pytest.raises(CommitUnknownError):
        await end_before_commit()
    assert await pid(database)


@ALONE
async def test_the_host_that_answers_is_found_behind_one_that_hangs_and_one_that_is_gone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 3)
    there = make_url(database_url)
    async with Silent() as hanging, Refusing("57P03") as starting:
        ports = (hanging.port, unused_port(), starting.port, there.port)
        url = there.set(host=None, port=None, query={"host": [f"127.0.0.1:{port}" for port in ports]})
        database = opened(url.render_as_string(hide_password=False), pool_size=2)
        async with database.write(), database.write() as tx:
            await tx.execute(text("SELECT 1"))
        assert (hanging.opened, starting.opened) == (1, 1), "the second connection knew where to go"
        await database.close()


@ALONE
async def test_when_no_host_will_do_the_database_is_away(database_url: str) -> None:
    async with Refusing("57P03") as one, Refusing("57P03") as other:
        hosts = [f"127.0.0.1:{server.port}" for server in (one, other)]
        url = make_url(database_url).set(host=None, port=None, query={"host": hosts})
        database = opened(url.render_as_string(hide_password=False))
        with pytest.raises(DatabaseUnavailableError, match="CannotConnectNowError"):
            await pid(database)
        await database.close()
