"""A request to each route below /v1/webhooks, about an endpoint of OPERATOR's."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from app.storage.webhooks import Webhook
from app.usecases.keep_webhooks import NewWebhook, add_webhook, types_of
from tests.builders import OPERATOR
from tests.integration.api.scene import Request, Scene

URL = "https://hooks.awizo.test/awizo"
JSON = {"Content-Type": "application/json"}


async def new_webhook(scene: Scene) -> str:
    """The path of an endpoint made for this request, because an operator has few and some go."""
    services = scene.service.services
    listed = (await scene.service.get("/v1/webhooks", operator=OPERATOR)).json()["items"]
    if listed:
        return f"/v1/webhooks/{listed[-1]['id']}"
    new = NewWebhook(operator=OPERATOR, url=URL, description="", events=types_of(None))
    added = await services.database.transact(partial(add_webhook, new=new, surroundings=services.surroundings))
    assert isinstance(added, Webhook)
    return f"/v1/webhooks/{added.id}"


async def post_webhook(scene: Scene) -> Request:
    listed = (await scene.service.get("/v1/webhooks", operator=OPERATOR)).json()["items"]
    for each in listed[10:]:
        await scene.service.client.delete(f"/v1/webhooks/{each['id']}", headers=scene.service.admin)
    body = json.dumps({"operator": OPERATOR, "url": URL}).encode()
    return Request(method="POST", path="/v1/webhooks", headers=JSON, body=body)


def of_webhook(method: str, below: str = "", body: object = None) -> Callable[[Scene], Awaitable[Request]]:
    async def request(scene: Scene) -> Request:
        path = await new_webhook(scene) + below
        if body is None:
            return Request(method=method, path=path)
        return Request(method=method, path=path, headers=JSON, body=json.dumps(body).encode())

    return request


async def replay_webhook(scene: Scene) -> Request:
    path = await new_webhook(scene)
    cursor = (await scene.service.get(path)).json()["cursor"]
    return Request(method="POST", path=f"{path}/replay", headers=JSON, body=json.dumps({"after": cursor}).encode())
