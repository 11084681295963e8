"""Figures of weeks of shipments equal a second count straight from the facts."""

from collections import Counter
from datetime import date
from pathlib import Path

from app.domain.figures import Measure
from app.storage.database import Database
from tests.integration.counting import SecondCount, count_all, counted, cursors
from tests.simulation.hearing import CODES
from tests.simulation.running import open_run
from tests.simulation.stories import tell
from tests.simulation.test_weeks import sqlite, sqlite_file

__all__ = ["sqlite", "sqlite_file"]  # fixtures

SHIPMENTS, SEED, DAYS = 60, 7, 50


async def test_weeks_over_new_year_come_to_the_same_when_they_are_counted_again(
    sqlite: Database,
    tmp_path: Path,
) -> None:
    story = tell(shipments=SHIPMENTS, seed=SEED, first_day=date(2026, 11, 30), days=DAYS)
    async with open_run(sqlite, story, tmp_path, say=lambda _line: None, grid_hours=6) as run:
        await run.live()
        assert await run.check_log() == []
        await count_all(sqlite, run.surroundings, limit=100)
    codes = {f"{vocabulary}:{code}": kind for (vocabulary, code), (kind, *_) in CODES.items()}
    second = SecondCount(sqlite, Counter(), codes=codes)
    figures = await counted(sqlite)
    assert figures == await second.catch_up()
    lags = {key: count for key, count in figures.items() if key[2] == Measure.NOTICE_LAG}
    assert sum(lags.values()) > SHIPMENTS
    assert len(await cursors(sqlite)) == 2
