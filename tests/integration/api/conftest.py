from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.api.service import Service, open_service


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with open_service(database_url, tmp_path / "data") as opened:
        yield opened
