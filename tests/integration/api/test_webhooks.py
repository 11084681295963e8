"""`/v1/webhooks`: register, look, exchange the secret, try out, read by cursor, replay, delete."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from adapters.webhook_http import WebhookHttp
from app.domain.access import Scope
from app.domain.webhook import WebhookType
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.scene import set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CAPABILITY = "canary-capability-8831"
URL = f"https://hooks.awizo.test/{CAPABILITY}"


async def send(service: Service, method: str, path: str, body: object = None, **key: Any) -> httpx.Response:
    headers = {"Content-Type": "application/json", **(key.get("key") or service.admin)}
    content = None if body is None else json.dumps(body).encode()
    return await service.client.request(method, f"/v1/webhooks{path}", headers=headers, content=content)


async def register(service: Service, **changes: Any) -> dict[str, Any]:
    answer = await send(service, "POST", "", {"operator": OPERATOR, "url": URL} | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_endpoint_is_registered_shown_without_its_secret_and_deleted(service: Service) -> None:
    made = await register(service, events=["notification.sent"], description="Customer service")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    shown = (await send(service, "GET", f"/{made['id']}")).json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown.items() >= {
        "operator": OPERATOR, "url": URL, "description": "Customer service", "state": "enabled", "why": None,
        "events": ["notification.sent"], "test": None,
    }.items()  # fmt: skip
    assert shown["health"] == {
        "last_success_at": None, "last_failure_at": None, "last_failure": None, "last_failure_detail": None,
        "failing_since": None, "waiting": 0,
    }  # fmt: skip
    everything = await register(service)
    assert everything["events"] == [each.value for each in WebhookType]
    listed = (await send(service, "GET", f"?operator={OPERATOR}")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"], everything["id"]]
    assert [(await send(service, "DELETE", f"/{made['id']}")).status_code for _ in range(2)] == [204, 404]
    assert (await send(service, "GET", f"/{made['id']}")).status_code == 404


async def test_an_address_that_must_not_be_called_is_422_and_says_why(service: Service) -> None:
    for place in (
        "http://hooks.awizo.test/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://localhost/",
        "https://hooks.awizo.test@127.0.0.1/",
        "https://hooks.awizo.test:22/",
        "https://hooks.awizo.test/#",
        "https://ⓛocalhost/",
    ):
        answer = await send(service, "POST", "", {"operator": OPERATOR, "url": place + CAPABILITY})
        assert answer.status_code == 422, place
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/url"
        assert error["detail"].split(" ")[0] in {"Must", "Has"}
        assert CAPABILITY not in answer.text
    assert (await send(service, "GET", "")).json() == {"items": []}


async def test_a_name_that_leads_inside_is_422_at_once(service: Service) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.5"]

    service.app.state.services = replace(service.services, webhooks=WebhookHttp(resolve=resolve))
    answer = await send(service, "POST", "", {"operator": OPERATOR, "url": URL})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "Has a name that leads to an address which is not public"


async def test_what_is_missing_or_unknown_is_422_with_its_place(service: Service) -> None:
    for body, pointer in (
        ({"operator": OPERATOR}, "/url"),
        ({"url": URL}, "/operator"),
        ({"operator": OPERATOR, "url": URL, "events": []}, "/events"),
        ({"operator": OPERATOR, "url": URL, "events": ["notification.read"]}, "/events/0"),
        ({"operator": OPERATOR, "url": URL, "secret": "mine"}, ""),
    ):
        answer = await send(service, "POST", "", body)
        assert answer.status_code == 422
        assert pointer in [each["pointer"] for each in answer.json()["errors"]], body


async def test_events_are_read_by_cursor_without_any_endpoint(service: Service) -> None:
    begin = (await send(service, "GET", f"/events?operator={OPERATOR}&after=now")).json()
    assert (begin["items"], begin["end"]) == ([], True)
    scene = await set_scene(service)
    path = f"/events?operator={OPERATOR}&limit=1&after="
    items, cursor, end = [], begin["next"], False
    while not end:
        page = (await send(service, "GET", path + cursor)).json()
        items, cursor, end = items + page["items"], page["next"], page["end"]
    sent = [each for each in items if each["type"] == "notification.sent"]
    told = {each["data"]["notification"]: each["data"] for each in sent}  # whichever provider answered first
    assert told.keys() == {scene.sms, scene.email}
    assert told[scene.sms].items() >= {"recipient": RECIPIENT, "shipments": [SHIPMENT], "provider": "twilio"}.items()
    assert {each["type"] for each in items} == {"consent.changed", "notification.sent"}
    only = await send(service, "GET", f"/events?operator={OPERATOR}&type=notification.sent&type=shipment.anomaly")
    assert only.json()["items"] == sent
    for secret in (PHONE, EMAIL):
        assert secret not in json.dumps(items)


async def test_a_cursor_that_was_not_given_out_is_422(service: Service) -> None:
    made = await register(service)
    for cursor in ("x", "2026h2-1", "1999h1-000000000000", f"{made['cursor'][:-3]}999", "later"):
        answer = await send(service, "GET", f"/events?operator={OPERATOR}&after={cursor}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/after"), cursor
    replayed = await send(service, "POST", f"/{made['id']}/replay", {"after": "x"})
    assert (replayed.status_code, replayed.json()["errors"][0]["pointer"]) == (422, "/after")
    beyond = await send(service, "POST", f"/{made['id']}/replay", {"after": f"{made['cursor'][:-3]}999"})
    assert beyond.status_code == 409


async def test_a_test_event_is_sent_at_once_and_its_end_can_be_read(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await register(service)
    asked = await send(service, "POST", f"/{made['id']}/test")
    assert asked.status_code == 202

    async def ended() -> bool:
        return bool((await send(service, "GET", f"/{made['id']}")).json()["test"]["state"] != "waiting")

    await until(ended)
    test = (await send(service, "GET", f"/{made['id']}")).json()["test"]
    assert (test["id"], test["state"]) == (asked.json()["test"], "failed")
    assert test["failure"] in {"unresolved", "timeout"}  # no name below .test is anybody's (RFC 6761)
    assert test["failure_detail"]
    metrics = (await service.get("/metrics")).text
    assert 'awizo_webhook_calls_total{outcome="failed"} 1.0' in metrics
    assert 'awizo_webhooks{state="enabled"} 1.0' in metrics
    said = capsys.readouterr()
    for secret in (CAPABILITY, made["secret"]):
        assert secret not in said.out + said.err + repr(service.services)


async def test_another_secret_is_shown_once_and_the_one_before_signs_until_tomorrow(service: Service) -> None:
    made = await register(service)
    rotated = (await send(service, "POST", f"/{made['id']}/secret")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"] > made["created_at"]
    assert "secret" not in (await send(service, "GET", f"/{made['id']}")).json()
    assert Webhook(rotated["secret"])


async def test_an_endpoint_is_taken_up_again_or_told_once_more(service: Service) -> None:
    made = await register(service)
    place = f"/{made['id']}"
    for begin in ("stopped", "now"):
        assert (await send(service, "POST", f"{place}/enable", {"from": begin})).json()["state"] == "enabled"
    assert (await send(service, "POST", f"{place}/enable", {"from": "yesterday"})).status_code == 422
    replayed = await send(service, "POST", f"{place}/replay", {"after": made["cursor"]})
    assert (replayed.status_code, replayed.json()["cursor"]) == (200, made["cursor"])


async def test_another_operators_endpoint_looks_like_none(service: Service) -> None:
    made = await register(service)
    stranger = await service.key(Scope.WEBHOOKS_WRITE, operators=(OTHER_OPERATOR,))
    for method, below, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("POST", "/test", None),
        ("POST", "/enable", {"from": "now"}),
        ("POST", "/replay", {"after": made["cursor"]}),
    ):
        foreign = await send(service, method, f"/{made['id']}{below}", body, key=stranger)
        missing = await send(service, method, f"/{uuid4()}{below}", body, key=stranger)
        assert (foreign.status_code, foreign.content) == (404, missing.content), below
    assert (await send(service, "GET", "", key=stranger)).json() == {"items": []}
    assert (await send(service, "GET", f"?operator={OPERATOR}", key=stranger)).status_code == 403
