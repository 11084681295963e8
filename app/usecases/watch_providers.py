"""Watch how the providers do: count outcomes and reports, judge with all processes' figures, and know who rests."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.provider import (
    ACCESS_REST,
    ERRORS_WINDOW,
    RETRY_AFTER_MAX,
    UNREPORTED_FROM,
    UNREPORTED_UNTIL,
    Figures,
    ProviderState,
    counts_from,
    judge,
    rest,
)
from app.ports import Surroundings
from app.storage import providers as provider_store
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.providers import Bucket, bucket_start

TURN_SECONDS = 1.0
KEPT = timedelta(minutes=15)
# What took longer to fail counts as if it had begun so long ago: else what hangs would never be held against anybody.
SLOW = ERRORS_WINDOW - timedelta(seconds=20)
# What never left because of the message, of consent or of ourselves says nothing about the provider.
_OUR_OWN = frozenset({"message", "consent", "process"})

_log = structlog.get_logger(__name__)


class ProviderWatch:
    """What this process counts and knows about the providers it uses. `reporting`: those that report every end.

    What it knows is at most one turn old; what it finds out itself it knows at once.
    """

    def __init__(
        self, database: Database, names: Collection[str], *, reporting: Collection[str], surroundings: Surroundings
    ) -> None:
        self._database = database
        self._names = sorted(names)
        self._reporting = frozenset(reporting)
        self._surroundings = surroundings
        self._process: UUID = surroundings.new_id()
        self._counted: dict[tuple[str, datetime], Figures] = {}
        self._to_rest: dict[str, tuple[str, datetime]] = {}
        self._states: Mapping[str, ProviderState] = {}
        self._turns = asyncio.Lock()

    def state(self, name: str) -> ProviderState:
        """How a provider stands, as far as this process knows."""
        known = self._states.get(name)
        return known or ProviderState(name=name, judged_at=self._surroundings.clock())

    def count_outcome(self, name: str, outcome: Outcome, *, started_at: datetime) -> None:
        """Note what became of an attempt; a provider that cannot be used now is left alone from this moment on."""
        counted_from = max(started_at, self._surroundings.clock() - SLOW)
        match outcome:
            case Accepted():
                self._add(name, started_at, Figures(accepted=1))
            case Refused(permanence=Permanence.PERMANENT):
                self._add(name, started_at, Figures(refused=1))
            case Unknown():
                self._add(name, counted_from, Figures(unknown=1))
            case Refused() | NotSent():
                if outcome.stage not in _OUR_OWN:
                    self._add(name, counted_from, Figures(not_sent=1))
        self._leave_alone(name, outcome)

    def count_report(self, name: str, started_at: datetime) -> None:
        """Note that a provider has reported how an attempt ended."""
        self._add(name, started_at, Figures(reported=1))

    def _add(self, name: str, started_at: datetime, counted: Figures) -> None:
        key = (name, bucket_start(started_at))
        self._counted[key] = self._counted.get(key, Figures()) + counted

    def _leave_alone(self, name: str, outcome: Outcome) -> None:
        """Rest after 401, 403 and the like, and for as long as a provider has asked us to wait."""
        now = self._surroundings.clock()
        if isinstance(outcome, NotSent) and outcome.pause:
            _log.error("provider_paused", provider=name, code=outcome.code, seconds=ACCESS_REST.total_seconds())
            self._rest(name, outcome.code or "access", now + ACCESS_REST)
        elif isinstance(outcome, NotSent) and outcome.retry_after_seconds:
            wait = min(timedelta(seconds=outcome.retry_after_seconds), RETRY_AFTER_MAX)
            _log.warning("provider_asks_to_wait", provider=name, code=outcome.code, seconds=wait.total_seconds())
            self._rest(name, outcome.code or "retry_after", now + wait)

    def _rest(self, name: str, because: str, until: datetime) -> None:
        self._remember_rest(name, because, until)
        self._states = {**self._states, name: rest(self.state(name), because=because, until=until)}

    def _remember_rest(self, name: str, because: str, until: datetime) -> None:
        known = self._to_rest.get(name)
        if known is None or known[1] < until:
            self._to_rest[name] = (because, until)

    async def turn(self) -> None:
        """Write down what was counted, judge, and read what the other processes know."""
        async with self._turns:
            counted, self._counted = self._counted, {}
            to_rest, self._to_rest = self._to_rest, {}
            try:
                before = self._states
                states = await self._database.transact(lambda tx: self._exchange(tx, counted, to_rest))
            except BaseException:  # nothing was written: it is told again with the next turn
                for (name, began_at), figures in counted.items():
                    self._add(name, began_at, figures)
                for name, (because, until) in to_rest.items():
                    self._remember_rest(name, because, until)
                raise
            self._states = states
            for name, (because, until) in self._to_rest.items():  # what came up meanwhile
                self._states = {**self._states, name: rest(self.state(name), because=because, until=until)}
            _tell_changes(before, states)

    async def _exchange(
        self,
        tx: Tx,
        counted: Mapping[tuple[str, datetime], Figures],
        to_rest: Mapping[str, tuple[str, datetime]],
    ) -> Mapping[str, ProviderState]:
        now = self._surroundings.clock()
        await provider_store.add_figures(
            tx,
            self._process,
            [Bucket(provider=name, began_at=began, figures=each) for (name, began), each in sorted(counted.items())],
        )
        await provider_store.forget_figures(tx, before=now - KEPT)
        await provider_store.ensure(tx, self._names, now=now)
        states = await provider_store.states(tx, self._names, lock=True)
        buckets = await provider_store.figures(tx, now - UNREPORTED_FROM, now + timedelta(seconds=1))
        for name, state in states.items():
            judged = judge(
                state,
                recent=provider_store.total(buckets.get(name, ()), counts_from(state, now), now),
                settled=provider_store.total(buckets.get(name, ()), now - UNREPORTED_FROM, now - UNREPORTED_UNTIL),
                reports=name in self._reporting,
                now=now,
            )
            if name in to_rest:
                because, until = to_rest[name]
                judged = rest(judged, because=because, until=until)
            if judged != state:
                await provider_store.save(tx, judged)
                states[name] = judged
        return states

    async def take_tokens(self, name: str, *, rate: float, wanted: int) -> int:
        """Up to `wanted` tokens of the provider's bucket, for sending that many messages now."""
        now = self._surroundings.clock()
        return await self._database.transact(
            lambda tx: provider_store.take_tokens(tx, name, rate=rate, wanted=wanted, now=now)
        )

    async def give_back_tokens(self, name: str, unused: int) -> None:
        """Put tokens back that were taken and not used."""
        await self._database.transact(lambda tx: provider_store.give_back_tokens(tx, name, unused))


async def watch_providers(watch: ProviderWatch) -> None:
    """Take turns until cancelled; a database that is away stops nothing."""
    while True:
        await asyncio.sleep(TURN_SECONDS)
        try:
            await watch.turn()
        except DatabaseUnavailableError as error:
            _log.warning("database_unavailable", loop="providers", error=str(error))
        except Exception as error:  # noqa: BLE001 – a loop never ends because of one bad turn
            _log.error("turn_failed", loop="providers", error=type(error).__name__)


def _tell_changes(before: Mapping[str, ProviderState], after: Mapping[str, ProviderState]) -> None:
    for name, state in after.items():
        known = before.get(name)
        if known is not None and replace(known, judged_at=state.judged_at) != state:
            _log.warning(
                "provider_judged",
                provider=name,
                health=state.health,
                rests=state.rests_because,
                openings=state.openings,
            )
