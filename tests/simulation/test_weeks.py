"""Weeks of shipments around Christmas through the real use cases, and bugs that their judge must find."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest

from app.storage.database import Database
from app.storage.vault import Vault
from tests.conftest import ROOT_SECRET
from tests.faults import product
from tests.simulation.faults import FAULTS, REMEMBERED, small_story
from tests.simulation.stories import tell
from tests.simulation.table import table
from tests.simulation.trial import Trial, lived_and_judged

SHIPMENTS, SEED, DAYS = 150, 5, 70


@pytest.fixture
def sqlite_file(tmp_path: Path, migrated_sqlite: Path) -> Path:
    path = tmp_path / "awizo.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return path


@pytest.fixture
async def sqlite(sqlite_file: Path) -> AsyncIterator[Database]:
    # SQLite alone, for the time that it takes: make year DATABASE=postgres does the same on the other.
    opened = Database(f"sqlite+aiosqlite:///{sqlite_file}", Vault(ROOT_SECRET))
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    remembered = [product.find(name) for name in REMEMBERED]
    for each in remembered:
        each.cache_clear()
    yield
    for each in remembered:
        each.cache_clear()


def silent(_line: str) -> None:
    pass


async def live_small(database: Database, directory: Path) -> Trial:
    return await lived_and_judged(database, small_story(), directory, say=silent, grid_hours=1, with_log=False)


async def test_ten_weeks_around_christmas_leave_the_judge_nothing_to_find(sqlite: Database, tmp_path: Path) -> None:
    story = tell(shipments=SHIPMENTS, seed=SEED, first_day=date(2026, 11, 16), days=DAYS)
    trial = await lived_and_judged(sqlite, story, tmp_path, say=silent, grid_hours=6)
    assert dict(trial.court.verdict.examples) == {}
    assert trial.violations == 0
    assert trial.court.verdict.apart["reminders demanded, and sent"] > SHIPMENTS
    steps = {told.row.step for told in trial.court.told}
    assert steps == {None, "first_window", "before_last", "last_day"}
    assert "| Violations | 0 |" in table(trial.court, trial.journal)


async def test_the_small_story_leaves_the_judge_nothing_to_find(sqlite: Database, tmp_path: Path) -> None:
    trial = await live_small(sqlite, tmp_path)
    assert dict(trial.court.verdict.examples) == {}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_planted_bug_is_found(
    name: str, sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    for place in fault.places:
        monkeypatch.setattr(place, fault.make(product.find(place)))
    trial = await live_small(sqlite, tmp_path)
    assert fault.finds in trial.court.verdict.found
