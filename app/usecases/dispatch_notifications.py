"""Dispatch: claim, ask for consent once more, send, settle – never twice, and never with a transaction open."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain.decision import reason_to_hold_back
from app.domain.notification import Notification
from app.domain.outcome import NotSent, Outcome, Unknown
from app.domain.provider import charge, spread
from app.domain.settlement import ERASED
from app.ports import Surroundings, Transport
from app.storage import permissions, turns
from app.storage.database import Database, DatabaseUnavailableError
from app.storage.permissions import Permissions
from app.usecases.claim_notifications import claim_notifications
from app.usecases.pace import Pace
from app.usecases.places import Places
from app.usecases.settle_attempts import Ended, settle_attempts
from app.usecases.share_commits import SharedCommits
from app.usecases.start_attempt import BEGIN_WITHIN, Claimed, Sender
from app.usecases.watch_providers import ProviderWatch

# Beside twice a provider's capacity (what leaves and what comes next), what leaves in a second is claimed ahead.
AHEAD_MAX = 256
SETTLE_TOGETHER_SECONDS = 0.02
SETTLE_AGAIN_SECONDS = 1.0
DRAIN_SECONDS = 20.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A transport, its weight among those of its channel, and how many messages a second it may be given at most."""

    transport: Transport
    weight: int = 1
    rate: float | None = None


class Dispatcher:
    """Sends the due notifications of one channel through its providers, each up to its capacity at a time.

    More are claimed while those are on their way, so that no provider waits for a transaction. Weights hold as long as
    providers have room: at saturation each takes what it can, one without weight included.
    """

    def __init__(
        self,
        database: Database,
        providers: Sequence[Provider],
        *,
        sender: Sender,
        watch: ProviderWatch,
        surroundings: Surroundings,
        on_outcome: Callable[[str, str], None] = lambda _provider, _outcome: None,
    ) -> None:
        self.channel = providers[0].transport.channel
        self.turned_at: datetime | None = None  # when the last turn that went well did
        self.sender = sender
        self.providers = {each.transport.name: each for each in providers}
        self._database = database
        self._watch = watch
        self._surroundings = surroundings
        self._on_outcome = on_outcome
        self._lines = {name: asyncio.Semaphore(each.transport.capacity) for name, each in self.providers.items()}
        self._taken: Counter[str] = Counter()
        self._pace = {name: Pace() for name in self.providers}
        self._standing: dict[str, int] = {}
        self._in_flight: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Event()
        self._stopping = False
        self._last_checks = SharedCommits(self._check_all, batch_max=256, gather_seconds=0)
        self._settlements = SharedCommits(
            self._settle_all, batch_max=256, waiting_max=1_000_000, gather_seconds=SETTLE_TOGETHER_SECONDS
        )

    async def turn(self) -> int:
        """Claim as many as there is room for and start sending them; the number claimed."""
        claimed = await self._claim()
        self.turned_at = self._surroundings.clock()
        return claimed

    async def _claim(self) -> int:
        rooms = await self._with_tokens(self._rooms())
        weights = {name: self._weight(name) for name in rooms}
        order = spread(weights, rooms, self._standing, limit=sum(rooms.values()))
        if not order:
            return 0
        claimed = await self._database.transact(
            lambda tx: claim_notifications(
                tx, channel=self.channel, places=Places(order), sender=self.sender, surroundings=self._surroundings
            )
        )
        used = [item.attempt.provider for item in claimed]
        self._standing = charge(weights, self._standing, used)
        self.hand_over(claimed)
        await self._return_tokens(rooms, Counter(used))
        return len(claimed)

    def hand_over(self, claimed: Sequence[Claimed]) -> None:
        """Send these, whose attempts have committed, and settle what becomes of them."""
        for item in claimed:
            self._taken[item.attempt.provider] += 1
            task = asyncio.create_task(self._send(item))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def wait_for_room(self, seconds: float | None = None) -> None:
        """Return once at least one more message can be taken, at the latest after `seconds` if given."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not any(self._rooms().values()):
                    self._has_room.clear()
                    await self._has_room.wait()

    async def settled(self) -> None:
        """Wait until everything that was handed over is settled."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until everything in flight is settled, but no longer than `seconds`; what has not begun goes back.

        What is then still open is left to its lease: when that runs out, it is unknown, as after a crash.
        """
        self._stopping = True
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=seconds)
        given_up = list(self._in_flight)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settlements.close(), seconds)
        if given_up:
            _log.warning("left_to_their_leases", channel=self.channel, count=len(given_up))
        self._stopping = False

    def room_with(self, provider: str) -> int:
        """How many messages that provider can be given now."""
        return self._rooms().get(provider, 0)

    def _rooms(self) -> dict[str, int]:
        """How many messages each provider can be given now."""
        now = self._surroundings.clock()
        rooms = {}
        for name, each in self.providers.items():
            state, capacity, taken = self._watch.state(name), each.transport.capacity, self._taken[name]
            if state.rests(now):
                continue
            if state.is_on_trial:
                rooms[name] = max(0, 1 - taken)
                continue
            ahead = min(self._pace[name].last_second(now), AHEAD_MAX)
            if taken <= capacity + ahead // 2:  # a few at a time would cost as much as many
                rooms[name] = 2 * capacity + ahead - taken
        return rooms

    def _weight(self, name: str) -> int:
        return self.providers[name].weight * self._watch.state(name).health

    async def _with_tokens(self, rooms: dict[str, int]) -> dict[str, int]:
        """The same rooms, no larger than the tokens that were got for them."""
        limited = {name: room for name, room in rooms.items() if room and self.providers[name].rate}
        if not limited:
            return rooms
        async with self._database.read() as tx:
            due = await turns.count_due(
                tx, channel=self.channel, now=self._surroundings.clock(), limit=max(limited.values())
            )
        for name, room in limited.items():
            rate = self.providers[name].rate or 0.0
            wanted = min(room, due)
            rooms[name] = await self._watch.take_tokens(name, rate=rate, wanted=wanted) if wanted else 0
        return rooms

    async def _return_tokens(self, rooms: Mapping[str, int], used: Counter[str]) -> None:
        for name, room in rooms.items():
            if self.providers[name].rate and room > used[name]:
                await self._watch.give_back_tokens(name, room - used[name])

    async def _send(self, item: Claimed) -> None:
        name = item.attempt.provider
        try:
            async with self._lines[name]:
                outcome = self._too_late(item) or await self._ask_last(item) or await self._hand_over(item)
            self._pace[name].note(self._surroundings.clock())
            self._on_outcome(name, type(outcome).__name__.lower())
            if isinstance(outcome, Unknown):
                attempt = str(item.attempt.id)
                _log.warning("attempt_unknown", provider=name, attempt=attempt, stage=outcome.stage, code=outcome.code)
            self._watch.count_outcome(name, outcome, started_at=item.attempt.started_at)
            await self._settle(item, outcome)
        finally:
            self._taken[name] -= 1
            self._has_room.set()

    def _too_late(self, item: Claimed) -> NotSent | None:
        """Why the message must not begin to leave: we are stopping, or it waited for its turn too long."""
        if self._stopping:
            return NotSent(stage="process", code="stopping")
        waited = self._surroundings.clock() - item.attempt.started_at
        return NotSent(stage="process", code="waited") if waited > BEGIN_WITHIN[self.channel] else None

    async def _ask_last(self, item: Claimed) -> NotSent | None:
        """Why the message must not leave now, or None. When the database cannot say, it does not leave either."""
        try:
            reason = await self._last_checks.submit(item)
        except Exception as error:  # noqa: BLE001 – whatever kept us from asking, nothing has left
            _log.warning("last_check_failed", error=type(error).__name__)
            return NotSent(stage="process", code="last_check_failed")
        return None if reason is None else NotSent(stage="consent", code=reason)

    async def _hand_over(self, item: Claimed) -> Outcome:
        transport = self.providers[item.attempt.provider].transport
        try:
            return await transport.send(item.outgoing)
        except Exception as error:  # noqa: BLE001 – a transport that raises has told us nothing we could know
            _log.error("transport_raised", provider=transport.name, error=type(error).__name__)
            return Unknown(stage="process", code=type(error).__name__)

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
            allowed = await permissions.of_people(tx, {item.notification.recipient for item in items})
        now = self._surroundings.clock()
        return [_reason_to_stop(item.notification, allowed.get(item.notification.recipient), now) for item in items]


def _reason_to_stop(notification: Notification, allowed: Permissions | None, now: datetime) -> str | None:
    if allowed is None:
        return ERASED
    contact = allowed.contacts.get(notification.contact) if notification.contact else None
    consent = allowed.consents.get((notification.channel, notification.purpose))
    return reason_to_hold_back(notification, contact, consent, paused_until=allowed.paused_until, now=now)
