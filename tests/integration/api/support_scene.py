"""A request for each act of support: the first of each scene does it, and all that follow are its repetitions."""

import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from app.domain.calendar import local_day
from tests.builders import OPERATOR, SHIPMENT
from tests.integration.api.scene import Request, Scene
from tests.integration.api.service import fresh_event, now, person

JSON = {"Content-Type": "application/json"}
REASON = "asked for by phone"
COMPLAINTS = f"/v1/shipments/{OPERATOR}/{SHIPMENT}/complaints"
TYPED, MEANT = "+48600100888", "+48600100889"

_DONE: dict[tuple[str, str], Request] = {}  # by scene and path


def received_on(days_ago: int = 1) -> str:
    day: date = local_day(now()) - timedelta(days=days_ago)
    return day.isoformat()


def _post(path: str, **body: Any) -> Request:
    return Request(method="POST", path=path, headers=JSON, body=json.dumps({"reason": REASON} | body).encode())


def once(
    make: Callable[[Scene], Awaitable[Request]], *before: Callable[[Scene], Awaitable[Request]]
) -> Callable[[Scene], Awaitable[Request]]:
    """The request, which was made once already in this scene, after those that it needs."""

    async def request(scene: Scene) -> Request:
        place = scene.event, make.__name__
        if place not in _DONE:
            for each in before:
                await each(scene)
            _DONE[place] = await make(scene)
            answer = await _DONE[place].send(scene.service.client, scene.service.admin)
            assert answer.status_code < 300, answer.text
        return _DONE[place]

    return request


async def _resend(scene: Scene) -> Request:
    """Of a message to somebody who agreed only afterwards."""
    service, name = scene.service, f"late-{uuid4()}"
    await service.register(name, agreed=False)
    posted = fresh_event(id=name, data={"recipient": name, "shipment": name})
    sms, _ = (await service.post(posted)).json()["notifications"]
    await service.register(name)
    return _post(f"/v1/notifications/{sms['id']}/resend")


async def _correct(scene: Scene) -> Request:
    name = f"mistyped-{uuid4()}"
    path = f"/v1/recipients/{OPERATOR}/{name}"
    contact = {"channel": "sms", "value": TYPED, "verified": True, "method": "counter"}
    await scene.service.client.put(path, json=person() | {"contact_points": [contact]}, headers=scene.service.admin)
    return _post(f"{path}/contacts/correct", channel="sms", **{"from": TYPED, "to": MEANT})


async def _attach(_scene: Scene) -> Request:
    return _post(COMPLAINTS, reference="RK-1", received_on=received_on())


async def _answer(_scene: Scene) -> Request:
    return _post(f"{COMPLAINTS}/RK-1/answered", answered_on=received_on())


async def release(scene: Scene) -> Request:
    return _post("/v1/notifications/release", ids=[scene.sms])


resend, correct, attach = once(_resend), once(_correct), once(_attach)
answer = once(_answer, attach)
