"""Connections and transactions. Only the edges begin and end them; everything else is handed a `Tx`.

SQLite: one writing connection (BEGIN IMMEDIATE, WAL, synchronous=FULL) and read-only connections beside it.
PostgreSQL: one pool; READ COMMITTED. Nothing here or above relies on a session: what is set, locked or prepared ends
with its transaction, so that a pooler may hand each one to another connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.storage.postgres import COMMAND_SECONDS, is_away, postgres_engine, told_by
from app.storage.vault import Vault

POOL_WAIT_SECONDS = 1.5
BUSY_SECONDS = 30
STALL_SECONDS = 15
COMMIT_SECONDS = 20  # before any command is given up, which would cancel it
CLOSE_SECONDS = 5
REPEATS_MAX = 5

T = TypeVar("T")

# serialization_failure, deadlock_detected, unique_violation: the loser of a race repeats its whole transaction.
_REPEATABLE = {"40001", "40P01", "23505"}


class DatabaseUnavailableError(Exception):
    """The database cannot be reached or has no connection free; nothing was committed that we know of."""


class CommitUnknownError(DatabaseUnavailableError):
    """The connection was lost while COMMIT was on its way: all of the transaction was kept, or nothing."""


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction, and the vault that reads and writes people's values in it."""

    connection: AsyncConnection
    vault: Vault

    @property
    def is_postgres(self) -> bool:
        """Whether row locks exist here; SQLite's one writer needs none."""
        return self.connection.dialect.name == "postgresql"

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement."""
        return await self.connection.execute(statement, parameters)


async def _always(_tx: Tx) -> bool:
    return True


class Database:
    """The engines of one process.

    On PostgreSQL the server ends a transaction whose process asked nothing of it for `stall_seconds`: one that was
    stopped, or whose machine is gone, would otherwise keep its row locks, and everybody waiting for them. Without that
    number, and behind a pooler (`is_pooled`), the server's own setting counts; see `require_idle_timeout`. One command
    takes at most `command_seconds`.
    """

    def __init__(
        self,
        url: str,
        vault: Vault,
        *,
        pool_size: int = 10,
        stall_seconds: float | None = STALL_SECONDS,
        command_seconds: float | None = COMMAND_SECONDS,
        is_pooled: bool = False,
    ) -> None:
        self.vault = vault
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.is_pooled = is_pooled
        if self.is_sqlite:
            self._prepare_directory()
            self.writer = _sqlite_engine(url, pool_size=1, read_only=False)
            self.reader = _sqlite_engine(url, pool_size=max(2, pool_size // 2), read_only=True)
        else:
            self.writer = self.reader = postgres_engine(
                self.url,
                pool_size=pool_size,
                pool_timeout=POOL_WAIT_SECONDS,
                stall_seconds=stall_seconds,
                command_seconds=command_seconds,
                is_pooled=is_pooled,
            )

        self._holds: Callable[[Tx], Awaitable[bool]] = _always

    def only_while(self, holds: Callable[[Tx], Awaitable[bool]]) -> "Database":
        """The same database for somebody who must not write unless `holds`, which each transaction is asked first.

        Where it does not, DatabaseUnavailableError is raised before anything else is done.
        """
        narrowed = copy(self)
        narrowed._holds = holds  # noqa: SLF001 – it is one of us
        return narrowed

    def _prepare_directory(self) -> None:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends well and rolls back when it does not.

        Raises DatabaseUnavailableError, or CommitUnknownError when only the answer to COMMIT is missing.
        """
        async with _translated(), self.writer.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection, self.vault)
            if not await self._holds(tx):
                raise DatabaseUnavailableError("NotWhatWasSigned")
            yield tx
            async with _translated(CommitUnknownError), self._hanging_up(connection):
                await transaction.commit()

    @asynccontextmanager
    async def _hanging_up(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """End the connection when COMMIT takes too long, and do not cancel it.

        A server whose COMMIT waits for its standby shows the transaction to nobody. If the waiting is cancelled, it is
        committed there and then, for all to see and rely on, and the standby knows nothing of it.
        """
        if self.is_sqlite:
            yield
            return
        driver = (await connection.get_raw_connection()).driver_connection
        hanging_up = asyncio.get_running_loop().call_later(COMMIT_SECONDS, driver.terminate)  # type: ignore[union-attr] # asyncpg's
        try:
            yield
        finally:
            hanging_up.cancel()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A transaction for reading only."""
        async with _translated(), self.reader.connect() as connection:
            yield Tx(connection, self.vault)

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work` in a transaction and commit; repeat it whole when it lost a race and changed nothing."""
        for attempt in range(1, REPEATS_MAX + 1):
            try:
                async with self.write() as tx:
                    return await work(tx)
            except DBAPIError as error:
                if attempt == REPEATS_MAX or not is_repeatable(error):
                    raise
                await asyncio.sleep(0.01 * attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Give all connections back; a server that hangs is not waited for."""
        for engine in dict.fromkeys((self.writer, self.reader)):
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await engine.dispose()
            except TimeoutError:
                await engine.dispose(close=False)


def is_repeatable(error: BaseException) -> bool:
    """Whether the whole transaction should simply be run again (it lost a race and changed nothing)."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _REPEATABLE


@asynccontextmanager
async def _translated(kind: type[DatabaseUnavailableError] = DatabaseUnavailableError) -> AsyncIterator[None]:
    """Turn every way in which a database can be away into one exception."""
    try:
        yield
    except (PoolTimeoutError, InterfaceError, OperationalError, OSError) as error:
        raise kind(told_by(error)) from error
    except DBAPIError as error:
        if is_away(error):
            raise kind(told_by(error)) from error
        raise


def _sqlite_engine(url: str, *, pool_size: int, read_only: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS if read_only else BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.execute(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")

    return engine


async def durability_faults(database: Database) -> list[str]:
    """The settings of this database that would let it forget a commit, named; empty when it is safe to sign."""
    async with database.read() as tx:
        if database.is_sqlite:
            level = (await tx.execute(text("PRAGMA synchronous"))).scalar_one()
            return [] if level >= 2 else [f"synchronous={level}"]
        faults = []
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            value = (await tx.execute(text(f"SHOW {name}"))).scalar_one()
            if value == "off":
                faults.append(f"{name}={value}")
        return faults


async def failover_risks(database: Database) -> list[str]:
    """The settings by which a commit exists on one server only, while others stand by; empty when there are none.

    Whoever takes over then may lack what was committed last.
    """
    if database.is_sqlite:
        return []
    async with database.read() as tx:
        standbys = (await tx.execute(text("SELECT count(*) FROM pg_stat_replication"))).scalar_one()
        hosts = database.url.normalized_query.get("host", ())
        if not standbys and len(hosts) < 2:
            return []
        names = (await tx.execute(text("SHOW synchronous_standby_names"))).scalar_one()
        commit = (await tx.execute(text("SHOW synchronous_commit"))).scalar_one()
    risks = [] if names else ["synchronous_standby_names is empty"]
    return [*risks, *(["synchronous_commit=local"] if commit == "local" else [])]
