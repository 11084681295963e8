"""Tell endpoints of other systems what the published log says: at least once each, with the same id at each try."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from app.domain.webhook import GONE, Disabled, WebhookEvent, next_try
from app.ports import Surroundings, WebhookAnswer, WebhookCaller
from app.storage import webhook_log
from app.storage import webhooks as webhook_store
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.storage.webhooks import Delivery, Webhook, WebhookLeaseLostError, WebhookState
from app.usecases.read_webhook_events import ENTRIES_A_STRETCH, body_of, event_of_test, events_of, facts_of
from app.usecases.sign_webhook import signed_headers

ENDPOINTS_AT_ONCE = 16
CALLS_AT_ONCE = 8  # to one endpoint
CALLS_A_STEP = 32  # of five seconds at most, eight at once: a step ends well before its lease
PENDING_MAX = 1_000  # of one endpoint; what comes after waits in the log
STEPS_A_ROUND = 20
LEASE = timedelta(seconds=60)

DELIVERED, FAILED, GIVEN_UP = "delivered", "failed", "given_up"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What came of telling an endpoint of one entry; `event` is None where there is nothing to tell any more."""

    delivery: Delivery
    event: WebhookEvent | None = field(repr=False)
    answer: WebhookAnswer


class WebhookDeliverer:
    """Tells endpoints, beside any number of others: each endpoint is told by one at a time, who holds its lease.

    Endpoints are told side by side, so that none waits for a slow one. A call is made outside of any transaction;
    whoever is killed before its outcome is written makes it again. `on_outcome` is told `delivered`, `failed` or
    `given_up` of each call.
    """

    def __init__(
        self,
        database: Database,
        *,
        caller: WebhookCaller,
        surroundings: Surroundings,
        on_outcome: Callable[[str], None] = lambda _outcome: None,
    ) -> None:
        self._database = database
        self._caller = caller
        self._surroundings = surroundings
        self._on_outcome = on_outcome
        self._rounds: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def turn(self) -> bool:
        """Begin with endpoints whom there is something to tell; whether there were any."""
        room = ENDPOINTS_AT_ONCE - len(self._rounds)
        if room <= 0 or self._stopping:
            return False
        now = self._surroundings.clock()
        async with self._database.read() as tx:
            newest = await webhook_log.newest_place(tx)
            candidates = (
                await webhook_store.waiting(tx, newest, now=now, pending_max=PENDING_MAX, limit=room) if newest else []
            )
        if not candidates:
            return False
        lease = self._surroundings.new_id()
        claim = partial(webhook_store.claim, candidates=candidates, lease=lease, now=now, length=LEASE)
        claimed = await self._database.transact(claim)
        for webhook in claimed:
            task = asyncio.create_task(self._round(webhook.id, lease))
            self._rounds.add(task)
            task.add_done_callback(self._rounds.discard)
        return bool(claimed)

    async def drain(self) -> None:
        """Begin nothing more, and settle what is in flight."""
        self._stopping = True
        await asyncio.gather(*self._rounds)

    async def settle(self) -> None:
        """Wait for the rounds that have begun."""
        await asyncio.gather(*self._rounds)

    async def _round(self, webhook: UUID, lease: UUID) -> None:
        """Some steps for one endpoint; then others have their turn."""
        try:
            for _ in range(STEPS_A_ROUND):
                if self._stopping or not await self._step(webhook, lease):
                    break
            await self._database.transact(
                partial(webhook_store.let_go, webhook=webhook, lease=lease, now=self._surroundings.clock())
            )
        except WebhookLeaseLostError:
            pass
        except DatabaseUnavailableError as error:
            _log.warning("database_unavailable", loop="webhooks", error=str(error))
        except Exception as error:  # noqa: BLE001 – the lease runs out, and somebody tries again
            _log.error("webhook_round_failed", webhook=str(webhook), error=type(error).__name__, exc_info=False)

    async def _step(self, id_: UUID, lease: UUID) -> bool:
        """Read on in the log, and tell of what is due; whether there may be more to do."""
        webhook, read_on = await self._database.transact(partial(self._read_on, id_=id_, lease=lease))
        if webhook.test is not None and webhook.test.ended_at is None:
            await self._try_out(webhook, lease)
        if webhook.state is not WebhookState.ENABLED:
            return False
        async with self._database.read() as tx:
            due = await webhook_store.due(tx, id_, now=self._surroundings.clock(), limit=CALLS_A_STEP)
            events = await _events(tx, webhook, due)
        if not due:
            return read_on
        told = await self._tell_all(webhook, list(zip(due, events, strict=True)))
        for outcome in await self._database.transact(partial(self._record, id_=id_, lease=lease, told=told)):
            self._on_outcome(outcome)
        return True

    async def _read_on(self, tx: Tx, *, id_: UUID, lease: UUID) -> tuple[Webhook, bool]:
        """Note which of the next entries the endpoint must be told of; whether there were any to look at."""
        now = self._surroundings.clock()
        webhook = await webhook_store.hold(tx, id_, lease, until=now + LEASE)
        pending = (await webhook_store.count_pending(tx, [id_])).get(id_, 0)
        if webhook.state is not WebhookState.ENABLED or pending >= PENDING_MAX:
            return webhook, False
        stretch = await webhook_log.stretch_after(tx, webhook.place, limit=ENTRIES_A_STRETCH)
        if stretch is None:
            return webhook, False
        told = await webhook_log.facts_in(tx, stretch, operator=webhook.operator, types=facts_of(webhook.events))
        await webhook_store.add_deliveries(tx, id_, [(each.shard, each.index) for each in told], now=now)
        await webhook_store.move(tx, id_, stretch.after)
        return webhook, True

    async def _tell_all(self, webhook: Webhook, due: Sequence[tuple[Delivery, WebhookEvent | None]]) -> list[_Told]:
        """Tell of these, few at once; when this process stops, only of those that are on their way."""
        room = asyncio.Semaphore(CALLS_AT_ONCE)

        async def tell(delivery: Delivery, event: WebhookEvent | None) -> _Told | None:
            async with room:
                if self._stopping:
                    return None
                answer = WebhookAnswer(failure=None) if event is None else await self._call(webhook, event)
                return _Told(delivery=delivery, event=event, answer=answer)

        return [told for told in await asyncio.gather(*(tell(*each) for each in due)) if told is not None]

    async def _call(self, webhook: Webhook, event: WebhookEvent) -> WebhookAnswer:
        now, body = self._surroundings.clock(), body_of(event)
        secrets = webhook.target.signing(now, webhook.previous_until)
        headers = signed_headers(event.message_id, body, secrets=secrets, now=now)
        return await self._caller.call(webhook.target.url, headers=headers, body=body)

    async def _try_out(self, webhook: Webhook, lease: UUID) -> None:
        test = webhook.test
        assert test is not None  # noqa: S101 – the caller has looked
        event = event_of_test(test.id, at=test.asked_at, webhook=webhook.id, operator=webhook.operator)
        answer = await self._call(webhook, event)

        async def write(tx: Tx) -> None:
            now = self._surroundings.clock()
            held = await webhook_store.hold(tx, webhook.id, lease, until=now + LEASE)
            if held.test is not None and held.test.id == test.id:  # else another one was asked for meanwhile
                await webhook_store.save(tx, webhook.id, test_ended_at=now, test_failure=answer.failure)

        await self._database.transact(write)
        self._on_outcome(DELIVERED if answer.failure is None else FAILED)

    async def _record(self, tx: Tx, *, id_: UUID, lease: UUID, told: Sequence[_Told]) -> list[str]:
        """Write what came of some calls; the outcome of each call."""
        now = self._surroundings.clock()
        webhook = await webhook_store.hold(tx, id_, lease, until=now + LEASE)
        failing_since = _failing_since(webhook, told, now)
        outcomes, disabled = [], None
        for each in told:
            fate = _fate(each, now=now, failing_since=failing_since, jitter=self._surroundings.jitter())
            disabled = fate.disables or disabled
            if fate.due_at is None:
                await webhook_store.done(tx, id_, each.delivery)
            else:
                first_at = each.delivery.first_at or now
                tries = each.delivery.tries + 1
                await webhook_store.put_off(tx, id_, each.delivery, tries=tries, first_at=first_at, due_at=fate.due_at)
            outcomes += [fate.outcome] if each.event is not None else []
        values = _health(told, now) | {"failing_since": failing_since}
        if disabled is not None:
            values |= {"state": WebhookState.DISABLED, "why": disabled}
            _log.warning("webhook_disabled", webhook=str(id_), why=disabled)
        await webhook_store.save(tx, id_, **values)
        return outcomes


async def _events(tx: Tx, webhook: Webhook, due: Sequence[Delivery]) -> list[WebhookEvent | None]:
    """What is to be said of each; None where the fact is too old, or of nobody any more."""
    places = [(each.shard, each.index) for each in due]
    types = facts_of(webhook.events)
    told = await webhook_log.facts_at(tx, places, operator=webhook.operator, types=types)
    found = {each.fact.id: place for place, each in told.items()}
    by_place = {found[event.id]: event for event in await events_of(tx, list(told.values()))}
    return [by_place.get(place) for place in places]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What becomes of a delivery: `due_at` when it is made again, None when never."""

    outcome: str
    due_at: datetime | None = None
    disables: Disabled | None = None


def _fate(told: _Told, *, now: datetime, failing_since: datetime | None, jitter: float) -> _Fate:
    """An endpoint is given up when all tries of an event failed and nothing else arrived since the first of them."""
    if told.answer.failure is None:
        return _Fate(outcome=DELIVERED)
    due_at = next_try(tries=told.delivery.tries + 1, now=now, jitter=jitter)
    if told.answer.failure == GONE:
        return _Fate(outcome=FAILED, due_at=due_at or now, disables=Disabled.GONE)
    if due_at is not None:
        return _Fate(outcome=FAILED, due_at=due_at)
    if failing_since is not None and failing_since <= (told.delivery.first_at or now):
        return _Fate(outcome=FAILED, due_at=now, disables=Disabled.FAILING)
    return _Fate(outcome=GIVEN_UP)


def _arrived(told: Sequence[_Told]) -> bool:
    return any(each.event is not None and each.answer.failure is None for each in told)


def _failing_since(webhook: Webhook, told: Sequence[_Told], now: datetime) -> datetime | None:
    """Since when nothing has arrived, after these calls."""
    if _arrived(told):
        return None
    failed = any(each.answer.failure is not None for each in told)
    return webhook.failing_since or (now if failed else None)


def _health(told: Sequence[_Told], now: datetime) -> dict[str, object]:
    failures = [each.answer.failure for each in told if each.answer.failure is not None]
    values: dict[str, object] = {"last_success_at": now} if _arrived(told) else {}
    return values | ({"last_failure_at": now, "last_failure": failures[-1]} if failures else {})
