"""Have published checkpoints stamped by a time stamping authority: hourly, and when a shard ends.

Any number of processes may do it: of two stamps on one checkpoint the first is kept.
"""

from datetime import timedelta
from typing import assert_never

import structlog

from app.merkle.note import parse_note
from app.ports import NotStamped, Stamped, Surroundings, Timestamper
from app.storage import log, timestamps
from app.storage.database import Database
from app.storage.timestamps import Unstamped

EVERY = timedelta(hours=1)
_AFTER_FAILURE, _AFTER_FAILURE_MAX = timedelta(minutes=1), timedelta(hours=1)

_log = structlog.get_logger(__name__)


class Stamper:
    """Stamps on behalf of one process. An authority that fails is left alone for a minute, then for twice as long."""

    def __init__(self, database: Database, timestamper: Timestamper, *, surroundings: Surroundings) -> None:
        self._database = database
        self._timestamper = timestamper
        self._surroundings = surroundings
        self._pause = _AFTER_FAILURE
        self._ask_again_at = surroundings.clock()

    async def turn(self) -> int:
        """Ask for the stamps that are due, with no transaction open meanwhile; the number of stamps that came."""
        if self._surroundings.clock() < self._ask_again_at:
            return 0
        stamped = 0
        for checkpoint in await self._due():
            answer = await self._timestamper.stamp(checkpoint.text.encode())
            match answer:
                case Stamped():
                    await self._keep(checkpoint, answer.response)
                    stamped += 1
                case NotStamped():
                    self._put_off(checkpoint, answer.reason)
                    break
                case _:
                    assert_never(answer)
        return stamped

    async def close(self) -> None:
        """Closes the connections to the authority."""
        await self._timestamper.close()

    async def _due(self) -> list[Unstamped]:
        async with self._database.read() as tx:
            due = await timestamps.unstamped_ends(tx)
            newest = await log.newest_checkpoint(tx)
            if newest is None:
                return due
            stamp = await timestamps.newest_stamp(tx, newest.shard)
        if stamp is not None:
            size, stamped_at = stamp
            if size >= newest.size or self._surroundings.clock() - stamped_at < EVERY:
                return due
        current = Unstamped(shard=newest.shard, size=newest.size, text=parse_note(newest.note).text)
        return due if current in due else [*due, current]

    async def _keep(self, checkpoint: Unstamped, response: bytes) -> None:
        now = self._surroundings.clock()
        async with self._database.write() as tx:
            await timestamps.keep(tx, shard=checkpoint.shard, size=checkpoint.size, response=response, now=now)
        self._pause, self._ask_again_at = _AFTER_FAILURE, now

    def _put_off(self, checkpoint: Unstamped, reason: str) -> None:
        _log.warning("no_time_stamp", shard=checkpoint.shard, size=checkpoint.size, reason=reason)
        self._ask_again_at = self._surroundings.clock() + self._pause
        self._pause = min(self._pause * 2, _AFTER_FAILURE_MAX)
