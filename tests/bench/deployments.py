"""Databases made ready to be measured: migrated, with an opened log, a key, and people who agreed to be told."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from app.domain.access import Scope
from app.domain.channel import Channel
from app.settings import Settings
from app.storage import log
from app.storage.database import Database
from app.storage.schema import migrate_database
from app.usecases.create_key import create_key
from app.usecases.put_recipient import put_recipient
from app.usecases.seal_log import Sealer
from app.wiring import open_database, real_surroundings, sealer_of
from tests.bench.traffic import BOTH_CHANNELS, person, registration
from tests.builders import OPERATOR
from tests.postgres import PostgresServer, database_name

# What else is to be in a database before it is measured.
Prepare = Callable[[Database, Sealer], Awaitable[None]]

_PEOPLE_PER_COMMIT = 100
_SEALED_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A database and, with the same people in it, a copy that only the floor writes to."""

    name: str
    url: str
    floor_url: str
    data_dir: Path
    token: str = field(repr=False)
    recipients: int

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def api_role(self) -> str:
        """What the process that accepts runs as: SQLite has one process for everything."""
        return "all" if self.is_sqlite else "api"

    @property
    def settings(self) -> Settings:
        return _settings(self.url, self.data_dir)

    @property
    def environment(self) -> dict[str, str]:
        plenty = "requests=1000000/1,events=1000000/1"  # one key posts everything: it is counted and never refused
        return {"AWIZO_DATABASE_URL": self.url, "AWIZO_DATA_DIR": str(self.data_dir), "AWIZO_KEY_RATE": plenty}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Database]:
        database = open_database(self.settings)
        try:
            yield database
        finally:
            await database.close()

    async def sealed(self) -> None:
        """Return when an all-in-one process has sealed everything, so that it does not disturb what comes next."""
        if not self.is_sqlite:
            return
        async with self.open() as database, asyncio.timeout(_SEALED_WITHIN_SECONDS):
            while await _pending(database):  # noqa: ASYNC110 – another process does the work
                await asyncio.sleep(0.05)


async def deploy_sqlite(
    directory: Path,
    *,
    recipients: int,
    channels: Collection[Channel] = BOTH_CHANNELS,
    prepare: Prepare | None = None,
) -> Deployment:
    """Files under `directory`; the people agreed to `channels`, and `prepare` did its part before it was copied."""
    data_dir = _new(directory / "sqlite")
    path, copy = data_dir / "awizo.db", data_dir / "floor.db"
    url = f"sqlite+aiosqlite:///{path}"
    token = await prepare_database(url, data_dir, recipients=recipients, channels=channels, prepare=prepare)
    shutil.copyfile(path, copy)
    return Deployment(
        name="SQLite",
        url=url,
        floor_url=f"sqlite+aiosqlite:///{copy}",
        data_dir=data_dir,
        token=token,
        recipients=recipients,
    )


async def deploy_postgres(
    server: PostgresServer,
    directory: Path,
    *,
    recipients: int,
    channels: Collection[Channel] = BOTH_CHANNELS,
    prepare: Prepare | None = None,
) -> Deployment:
    """Two databases of `server`; the keys are under `directory`; otherwise as above."""
    data_dir = _new(directory / "postgres")
    url = server.create_database()
    token = await prepare_database(url, data_dir, recipients=recipients, channels=channels, prepare=prepare)
    return Deployment(
        name="PostgreSQL",
        url=url,
        floor_url=server.create_database(template=database_name(url)),
        data_dir=data_dir,
        token=token,
        recipients=recipients,
    )


async def prepare_database(
    url: str,
    data_dir: Path,
    *,
    recipients: int,
    channels: Collection[Channel] = BOTH_CHANNELS,
    prepare: Prepare | None = None,
) -> str:
    """Fill an empty database; the token of a key that may post events and ask for proofs."""
    settings = _settings(url, data_dir)
    database = open_database(settings)
    surroundings = real_surroundings()
    try:
        await migrate_database(database)
        await sealer_of(settings, database).start()
        for first in range(0, recipients, _PEOPLE_PER_COMMIT):
            await _register(database, range(first, min(first + _PEOPLE_PER_COMMIT, recipients)), channels)
        sealer = sealer_of(settings, database)
        await sealer.start()
        if prepare is not None:
            await prepare(database, sealer)
        return await database.transact(
            lambda tx: create_key(
                tx,
                name="bench",
                operators=[OPERATOR],
                scopes=[Scope.EVENTS_WRITE, Scope.PROOFS_READ],
                expires_at=None,
                surroundings=surroundings,
            )
        )
    finally:
        await database.close()


async def _register(database: Database, numbers: Sequence[int], channels: Collection[Channel]) -> None:
    surroundings = real_surroundings()
    agreed_at = datetime.now(UTC) - timedelta(days=1)
    async with database.write() as tx:
        for number in numbers:
            await put_recipient(
                tx,
                OPERATOR,
                person(number),
                registration(number, at=agreed_at, channels=channels),
                operator_verified=True,
                surroundings=surroundings,
            )


async def _pending(database: Database) -> int:
    async with database.read() as tx:
        return await log.pending_count(tx)


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _settings(url: str, data_dir: Path) -> Settings:
    return Settings(database_url=SecretStr(url), data_dir=data_dir)
