"""A whole trial: a story told, lived through on an empty database, and judged."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.domain.recipient import LANGUAGES
from app.storage.database import Database
from app.storage.schema import migrate_database
from app.storage.vault import Vault
from tests.conftest import ROOT_SECRET
from tests.postgres import start_postgres
from tests.simulation.books import read_books
from tests.simulation.hearing import items_of
from tests.simulation.journal import Journal
from tests.simulation.judge import Court, open_court
from tests.simulation.judge_incidents import judge_incidents
from tests.simulation.judge_messages import judge_messages
from tests.simulation.judge_plans import judge_books, judge_plans
from tests.simulation.running import Say, open_run
from tests.simulation.stories import Story

# Both nights on which the clock changes, and Christmas at either end.
YEAR_FROM, YEAR_DAYS = date(2026, 12, 1), 365


@dataclass(frozen=True, kw_only=True)
class Trial:
    court: Court
    journal: Journal

    @property
    def violations(self) -> int:
        return self.court.verdict.found.total()


async def lived_and_judged(
    database: Database, story: Story, directory: Path, *, say: Say, grid_hours: int, with_log: bool = True
) -> Trial:
    """Live through the story on that migrated, empty database, and judge what came of it."""
    async with open_run(database, story, directory, say=say, grid_hours=grid_hours) as run:
        await run.live()
        say("all is over; checking the log")
        log_faults = await run.check_log() if with_log else []
        items = items_of(run.journal.posted)
        books = await read_books(database, run.journal.posted, items.values())
        say("the judge reads")
        court = open_court(story, run.journal, items, books)
    for fault in log_faults:
        court.verdict.fault("log", fault)
    judge_messages(court, set(LANGUAGES))
    judge_plans(court)
    judge_incidents(court, run.journal, set(LANGUAGES))
    judge_books(court)
    return Trial(court=court, journal=run.journal)


def try_on(url: str, story: Story, directory: Path, *, say: Say, grid_hours: int) -> Trial:
    """The same on a new database, which is migrated first."""

    async def run() -> Trial:
        database = Database(url, Vault(ROOT_SECRET))
        try:
            await migrate_database(database)
            return await lived_and_judged(database, story, directory, say=say, grid_hours=grid_hours)
        finally:
            await database.close()

    return asyncio.run(run())


@contextmanager
def new_database(kind: str) -> Iterator[tuple[str, Path]]:
    """The URL of an empty database of that kind, and a directory beside it, both gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="awizo-year-") as name:
        if kind == "sqlite":
            yield f"sqlite+aiosqlite:///{name}/awizo.db", Path(name)
            return
        with start_postgres() as server:
            url = server.create_database()
            yield url, Path(name)
            server.drop_database(url)
