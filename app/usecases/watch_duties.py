"""Watch our own duties: report how long each was done well, and seal every stretch in which nobody did it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import structlog

from app.domain.duty import REPORT_AFTER, Duty, Stretch, downtimes_until, is_usable
from app.evidence.limits import downtime_in_words
from app.ports import Surroundings
from app.storage import downtimes, log, log_keys
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.downtimes import NewDowntime
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.record_facts import new_fact_sheet
from app.usecases.watch_log import LogWatch
from app.usecases.watch_providers import ProviderWatch

TURN_SECONDS = 1.0

_log = structlog.get_logger(__name__)

LastFine = Callable[[], datetime | None]
"""When this process last did a duty well, as far as it knows; None for never, or when it cannot be done now."""


class DutyWatch:
    """Reports the duties of one process. `given_up`: duties that this deployment had and no longer has.

    All processes report to the same rows: what counts is that anybody does a duty. Nothing is written while the log is
    not trusted, so the stretch is noted once all is well again.
    """

    def __init__(
        self,
        database: Database,
        duties: Mapping[Duty, LastFine],
        *,
        given_up: Collection[Duty] = (),
        log_watch: LogWatch,
        surroundings: Surroundings,
    ) -> None:
        self._database = database
        self._duties = duties
        self._given_up = frozenset(given_up)
        self._log_watch = log_watch
        self._surroundings = surroundings
        self._reported: Mapping[Duty, datetime] = {}

    async def turn(self) -> None:
        """Report what has been well for a while since the last report, and note what was not.

        Raises DatabaseUnavailableError.
        """
        if self._log_watch.fault is not None:
            return
        if not self._given_up and not any(self._is_due(*each) for each in self._fine().items()):
            return
        self._reported, ended = await self._database.transact(self._report)
        self._given_up = frozenset()
        for downtime in ended:
            _log.warning("downtime", duty=downtime.duty, began_at=str(downtime.began_at), until=str(downtime.ended_at))

    def _fine(self) -> dict[Duty, datetime]:
        asked = {duty: last_fine() for duty, last_fine in self._duties.items()}
        return {duty: moment for duty, moment in asked.items() if moment is not None}

    def _is_due(self, duty: Duty, moment: datetime) -> bool:
        reported = self._reported.get(duty)
        return reported is None or abs(moment - reported) >= REPORT_AFTER

    async def _report(self, tx: Tx) -> tuple[Mapping[Duty, datetime], Sequence[Stretch]]:
        """What was reported, and the downtimes that were noted: exactly one process finds each, by the rows' locks."""
        before = await downtimes.fine_moments(tx, [*self._duties, *self._given_up], lock=True)
        fine = self._fine()
        now = self._surroundings.clock()
        ended = downtimes_until(before, fine | dict.fromkeys(self._given_up, now))
        if ended:
            await self._note(tx, ended, now=now)
        await downtimes.report(tx, fine)
        if self._given_up:
            await downtimes.give_up(tx, self._given_up)
        return fine, ended

    async def _note(self, tx: Tx, ended: Sequence[Stretch], *, now: datetime) -> None:
        head = await log.current_head(tx)
        if head is None:
            raise LookupError("the log was never opened")
        vkey = (await log_keys.of_shard(tx, head.shard)).log[-1]
        sheet = await new_fact_sheet(tx, self._surroundings)
        noted = []
        for each in ended:
            data = {"origin": head.origin, "vkey": vkey, "detail": downtime_in_words(each)}
            fact = sheet.record("log.incident", at=now, data=data)
            noted.append(NewDowntime(id=self._surroundings.new_id(), stretch=each, leaf=fact.leaf))
        await sheet.write(tx)
        await downtimes.insert_all(tx, noted)


def last_dispatch(dispatcher: Dispatcher, watch: ProviderWatch, surroundings: Surroundings) -> LastFine:
    """The duty to dispatch: the loop turns, and not every provider of the channel is out of use."""

    def last_fine() -> datetime | None:
        now = surroundings.clock()
        usable = any(is_usable(watch.state(name), now) for name in dispatcher.providers)
        return dispatcher.turned_at if usable else None

    return last_fine


async def watch_duties(watch: DutyWatch) -> None:
    """Take turns until cancelled; a database that is away stops nothing, but is a downtime when it lasts."""
    while True:
        try:
            await watch.turn()
        except DatabaseUnavailableError as error:
            _log.warning("database_unavailable", loop="duties", error=str(error))
        except Exception as error:  # noqa: BLE001 – a loop never ends because of one bad turn
            _log.error("turn_failed", loop="duties", error=type(error).__name__)
        await asyncio.sleep(TURN_SECONDS)
