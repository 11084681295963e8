"""Stopping in good order: no transaction is broken off, and nothing that was claimed is left hanging."""

import asyncio
import time
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from app import worker
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import notifications
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.seal_log import Sealer
from app.usecases.watch_log import LogWatch
from app.wiring import open_database
from app.worker import Worker
from tests.integration.api.service import fresh_event, open_service


class Slow:
    """A sealer or dispatcher whose turn takes a while; `broken_off` counts turns that did not come to their end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.broken_off = 0
        self.drained_after = False

    async def turn(self) -> int:
        self.begun.set()
        self.broken_off += 1
        await asyncio.sleep(0.2)
        self.broken_off -= 1
        return 0

    async def wait_for_room(self) -> None:
        return None

    async def drain(self) -> None:
        self.drained_after = self.broken_off == 0


@pytest.fixture(autouse=True)
def rare_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that waits until a loop looks around by itself takes minutes."""
    monkeypatch.setattr(worker, "HOUSEKEEPING_SECONDS", 600.0)
    monkeypatch.setattr(worker, "RETENTION_SECONDS", 600.0)


async def test_a_turn_that_has_begun_is_finished_before_what_it_claimed_is_settled(
    database: Database, surroundings: Surroundings
) -> None:
    sealer, dispatcher = Slow(), Slow()
    loops = Worker(
        database,
        sealer=cast("Sealer", sealer),
        dispatchers=[cast("Dispatcher", dispatcher)],
        log_watch=LogWatch(),
        surroundings=surroundings,
    )
    loops.start()
    await asyncio.gather(sealer.begun.wait(), dispatcher.begun.wait())
    started = time.monotonic()
    await loops.stop()
    assert (sealer.broken_off, dispatcher.broken_off) == (0, 0)
    assert dispatcher.drained_after
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("milliseconds", [0, 2, 5, 9, 14, 20])
async def test_a_stop_right_after_an_event_is_quick_and_leaves_nothing_half_sent(
    database_url: str, tmp_path: Path, milliseconds: int
) -> None:
    async with open_service(database_url, tmp_path / "data") as service:
        await service.register()
        await service.post(fresh_event())
        await asyncio.sleep(milliseconds / 1000)
        started = time.monotonic()
    assert time.monotonic() - started < 60
    after = open_database(service.settings)
    async with after.read() as tx:
        stand = (await tx.execute(select(notifications.c.status))).scalars().all()
    await after.close()
    assert len(stand) == 2
    assert set(stand) <= {"queued", "sent"}
