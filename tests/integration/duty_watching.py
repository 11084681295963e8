"""Duties that a test does or leaves undone, and what was written down about them."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from app.domain.duty import Duty
from app.ports import Surroundings
from app.storage import downtimes as downtime_store
from app.storage.database import Database
from app.storage.tables import facts
from app.usecases.read_downtimes import Downtime, recent_downtimes
from app.usecases.watch_duties import DutyWatch
from app.usecases.watch_log import LogWatch
from tests.builders import NOON


@dataclass(slots=True, kw_only=True)
class Watched:
    """One process whose duties were last done well when `fine` says. What is not in there cannot be done now."""

    database: Database
    surroundings: Surroundings
    log_watch: LogWatch = field(default_factory=LogWatch)
    fine: dict[Duty, datetime] = field(default_factory=dict)

    def watch(self, *duties: Duty, given_up: frozenset[Duty] = frozenset()) -> DutyWatch:
        """A process that has these duties, or all."""
        return DutyWatch(
            self.database,
            {duty: partial(self._last_fine, duty) for duty in duties or Duty},
            given_up=given_up,
            log_watch=self.log_watch,
            surroundings=self.surroundings,
        )

    def _last_fine(self, duty: Duty) -> datetime | None:
        return self.fine.get(duty)

    async def report(self, duty: Duty, *moments: timedelta) -> None:
        """Each moment, counted from noon, is reported by a process of its own."""
        for moment in moments:
            self.fine = {duty: NOON + moment}
            await self.watch(duty).turn()

    async def fine_at(self) -> dict[Duty, datetime]:
        async with self.database.read() as tx:
            return await downtime_store.fine_moments(tx)

    async def downtimes(self) -> tuple[Downtime, ...]:
        async with self.database.read() as tx:
            return await recent_downtimes(tx, since=NOON - timedelta(days=3650))

    async def details(self) -> list[str]:
        """What the facts say, oldest first."""
        query = select(facts.c.document).where(facts.c.type == "log.incident").order_by(facts.c.id)
        async with self.database.read() as tx:
            return [json.loads(document)["data"]["detail"] for document in (await tx.execute(query)).scalars()]


def seconds(*moments: float) -> list[timedelta]:
    return [timedelta(seconds=moment) for moment in moments]
