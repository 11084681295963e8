"""One operator's records, and a request to each route that concerns them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.bind_recipient import make_bind_code
from tests.builders import OPERATOR, RECIPIENT
from tests.integration.api.service import STRUCTURED, Service, fresh_event, person

WAIT_SECONDS = 60.0


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = WAIT_SECONDS) -> None:
    """Return once the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 – it asks over HTTP, where nobody sets events
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A recipient, an event and its two notifications, sent and sealed; all of them OPERATOR's.

    `reminder` waits for its day.
    """

    service: Service
    event: str
    sms: str
    email: str
    reminder: str = ""


async def set_scene(service: Service) -> Scene:
    await service.register()
    answer = (await service.post(fresh_event())).json()
    sms, email = (each["id"] for each in answer["notifications"])

    async def published() -> bool:
        views = (await service.get("/v1/notifications")).json()["items"]
        standing = sorted((view["status"], view["facts"]["total"], view["facts"]["published"]) for view in views)
        return standing == [("held", 1, 1), ("sent", 3, 3), ("sent", 3, 3)]

    await until(published)
    (reminder,) = (await service.get("/v1/notifications", kind="reminder")).json()["items"]
    return Scene(service=service, event=answer["event"], sms=sms, email=email, reminder=reminder["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without its key."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def send(self, client: httpx.AsyncClient, key: dict[str, str]) -> httpx.Response:
        return await client.request(self.method, self.path, headers={**self.headers, **key}, content=self.body)


async def post_event(_scene: Scene) -> Request:
    body = json.dumps(fresh_event("in_transit", id=str(uuid4()))).encode()
    return Request(method="POST", path="/v1/events", headers=STRUCTURED, body=body)


async def hand_in_report(_scene: Scene) -> Request:
    headers = {"Content-Type": "message/rfc822"}
    return Request(method="POST", path="/v1/callbacks/email/dsn", headers=headers, body=str(uuid4()).encode())


async def put_person(_scene: Scene) -> Request:
    body = json.dumps(person()).encode()
    headers = {"Content-Type": "application/json"}
    return Request(method="PUT", path=f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=headers, body=body)


async def delete_person(scene: Scene) -> Request:
    """Somebody who is registered anew for each call, because erasing works once."""
    name = f"to-erase-{uuid4()}"
    await scene.service.register(name)
    return Request(method="DELETE", path=f"/v1/recipients/{OPERATOR}/{name}")


async def post_bind(scene: Scene) -> Request:
    """A code of its own and a new name for each call, because a code works once."""
    services = scene.service.services

    async def make(tx: Tx) -> str:
        known = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert known is not None
        return (await make_bind_code(tx, known.id, surroundings=services.surroundings)).code

    body = json.dumps({"code": await services.database.transact(make)}).encode()
    headers = {"Content-Type": "application/json"}
    return Request(method="POST", path=f"/v1/recipients/{OPERATOR}/bound-{uuid4()}/bind", headers=headers, body=body)


async def post_session(_scene: Scene) -> Request:
    return Request(method="POST", path=f"/v1/recipients/{OPERATOR}/{RECIPIENT}/session")


async def post_search(_scene: Scene) -> Request:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"operator": OPERATOR, "recipient": RECIPIENT, "reason": "a complaint"}).encode()
    return Request(method="POST", path="/v1/notifications/search", headers=headers, body=body)


_EXPORT = {"operator": OPERATOR, "kind": "notice_left", "reason": "a complaint"}
_EXPORTS: dict[str, str] = {}  # of each scene, because an operator has few at once


async def post_export(_scene: Scene) -> Request:
    headers = {"Content-Type": "application/json"}
    return Request(method="POST", path="/v1/audit/exports", headers=headers, body=json.dumps(_EXPORT).encode())


async def export_path(scene: Scene) -> str:
    """The path of an export that is written; another one once it was deleted."""
    service = scene.service
    path = f"/v1/audit/exports/{_EXPORTS.get(scene.event, uuid4())}"
    if (await service.get(path)).status_code != 200:
        asked = await service.client.post("/v1/audit/exports", json=_EXPORT, headers=service.admin)
        _EXPORTS[scene.event] = asked.json()["export"]
        path = f"/v1/audit/exports/{_EXPORTS[scene.event]}"

    async def is_written() -> bool:
        return bool((await service.get(path)).json()["state"] == "done")

    await until(is_written)
    return path


async def get_export(scene: Scene) -> Request:
    return Request(method="GET", path=await export_path(scene))


async def get_export_file(scene: Scene) -> Request:
    return Request(method="GET", path=f"{await export_path(scene)}/file")


async def delete_export(scene: Scene) -> Request:
    return Request(method="DELETE", path=await export_path(scene))


HOLD = {"reason": "a claim before a court", "until": "2035-01-01T00:00:00Z"}


async def put_hold(_scene: Scene) -> Request:
    headers = {"Content-Type": "application/json"}
    path = f"/v1/recipients/{OPERATOR}/{RECIPIENT}/hold"
    return Request(method="PUT", path=path, headers=headers, body=json.dumps(HOLD).encode())


async def delete_hold(scene: Scene) -> Request:
    """Of somebody who has one anew for each call, because lifting works once."""
    name = f"to-release-{uuid4()}"
    await scene.service.register(name)
    path = f"/v1/recipients/{OPERATOR}/{name}/hold"
    await scene.service.client.put(path, json=HOLD, headers=scene.service.admin)
    return Request(method="DELETE", path=path)


def get(path: Callable[[Scene], str]) -> Callable[[Scene], Awaitable[Request]]:
    async def request(scene: Scene) -> Request:
        return Request(method="GET", path=path(scene))

    return request
