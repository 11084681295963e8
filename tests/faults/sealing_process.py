"""A process that seals until it is killed: `python -m tests.faults.sealing_process URL DIRECTORY NOW NAME STALL`.

Its connections carry NAME as their `application_name`, so that a test sees what it is doing. STALL is for how many
seconds the server waits for a stopped process. One that finds a fault of the log says so and ends.
"""

import asyncio
import contextlib
import itertools
import random
import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from uuid_utils.compat import uuid7

import app.worker
from adapters.mark_file import MarkFile
from app.ports import Surroundings
from app.storage.database import Database, DatabaseUnavailableError
from app.storage.vault import Vault
from app.usecases.watch_log import LogWatch
from app.worker import Worker
from tests.conftest import ROOT_SECRET
from tests.integration.world import sealer


async def seal(url: str, directory: Path, now: datetime, name: str, stall_seconds: float) -> None:
    """Run the sealing loop of a worker until killed, or until it finds a fault."""
    database = Database(url, Vault(ROOT_SECRET), stall_seconds=stall_seconds)

    @event.listens_for(database.writer.sync_engine, "connect")
    def tell_name(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET application_name = '{name}'")
        cursor.close()
        connection.commit()

    later = itertools.count(1)
    surroundings = Surroundings(
        clock=lambda: now + timedelta(milliseconds=next(later)),
        new_id=uuid7,
        entropy=secrets.token_bytes,
        jitter=random.random,
    )
    own_sealer = sealer(database, MarkFile(directory / "mark"), surroundings)
    while True:
        with contextlib.suppress(DatabaseUnavailableError):  # stopped for so long that the server gave up on us
            await own_sealer.start()
            break
    log_watch = LogWatch()
    app.worker.SEAL_SECONDS = 0.01  # as often as facts come
    worker = Worker(database, sealer=own_sealer, dispatchers=[], log_watch=log_watch, surroundings=surroundings)
    worker.start()
    while log_watch.fault is None:  # noqa: ASYNC110 – it rings no bell
        await asyncio.sleep(0.01)
    sys.exit(log_watch.fault)


if __name__ == "__main__":
    asyncio.run(
        seal(sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
    )
