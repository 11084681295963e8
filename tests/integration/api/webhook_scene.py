"""A request to each route below /v1/webhooks, about an endpoint of OPERATOR's."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from app.storage import webhooks as webhook_store
from app.storage.webhooks import Webhook
from app.usecases.keep_webhooks import NewWebhook, add_webhook, types_of
from tests.builders import OPERATOR
from tests.integration.api.scene import Request, Scene

URL = "https://hooks.awizo.test/awizo"
JSON = {"Content-Type": "application/json"}


async def webhook_path(scene: Scene) -> str:
    """The path of an endpoint; another one once it was deleted."""
    services = scene.service.services
    async with services.database.read() as tx:
        present = await webhook_store.of_operators(tx, [OPERATOR], limit=1)
    if present:
        return f"/v1/webhooks/{present[0].id}"
    new = NewWebhook(operator=OPERATOR, url=URL, description="", events=types_of(None))
    added = await services.database.transact(partial(add_webhook, new=new, surroundings=services.surroundings))
    assert isinstance(added, Webhook)
    return f"/v1/webhooks/{added.id}"


async def post_webhook(_scene: Scene) -> Request:
    body = json.dumps({"operator": OPERATOR, "url": URL}).encode()
    return Request(method="POST", path="/v1/webhooks", headers=JSON, body=body)


def of_webhook(method: str, below: str = "", body: object = None) -> Callable[[Scene], Awaitable[Request]]:
    async def request(scene: Scene) -> Request:
        path = await webhook_path(scene) + below
        if body is None:
            return Request(method=method, path=path)
        return Request(method=method, path=path, headers=JSON, body=json.dumps(body).encode())

    return request


async def replay_webhook(scene: Scene) -> Request:
    path = await webhook_path(scene)
    async with scene.service.services.database.read() as tx:
        (present,) = await webhook_store.of_operators(tx, [OPERATOR], limit=1)
    body = json.dumps({"after": str(present.place)}).encode()
    return Request(method="POST", path=f"{path}/replay", headers=JSON, body=body)
