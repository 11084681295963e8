"""One service at a time on an SQLite file: a second one would send and seal beside the first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.storage.database import Database

SUFFIX = ".service"


class ServiceRunningError(Exception):
    """Another service works on this file."""


@contextmanager
def sole_service(database: Database) -> Iterator[None]:
    """Keep other services off the database while the block lasts; the system lets go when the process dies.

    Raises ServiceRunningError when there is one already. On PostgreSQL there may be any number of them.
    """
    file = database.url.database
    if not database.is_sqlite or not file or file == ":memory:":
        yield
        return
    with Path(file + SUFFIX).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceRunningError from None
        yield
