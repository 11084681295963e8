"""Whether this process may trust the log: no fault known, until one is found."""

import asyncio
from dataclasses import dataclass

from app.storage import log
from app.storage.database import Database, DatabaseUnavailableError

WATCH_SECONDS = 5.0


@dataclass(slots=True)
class LogWatch:
    """`fault` is the sentence of the first fault found, None while there is none. Only a restart clears it.

    `stuck` says why nothing can be published at the moment; what was accepted meanwhile is sealed afterwards.
    """

    fault: str | None = None
    stuck: str | None = None

    def found(self, fault: str) -> None:
        """Remember a fault; the first one stays."""
        self.fault = self.fault or fault


async def watch_log(database: Database, log_watch: LogWatch) -> None:
    """For a process that does not seal: notice a database that went back behind a checkpoint it has shown. Endless."""
    shown: dict[str, int] = {}
    while True:
        try:
            async with database.read() as tx:
                newest = await log.newest_checkpoint(tx)
        except DatabaseUnavailableError:
            newest = None
        if newest is not None:
            before = shown.setdefault(newest.origin, newest.size)
            if newest.size < before:
                log_watch.found(
                    f"The database went back: it had shown a checkpoint of {before} entries and now has {newest.size}; "
                    "nothing is accepted until `awizo log recover` was run"
                )
            shown[newest.origin] = max(before, newest.size)
        await asyncio.sleep(WATCH_SECONDS)
