"""Fixtures for every test: a migrated database of each kind, and a clock that stands where a test puts it."""

import asyncio
import gc
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from uuid_utils.compat import uuid7

from app.ports import Surroundings
from app.storage.database import Database
from app.storage.schema import migrate
from app.storage.vault import Vault
from tests.postgres import PostgresServer, database_name, postgres_server, postgres_url
from tests.shared_statements import share_statements

__all__ = ["postgres_server", "postgres_url"]  # fixtures of every test

ROOT_SECRET = bytes(range(32))

# No test depends on how fast the machine is, or on what else it does.
settings.register_profile(
    "any machine", settings.get_profile(settings.get_current_profile_name()), deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("any machine")

share_statements()


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what stays: it would go through sixteen thousand tests again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say each reason for skipping once, however many tests it kept from running."""
    skipped = terminalreporter.getreports("skipped")
    for reason, count in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{reason} ({count} tests)")


class TestClock:
    """A clock that moves only when told, but never stands still between two facts: each look is 1 ms later."""

    __test__ = False

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> TestClock:
    # A Monday at noon in Warsaw: no quiet hours, no day off.
    return TestClock(datetime(2026, 11, 23, 11, 0, tzinfo=UTC))


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return Surroundings(clock=clock, new_id=uuid7, entropy=secrets.token_bytes, jitter=lambda: 0.5)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database file with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "awizo.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """A database with the whole schema, to be copied."""
    url = postgres_server.create_database()
    asyncio.run(_migrate(url))
    return url


async def _migrate(url: str) -> None:
    database = Database(url, Vault(ROOT_SECRET))
    async with database.writer.begin() as connection:
        await connection.run_sync(migrate)
    await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database; every test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "awizo.db"
        path.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database(template=database_name(request.getfixturevalue("migrated_postgres")))
    yield url
    server.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, Vault(ROOT_SECRET))
    yield opened
    await opened.close()


@pytest.fixture
def ids() -> Iterator[UUID]:
    return (uuid7() for _ in itertools.count())
