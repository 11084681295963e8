"""Endpoints in a `world`: register them, tell them, and read what is said by cursor."""

from collections.abc import Collection
from functools import partial
from typing import Any

from app.domain.webhook import Place, WebhookEvent, WebhookType
from app.storage import webhooks as webhook_store
from app.storage.webhooks import Webhook
from app.usecases.deliver_webhooks import WebhookDeliverer
from app.usecases.keep_webhooks import NewWebhook, add_webhook, place_to_read_from
from app.usecases.read_webhook_events import WebhookPage, read_webhook_events
from tests.builders import OPERATOR
from tests.doubles.webhook_receiver import WebhookReceiver
from tests.integration.world import World

URL = "https://crm.example.com/hooks"
ALL = frozenset(WebhookType)


def deliverer(world: World, receiver: WebhookReceiver, **given: Any) -> WebhookDeliverer:
    return WebhookDeliverer(world.database, caller=receiver, surroundings=world.surroundings, **given)


def new_webhook(url: str = URL, *, events: Collection[WebhookType] = ALL, operator: str = OPERATOR) -> NewWebhook:
    return NewWebhook(operator=operator, url=url, description="", events=frozenset(events))


async def endpoint(
    world: World, url: str = URL, *, events: Collection[WebhookType] = ALL, operator: str = OPERATOR
) -> Webhook:
    new = new_webhook(url, events=events, operator=operator)
    added = await world.database.transact(partial(add_webhook, new=new, surroundings=world.surroundings))
    assert isinstance(added, Webhook)
    return added


async def present(world: World, webhook: Webhook) -> Webhook:
    async with world.database.read() as tx:
        found = await webhook_store.find(tx, webhook.id)
    assert found is not None
    return found


async def tell(*deliverers: WebhookDeliverer) -> None:
    """Until nobody has anything to tell that is due."""
    while any([await each.turn() for each in deliverers]):
        for each in deliverers:
            await each.settle()


async def page(
    world: World, after: Place | None = None, *, limit: int = 200, types: Collection[WebhookType] = ALL,
    operator: str = OPERATOR,
) -> WebhookPage:  # fmt: skip
    async with world.database.read() as tx:
        begin = await place_to_read_from(tx, after)
        assert begin is not None
        return await read_webhook_events(tx, operator=operator, after=begin, types=types, limit=limit)


async def everything(world: World, *, limit: int = 200, operator: str = OPERATOR) -> list[WebhookEvent]:
    """All events by cursor, so many at a time."""
    events, after = [], None
    while True:
        read = await page(world, after, limit=limit, operator=operator)
        events += read.events
        after = read.after
        if read.is_end:
            return events
