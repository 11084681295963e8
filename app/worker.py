"""The loops beside HTTP: seal the log, have it stamped, remind, tell people and other systems, give up leases, close.

Each survives its own failures.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import structlog

from app.domain.pumping import CodeLimits
from app.domain.retention import Retention
from app.ports import Surroundings
from app.storage.database import Database, DatabaseUnavailableError
from app.usecases.close_chains import close_chains
from app.usecases.count_figures import BATCH_MAX as FIGURES_BATCH_MAX
from app.usecases.count_figures import count_figures
from app.usecases.deliver_webhooks import WebhookDeliverer
from app.usecases.dispatch_notifications import Dispatcher
from app.usecases.expire_leases import expire_leases
from app.usecases.expire_notifications import expire_notifications
from app.usecases.export_bundles import Exporter
from app.usecases.follow_unknown import BATCH_MAX as FOLLOW_BATCH_MAX
from app.usecases.follow_unknown import Follower
from app.usecases.forget_codes import forget_codes
from app.usecases.keep_retention import keep_retention
from app.usecases.log_fault import LogFaultError, LogStuckError
from app.usecases.remind import remind
from app.usecases.reverify_contacts import reverify_contacts
from app.usecases.seal_log import BATCH_MAX, Sealer
from app.usecases.send_codes import Confirming, send_codes
from app.usecases.stamp_log import Stamper
from app.usecases.tell_incidents import put_off_incident, tell_incidents
from app.usecases.watch_log import LogWatch
from app.usecases.weigh_failures import weigh_failures

POLL_SECONDS = 0.25
SEAL_SECONDS = 0.5
REMIND_SECONDS = 1.0
ONE_WRITERS_REST = 2.0  # where one process writes everything, so many times as long as it told people it tells nobody
FIGURES_SECONDS = 2.0
EXPORT_SECONDS = 2.0
WEBHOOK_SECONDS = 1.0
LAST_TURNS_MAX = 8
FOLLOW_SECONDS = 2.0
STAMP_SECONDS = 30.0
HOUSEKEEPING_SECONDS = 5.0
RETENTION_SECONDS = 5.0
CONTACTS_SECONDS = 30.0
AFTER_FAILURE_SECONDS = 2.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Hint:
    """Wakes a loop before its time: somebody believes there is work. Missing one costs a poll's wait, no more."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        """There may be work."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when hinted, at the latest after `seconds` with jitter."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds * random.uniform(0.5, 1.0))  # noqa: S311 – jitter
        self._event.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    """What is done again and again: a turn that found work is followed by the next at once, else after a wait."""

    name: str
    turn: Callable[[], Awaitable[bool]]
    seconds: float
    hint: Hint = field(default_factory=Hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How incidents of areas are told.

    `people_a_second` may be looked at (0: as many as can be); for `digest_seconds` a message waits for others to the
    same person.
    """

    people_a_second: int = 0
    digest_seconds: int = 0

    def rest(self, people: int, took: float, *, has_one_writer: bool) -> float:
        """For how many seconds nobody is told after so many people were in so many seconds."""
        if not self.people_a_second or not people:
            return 0.0
        others = took * ONE_WRITERS_REST if has_one_writer else 0.0
        return max(people / self.people_a_second - took, others, 0.0)


class Worker:
    """Runs the loops of one process until `stop`, which settles what is in flight."""

    def __init__(
        self,
        database: Database,
        *,
        sealer: Sealer,
        stamper: Stamper | None = None,
        retention: Retention | None = None,
        dispatchers: Sequence[Dispatcher],
        follower: Follower | None = None,
        exporter: Exporter | None = None,
        webhooks: WebhookDeliverer | None = None,
        log_watch: LogWatch,
        surroundings: Surroundings,
        telling: Telling = Telling(),
        code_limits: CodeLimits | None = None,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._dispatchers = dispatchers
        self._webhooks = webhooks
        self._log_watch = log_watch
        self._surroundings = surroundings
        self._telling = telling
        self._code_limits = code_limits or CodeLimits()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._dispatching = [
            _Loop(name="dispatch", turn=partial(self._dispatch, each), seconds=POLL_SECONDS) for each in dispatchers
        ]
        self._loops = [
            *self._dispatching,
            _Loop(name="seal", turn=self._seal, seconds=SEAL_SECONDS),
            _Loop(name="remind", turn=self._remind, seconds=REMIND_SECONDS),
            _Loop(name="codes", turn=self._send_codes, seconds=POLL_SECONDS),
            _Loop(name="incidents", turn=self._tell_incidents, seconds=REMIND_SECONDS),
            _Loop(name="figures", turn=self._count_figures, seconds=FIGURES_SECONDS),
            _Loop(name="contacts", turn=self._keep_contacts, seconds=CONTACTS_SECONDS),
            _Loop(name="housekeeping", turn=self._keep_house, seconds=HOUSEKEEPING_SECONDS),
        ]
        self._loop_if(follower, "follow", self._follow, FOLLOW_SECONDS)
        self._loop_if(exporter, "export", self._export, EXPORT_SECONDS)
        self._loop_if(webhooks, "webhooks", self._tell, WEBHOOK_SECONDS)
        self._loop_if(stamper, "stamp", self._stamp, STAMP_SECONDS)
        self._loop_if(retention, "retention", self._retain, RETENTION_SECONDS)

    def _loop_if(self, given: T | None, name: str, turn: Callable[[T], Awaitable[bool]], seconds: float) -> None:
        """A loop of something that this worker may be without."""
        if given is not None:
            self._loops.append(_Loop(name=name, turn=partial(turn, given), seconds=seconds))

    def hint(self) -> None:
        """Something was committed: there may be messages to send."""
        for loop in self._dispatching:
            loop.hint()

    def start(self) -> None:
        """Start the loops."""
        self._tasks = [asyncio.create_task(self._run(loop)) for loop in self._loops]

    async def stop(self) -> None:
        """Claim nothing more, settle what is in flight, seal what that left.

        Turns that have begun are finished, not broken off: a claim that is committed but never sent would end as
        `unknown`, and a transaction cut off in the middle can keep SQLite's lock.
        """
        self._stopping.set()
        for loop in self._loops:
            loop.hint()
        await asyncio.gather(*self._tasks[: len(self._dispatching)])  # from here on nothing more is claimed
        await asyncio.gather(*self._tasks, *(dispatcher.drain() for dispatcher in self._dispatchers))
        if self._webhooks is not None:
            await self._webhooks.drain()
        for dispatcher in self._dispatchers:
            await dispatcher.drain()  # what the last look-ups had sent once more
        if self._log_watch.fault is None:
            try:
                for _ in range(LAST_TURNS_MAX):  # others may write faster than this process seals
                    if not await self._sealer.turn():
                        break
            except (DatabaseUnavailableError, LogFaultError, LogStuckError) as error:
                _log.warning("last_seal_failed", error=type(error).__name__)

    async def _run(self, loop: _Loop) -> None:
        while not self._stopping.is_set():
            try:
                if not await loop.turn():
                    await loop.hint.wait(loop.seconds)
            except DatabaseUnavailableError as error:
                _log.warning("database_unavailable", loop=loop.name, error=str(error))
                await self._rest()
            except Exception as error:  # noqa: BLE001 – a loop never ends because of one bad turn
                _log.error("turn_failed", loop=loop.name, error=type(error).__name__, exc_info=False)
                await self._rest()

    async def _rest(self) -> None:
        """Wait a while after a failure, unless the worker stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), AFTER_FAILURE_SECONDS)

    async def _seal(self) -> bool:
        if self._log_watch.fault is not None:
            return False
        try:
            sealed = await self._sealer.turn()
        except LogFaultError as fault:
            self._log_watch.found(str(fault))
            _log.error("log_fault", sentence=str(fault))
        except LogStuckError as error:
            self._log_watch.stuck = str(error)
            _log.error("log_stuck", sentence=str(error))
            await self._rest()
        else:
            self._log_watch.stuck = None
            return sealed >= BATCH_MAX  # fewer: wait for more, a sealing costs the same for one as for a thousand
        return False

    async def _stamp(self, stamper: Stamper) -> bool:
        if self._log_watch.fault is None:
            await stamper.turn()
        return False

    async def _dispatch(self, dispatcher: Dispatcher) -> bool:
        if self._log_watch.fault is not None:
            return False
        claimed = await dispatcher.turn()
        if claimed:
            await dispatcher.wait_for_room(POLL_SECONDS)
        return claimed > 0

    async def _remind(self) -> bool:
        if self._log_watch.fault is not None:
            return False
        return await self._database.transact(partial(remind, surroundings=self._surroundings)) > 0

    async def _send_codes(self) -> bool:
        if self._log_watch.fault is not None:
            return False
        send = partial(send_codes, limits=self._code_limits, surroundings=self._surroundings)
        sent = await self._database.transact(send)
        if sent:
            self.hint()
        return sent > 0

    async def _tell_incidents(self) -> bool:
        """Tell a batch of people, and take as long for it as so many people may take."""
        if self._log_watch.fault is not None:
            return False
        began = time.monotonic()
        tell = partial(tell_incidents, surroundings=self._surroundings, digest_seconds=self._telling.digest_seconds)
        try:
            people = await self._database.transact(tell)
        except DatabaseUnavailableError:
            raise
        except Exception:
            await self._database.transact(partial(put_off_incident, surroundings=self._surroundings))
            raise
        took = time.monotonic() - began
        if rest := self._telling.rest(people, took, has_one_writer=self._database.is_sqlite):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), rest)
        return people > 0

    async def _count_figures(self) -> bool:
        if self._log_watch.fault is not None:
            return False
        count = partial(count_figures, surroundings=self._surroundings)
        return await self._database.transact(count) >= FIGURES_BATCH_MAX

    async def _follow(self, follower: Follower) -> bool:
        return self._log_watch.fault is None and await follower.turn() >= FOLLOW_BATCH_MAX

    async def _export(self, exporter: Exporter) -> bool:
        return self._log_watch.fault is None and await exporter.turn()

    async def _tell(self, webhooks: WebhookDeliverer) -> bool:
        return self._log_watch.fault is None and await webhooks.turn()

    async def _retain(self, policy: Retention) -> bool:
        if self._log_watch.fault is not None:
            return False
        count = await keep_retention(self._database, policy=policy, surroundings=self._surroundings)
        if count:
            _log.info("retention", count=count)
        return count > 0

    async def _keep_contacts(self) -> bool:
        """Ask about old confirmations, and let go of what nobody has confirmed."""
        if self._log_watch.fault is not None:
            return False
        confirming = Confirming(limits=self._code_limits, surroundings=self._surroundings)
        asked = await self._database.transact(partial(reverify_contacts, confirming=confirming))
        if asked:
            self.hint()
        forgotten = await self._database.transact(partial(forget_codes, surroundings=self._surroundings))
        return asked + forgotten > 0

    async def _keep_house(self) -> bool:
        if self._log_watch.fault is not None:
            return False
        done = 0
        for keep in (expire_leases, expire_notifications, close_chains, weigh_failures):
            count = await self._database.transact(partial(keep, surroundings=self._surroundings))
            if count:
                _log.warning("housekeeping", task=keep.__name__, count=count)
            done += count
        return done > 0
