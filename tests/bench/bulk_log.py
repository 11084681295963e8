"""Makes a log large in little time: sequences leaves that no facts stand behind, many in one transaction."""

import secrets
import sys
from collections.abc import Iterator

from uuid_utils.compat import uuid7

from app.merkle.tree import HASH_BYTES
from app.storage import log
from app.storage.database import Database
from app.storage.log import PendingEntry

_CHUNK = 16_384


async def grow(database: Database, size: int) -> None:
    """Go on until the log has `size` leaves, with the tiles and the head over them; a sealer's next turn signs them."""
    while True:
        async with database.write() as tx:
            head = await log.current_head(tx, lock=True)
            if head is None or head.range.size >= size:
                break
            entries = list(made_up_entries(min(_CHUNK, size - head.range.size)))
            if await log.sequence(tx, head, entries) is None:
                raise RuntimeError("somebody else is sealing the log that is being filled")
        sys.stderr.write(f"\r{head.range.size + len(entries):,} of {size:,} leaves ")
    sys.stderr.write("\r" + " " * 40 + "\r")


def made_up_entries(count: int) -> Iterator[PendingEntry]:
    """Entries of no facts. None of them waits in the database, where positions begin with 1."""
    drawn = secrets.token_bytes(HASH_BYTES * count)
    for at in range(0, len(drawn), HASH_BYTES):
        yield PendingEntry(position=0, fact=uuid7(), commitment=drawn[at : at + HASH_BYTES])
