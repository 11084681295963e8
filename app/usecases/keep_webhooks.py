"""Endpoints of other systems: register, rotate the secret, try out, take up again, replay."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from uuid import UUID

from app.domain.webhook import PREVIOUS_SECRET_SIGNS, Place, WebhookType
from app.ports import Surroundings
from app.storage import webhook_log
from app.storage import webhooks as webhook_store
from app.storage.database import Tx
from app.storage.webhooks import Webhook, WebhookState, WebhookTarget
from app.usecases.sign_webhook import new_secret

WEBHOOKS_MAX = 20


class LogNotOpenError(Exception):
    """There is no log yet, so nothing can be told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """What an endpoint is registered with; `events` of which types it is told."""

    operator: str
    url: str = field(repr=False)
    description: str = field(repr=False)
    events: frozenset[WebhookType]


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyWebhooks:
    """The operator has as many endpoints as there can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchPlace:
    """The endpoint has not come as far as that place yet, or there is none such."""


async def add_webhook(tx: Tx, new: NewWebhook, *, surroundings: Surroundings) -> Webhook | TooManyWebhooks:
    """An endpoint that is told of everything that is published from now on."""
    if await webhook_store.count_of(tx, new.operator, limit=WEBHOOKS_MAX) >= WEBHOOKS_MAX:
        return TooManyWebhooks()
    webhook = Webhook(
        id=surroundings.new_id(),
        operator=new.operator,
        state=WebhookState.ENABLED,
        why=None,
        events=new.events,
        target=WebhookTarget(url=new.url, description=new.description, secret=new_secret(surroundings)),
        previous_until=None,
        created_at=surroundings.clock(),
        place=await _now(tx),
        last_success_at=None,
        last_failure_at=None,
        last_failure=None,
        failing_since=None,
        test=None,
        lease=None,
    )
    await webhook_store.add(tx, webhook)
    return webhook


async def rotate_secret(tx: Tx, webhook: UUID, *, surroundings: Surroundings) -> Webhook | None:
    """Give an endpoint another secret; the one before signs as well for a day. None when there is no such endpoint."""
    found = await webhook_store.find(tx, webhook, lock=True)
    if found is None:
        return None
    until = surroundings.clock() + PREVIOUS_SECRET_SIGNS
    target = replace(found.target, secret=new_secret(surroundings), previous_secret=found.target.secret)
    await webhook_store.save_target(tx, webhook, target, previous_until=until)
    return replace(found, target=target, previous_until=until)


async def ask_for_test(tx: Tx, webhook: UUID, *, surroundings: Surroundings) -> None:
    """Have a test event sent, once, also to an endpoint that is disabled."""
    await webhook_store.save(
        tx, webhook, test_id=surroundings.new_id(), test_asked_at=surroundings.clock(), test_ended_at=None,
        test_failure=None,
    )  # fmt: skip


async def enable_webhook(tx: Tx, webhook: UUID, *, from_now: bool, surroundings: Surroundings) -> None:
    """Tell a disabled endpoint again: of what it still has to be told and all that came since, or of what comes now.

    One that is enabled is left as it is: a repeated request must not drop what waits.
    """
    found = await webhook_store.find(tx, webhook, lock=True)
    if found is None or found.state is WebhookState.ENABLED:
        return
    await webhook_store.save(tx, webhook, state=WebhookState.ENABLED, why=None, failing_since=None)
    if from_now:
        await webhook_store.forget_deliveries(tx, webhook)
        await webhook_store.move(tx, webhook, await _now(tx))
    else:
        await webhook_store.begin_again(tx, webhook, now=surroundings.clock())


async def replay_webhook(tx: Tx, webhook: UUID, after: Place) -> NoSuchPlace | None:
    """Tell an endpoint once more of everything behind a place that it has come past; with the ids of the first time."""
    found = await webhook_store.find(tx, webhook, lock=True)
    if found is None or not await webhook_log.is_known(tx, after):
        return NoSuchPlace()
    if str(after) > str(found.place):
        return NoSuchPlace()
    await webhook_store.move(tx, webhook, after)
    return None


async def place_to_read_from(tx: Tx, after: Place | None, *, from_now: bool = False) -> Place | None:
    """Where to read on: behind `after`, at the end, or without either at the beginning. None: no such place."""
    if from_now:
        return await _now(tx)
    if after is None:
        return await webhook_log.first_place(tx)
    return after if await webhook_log.is_known(tx, after) else None


async def _now(tx: Tx) -> Place:
    place = await webhook_log.newest_place(tx)
    if place is None:
        raise LogNotOpenError
    return place


def types_of(names: Collection[str] | None) -> frozenset[WebhookType]:
    """The types that these names are of; without names all."""
    return frozenset(WebhookType) if names is None else frozenset(map(WebhookType, names))
