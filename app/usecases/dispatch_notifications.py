"""Dispatch: claim, ask for consent once more, send, settle – never twice, and never with a transaction open."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from app.domain.decision import last_check
from app.domain.outcome import NotSent, Outcome, Unknown
from app.domain.settlement import ERASED
from app.ports import Surroundings, Transport
from app.storage import recipients as recipient_store
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.usecases.claim_notifications import Claimed, Sender, claim_notifications
from app.usecases.settle_attempts import Ended, settle_attempts
from app.usecases.share_commits import SharedCommits

PAUSE_SECONDS = 60.0
SETTLE_AGAIN_SECONDS = 1.0
DRAIN_SECONDS = 20.0

_log = structlog.get_logger(__name__)


class Dispatcher:
    """Sends the due notifications of one transport's channel, up to its capacity at a time."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        *,
        sender: Sender,
        surroundings: Surroundings,
        on_outcome: Callable[[str, str], None] = lambda _provider, _outcome: None,
    ) -> None:
        self._database = database
        self._transport = transport
        self._sender = sender
        self._surroundings = surroundings
        self._on_outcome = on_outcome
        self._in_flight: set[asyncio.Task[None]] = set()
        self._paused_until = 0.0
        self._last_checks = SharedCommits(self._check_all, batch_max=256)
        self._settlements = SharedCommits(self._settle_all, batch_max=256)

    async def turn(self) -> int:
        """Claim as much as there is room for and start sending it; the number claimed."""
        room = self._transport.capacity - len(self._in_flight)
        if room <= 0 or asyncio.get_running_loop().time() < self._paused_until:
            return 0
        claimed = await self._database.transact(lambda tx: self._claim(tx, room))
        for item in claimed:
            task = asyncio.create_task(self._send(item))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return len(claimed)

    async def wait_for_room(self, seconds: float | None = None) -> None:
        """Return once at least one more message can be taken, at the latest after `seconds` if given."""
        if len(self._in_flight) >= self._transport.capacity:
            await asyncio.wait(self._in_flight, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until everything in flight is settled, but no longer than `seconds`.

        What is then still open is left to its lease: when that runs out, it is unknown, as after a crash.
        """
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=seconds)
        given_up = list(self._in_flight)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settlements.close(), seconds)
        if given_up:
            _log.warning("left_to_their_leases", provider=self._transport.name, count=len(given_up))

    async def _claim(self, tx: Tx, room: int) -> list[Claimed]:
        return await claim_notifications(
            tx,
            channel=self._transport.channel,
            provider=self._transport.name,
            limit=room,
            sender=self._sender,
            surroundings=self._surroundings,
        )

    async def _send(self, item: Claimed) -> None:
        outcome = await self._ask_last(item) or await self._hand_over(item)
        self._on_outcome(self._transport.name, type(outcome).__name__.lower())
        await self._settle(item, outcome)

    async def _ask_last(self, item: Claimed) -> NotSent | None:
        """Why the message must not leave now, or None. When the database cannot say, it does not leave either."""
        try:
            reason = await self._last_checks.submit(item)
        except Exception as error:  # noqa: BLE001 – whatever kept us from asking, nothing has left
            _log.warning("last_check_failed", error=type(error).__name__)
            return NotSent(stage="process", code="last_check_failed")
        return None if reason is None else NotSent(stage="consent", code=reason)

    async def _hand_over(self, item: Claimed) -> Outcome:
        try:
            outcome = await self._transport.send(item.outgoing)
        except Exception as error:  # noqa: BLE001 – a transport that raises has told us nothing we could know
            _log.error("transport_raised", provider=self._transport.name, error=type(error).__name__)
            return Unknown(stage="process", code=type(error).__name__)
        if isinstance(outcome, NotSent) and outcome.pause:
            self._pause(outcome)
        return outcome

    def _pause(self, outcome: NotSent) -> None:
        """Our access is broken: every message would be refused, so none is tried for a while."""
        self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        _log.error("provider_paused", provider=self._transport.name, code=outcome.code, seconds=PAUSE_SECONDS)

    async def _settle(self, item: Claimed, outcome: Outcome) -> None:
        """Write the outcome down, again and again while the database is away: we know it, and nobody else does."""
        ended = Ended(attempt=item.attempt, lease=item.lease, outcome=outcome)
        while True:
            try:
                await self._settlements.submit(ended)
            except DatabaseUnavailableError:
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)
            else:
                return

    async def _settle_all(self, ended: Sequence[Ended]) -> list[bool]:
        return await self._database.transact(lambda tx: settle_attempts(tx, ended, surroundings=self._surroundings))

    async def _check_all(self, items: Sequence[Claimed]) -> list[str | None]:
        async with self._database.read() as tx:
            records = await recipient_store.by_ids(tx, {item.notification.recipient for item in items})
        reasons: list[str | None] = []
        for item in items:
            record = records.get(item.notification.recipient)
            if record is None or record.withheld:
                reasons.append(ERASED)
            else:
                reasons.append(last_check(record.recipient, item.notification))
        return reasons
