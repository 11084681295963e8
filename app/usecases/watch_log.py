"""Whether this process may trust the log: no fault known, until one is found."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.storage import log
from app.storage.database import Database, DatabaseUnavailableError
from app.usecases.log_fault import LogFaultError, LogStuckError

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


async def watch_log(database: Database, log_watch: LogWatch, *, look: Callable[[], Awaitable[None]]) -> None:
    """For a process that does not seal: notice a database that went back. Endless.

    Either behind a checkpoint that this process has seen published, or behind the mark: `look` compares with that, and
    raises as Sealer.look does. What cannot be compared at the moment, because the mark is out of reach, is not a fault.
    """
    shown: dict[str, int] = {}
    while True:
        try:
            with contextlib.suppress(LogStuckError):
                await look()
            async with database.read() as tx:
                newest = await log.newest_checkpoint(tx)
        except LogFaultError as fault:
            log_watch.found(str(fault))
            newest = None
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
