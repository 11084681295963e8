"""Twilio's status callbacks: only genuine ones count, once each, and never a step backwards."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from twilio.request_validator import RequestValidator

from app.usecases.start_attempt import callback_mac
from tests.doubles.sms_gateway import Accept
from tests.integration.api.scene import Scene, set_scene, until
from tests.integration.api.service import BASE_URL, TWILIO_TOKEN, Service, fresh_event
from tests.second_verifier import verify

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def report(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "MessageStatus": status, "To": "+48600100200", "AccountSid": "AC0"} | more


def signature(path: str, form: Mapping[str, str], *, base: str = BASE_URL, token: str = TWILIO_TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(base + path, dict(form)))


async def call(service: Service, path: str, form: Mapping[str, str], *, signed: str | None = None) -> httpx.Response:
    """Post the form as Twilio does, signed as Twilio would unless told otherwise."""
    given = FORM | {"X-Twilio-Signature": signature(path, form) if signed is None else signed}
    headers = {name.encode(): value.encode("latin-1") for name, value in given.items()}
    return await service.client.post(path, content=urlencode(form), headers=headers)


def callback_path(service: Service) -> str:
    """What the gateway was told to call, without our public address."""
    url = service.gateway.journal[-1].form["StatusCallback"]
    assert url.startswith(BASE_URL + "/")
    return url.removeprefix(BASE_URL)


async def view(scene: Scene) -> dict[str, Any]:
    shown: dict[str, Any] = (await scene.service.get(f"/v1/notifications/{scene.sms}")).json()
    return shown


async def fact_types(scene: Scene) -> list[str]:
    """The chain as it stands in a proof that the second verifier accepts."""

    async def published() -> bool:
        facts = (await view(scene))["facts"]
        return bool(facts["total"] == facts["published"])

    await until(published)
    bundle = await scene.service.get(f"/v1/notifications/{scene.sms}/proof")
    keys = (await scene.service.client.get("/log/vkey")).text.split()
    assert verify(bundle.content, keys).accepted
    return [fact["document"]["type"] for fact in bundle.json()["facts"]][3:]


@pytest.fixture
async def scene(service: Service) -> Scene:
    return await set_scene(service)


async def test_a_genuine_report_is_204_and_moves_the_notification_on(scene: Scene) -> None:
    service = scene.service
    answer = await call(service, callback_path(service), report("delivered"))
    assert (answer.status_code, answer.content) == (204, b"")
    shown = await view(scene)
    assert shown["status"] == "delivered"
    (receipt,) = shown["receipts"]
    assert list(receipt) == ["status", "via", "claimed_at", "received_at", "late"]
    assert (receipt["status"], receipt["via"], receipt["late"]) == ("delivered", "callback", False)
    assert await fact_types(scene) == ["receipt.delivered", "notification.closed"]


async def test_behind_a_proxy_the_configured_address_counts_not_the_one_that_was_called(scene: Scene) -> None:
    path, form = callback_path(scene.service), report("delivered")
    transport = httpx.ASGITransport(scene.service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as inside:
        signed = FORM | {"X-Twilio-Signature": signature(path, form)}
        assert (await inside.post(path, content=urlencode(form), headers=signed)).status_code == 204


Forgery = Callable[[Scene, str, dict[str, str]], Awaitable[httpx.Response]]
FORGERIES: dict[str, tuple[int, Forgery]] = {
    "no signature": (403, lambda s, path, form: call(s.service, path, form, signed="")),
    "no base64": (403, lambda s, path, form: call(s.service, path, form, signed="\u00ff not base64")),
    "another token": (403, lambda s, path, form: call(s.service, path, form, signed=signature(path, form, token="x"))),
    "another host": (
        403,
        lambda s, path, form: call(s.service, path, form, signed=signature(path, form, base="https://evil.test")),
    ),
    "plain http": (
        403,
        lambda s, path, form: call(s.service, path, form, signed=signature(path, form, base="http://awizo.test")),
    ),
    "a changed field": (
        403,
        lambda s, path, form: call(s.service, path, form | {"MessageStatus": "failed"}, signed=signature(path, form)),
    ),
    "an extra field": (
        403,
        lambda s, path, form: call(s.service, path, form | {"Extra": "1"}, signed=signature(path, form)),
    ),
    "an extra parameter": (
        403,
        lambda s, path, form: call(s.service, path + "&x=1", form, signed=signature(path, form)),
    ),
    "another attempt": (
        403,
        lambda s, path, form: call(s.service, path.replace(path.split("a=")[1][:36], str(uuid4())), form),
    ),
    "a forged MAC": (403, lambda s, path, form: call(s.service, path.split("&m=")[0] + "&m=" + "0" * 32, form)),
    "an empty MAC": (403, lambda s, path, form: call(s.service, path.split("&m=")[0] + "&m=", form)),
    "a MAC of other letters": (403, lambda s, path, form: call(s.service, path.split("&m=")[0] + "&m=%C5%BC", form)),
    "no MAC": (422, lambda s, path, form: call(s.service, path.split("&m=")[0], form)),
    "no attempt": (422, lambda s, path, form: call(s.service, "/v1/callbacks/twilio/status?m=0", form)),
    "a second attempt": (403, lambda s, path, form: call(s.service, f"{path}&a={uuid4()}", form)),
    "a repeated field": (400, lambda s, path, form: _repeated(s.service, path, form)),
    "not a form": (400, lambda s, path, form: _raw(s.service, path, b"\xff\xfe")),
    "an unsigned body": (403, lambda s, path, form: _raw(s.service, path, b"")),
    "too many fields": (400, lambda s, path, form: call(s.service, path, {str(i): "x" for i in range(201)})),
    "too large": (413, lambda s, path, form: call(s.service, path, {"Body": "x" * 70_000})),
}


async def _repeated(service: Service, path: str, form: dict[str, str]) -> httpx.Response:
    body = urlencode(form) + "&MessageStatus=failed"
    headers = FORM | {"X-Twilio-Signature": signature(path, form)}
    return await service.client.post(path, content=body, headers=headers)


async def _raw(service: Service, path: str, body: bytes) -> httpx.Response:
    headers = FORM | {"X-Twilio-Signature": signature(path, report("delivered"))}
    return await service.client.post(path, content=body, headers=headers)


async def test_nothing_is_written_for_a_report_that_is_not_genuine(scene: Scene) -> None:
    before, path = await scene.service.counts(), callback_path(scene.service)
    answered = {
        name: (await forge(scene, path, report("delivered"))).status_code for name, (_, forge) in FORGERIES.items()
    }
    assert answered == {name: status for name, (status, _) in FORGERIES.items()}
    assert await scene.service.counts() == before
    assert (await view(scene))["status"] == "sent"


async def test_a_hundred_replays_are_one_receipt_and_one_fact(scene: Scene) -> None:
    path = callback_path(scene.service)
    eight_at_a_time = asyncio.Semaphore(8)  # no more than the pool has, so that none has to be turned away

    async def replay() -> int:
        async with eight_at_a_time:
            return (await call(scene.service, path, report("delivered"))).status_code

    assert set(await asyncio.gather(*(replay() for _ in range(100)))) == {204}
    assert len((await view(scene))["receipts"]) == 1
    assert await fact_types(scene) == ["receipt.delivered", "notification.closed"]


async def test_delivered_and_then_sent_stays_delivered(scene: Scene) -> None:
    path = callback_path(scene.service)
    for status in ("queued", "delivered", "sent", "sending"):
        assert (await call(scene.service, path, report(status))).status_code == 204
    shown = await view(scene)
    assert shown["status"] == "delivered"
    assert [receipt["status"] for receipt in shown["receipts"]] == ["progress", "delivered", "progress", "progress"]
    assert await fact_types(scene) == ["receipt.delivered", "notification.closed"]


async def test_a_failure_ends_the_notification_with_its_code(scene: Scene) -> None:
    answer = await call(scene.service, callback_path(scene.service), report("undelivered", ErrorCode="30003"))
    assert answer.status_code == 204
    shown = await view(scene)
    assert (shown["status"], shown["failure"]) == ("failed", "permanent")
    assert await fact_types(scene) == ["receipt.failed", "notification.failed"]


async def test_a_report_after_the_end_is_kept_as_late_and_changes_nothing(scene: Scene) -> None:
    path = callback_path(scene.service)
    await call(scene.service, path, report("delivered"))
    assert (await call(scene.service, path, report("undelivered", ErrorCode="30003"))).status_code == 204
    shown = await view(scene)
    assert shown["status"] == "delivered"
    assert [(receipt["status"], receipt["late"]) for receipt in shown["receipts"]] == [
        ("delivered", False),
        ("failed", True),
    ]
    assert await fact_types(scene) == ["receipt.delivered", "notification.closed", "receipt.late"]


async def test_a_status_that_twilio_may_invent_is_kept_as_progress(scene: Scene) -> None:
    answer = await call(scene.service, callback_path(scene.service), report("teleported"))
    shown = await view(scene)
    assert (answer.status_code, shown["status"]) == (204, "sent")
    assert [receipt["status"] for receipt in shown["receipts"]] == ["progress"]


async def test_a_report_that_overtakes_the_providers_own_answer_waits_for_it(service: Service) -> None:
    service.gateway.behave = lambda _: Accept(delay=1.0)
    await service.register()
    told = (await service.post(fresh_event())).json()
    scene = Scene(service=service, event=told["event"], sms=told["notifications"][0]["id"], email="")

    async def arrived() -> bool:
        return bool(service.gateway.journal)

    await until(arrived)
    assert (await call(service, callback_path(service), report("delivered"))).status_code == 204
    early = await view(scene)
    assert (early["status"], [r["status"] for r in early["receipts"]]) == ("sending", ["delivered"])

    async def delivered() -> bool:
        return bool((await view(scene))["status"] == "delivered")

    await until(delivered)
    assert await fact_types(scene) == ["receipt.delivered", "notification.closed"]


async def test_a_genuine_report_about_an_attempt_that_is_not_here_is_204_and_kept_apart_once(scene: Scene) -> None:
    attempt = uuid4()
    mac = callback_mac(scene.service.services.database.vault, "twilio", attempt)
    before = await scene.service.counts()
    for _ in range(3):
        answer = await call(scene.service, f"/v1/callbacks/twilio/status?a={attempt}&m={mac}", report("delivered"))
        assert answer.status_code == 204
    nobody = {"recipients": before["recipients"] + 1, "recipient_keys": before["recipient_keys"] + 1}
    kept = {"stray_receipts": before["stray_receipts"] + 1, "facts": before["facts"] + 1}
    assert await scene.service.counts() == before | nobody | kept
    assert (await view(scene))["receipts"] == []


async def test_reports_wait_outside_while_the_log_cannot_be_trusted(scene: Scene) -> None:
    before = await scene.service.counts()
    scene.service.services.log_watch.found("the database is behind the mark")
    answer = await call(scene.service, callback_path(scene.service), report("delivered"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert await scene.service.counts() == before
