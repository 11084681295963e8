from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.ports import Surroundings
from app.storage.database import Database
from tests.integration.command import awizo
from tests.integration.world import World, open_world

__all__ = ["awizo"]  # a fixture of every test here


@pytest.fixture
async def world(database: Database, surroundings: Surroundings, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, surroundings, tmp_path) as opened:
        yield opened
