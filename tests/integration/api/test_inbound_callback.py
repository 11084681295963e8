"""What people write back to our number at Twilio: STOP and START over HTTP, and only when Twilio signed it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from app.storage.tables import inbound_messages
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.doubles.sms_gateway import refusal
from tests.integration.api.scene import until
from tests.integration.api.service import OTHER_OPERATOR, Service, fresh_event
from tests.integration.api.test_twilio_callback import FORM, signature

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PATH = "/v1/callbacks/twilio/inbound"


def answer_form(text: str, sender: str = PHONE, *, sid: str = "SM9") -> dict[str, str]:
    return {"MessageSid": sid, "AccountSid": "AC0", "From": sender, "To": "+48500500500", "Body": text}


async def write(
    service: Service,
    text: str,
    sender: str = PHONE,
    *,
    path: str = PATH,
    signed: str | None = None,
    sid: str | None = None,
    **changes: str,
) -> httpx.Response:
    """An SMS as Twilio passes it on, with a new name unless one is given; `changes` are made after it was signed."""
    form = answer_form(text, sender, sid=sid or ("SM9" if signed is not None else f"SM{uuid4().hex}"))
    proof = signature(path, form) if signed is None else signed
    headers: Mapping[str, str] = FORM | {"X-Twilio-Signature": proof}
    return await service.client.post(path, content=urlencode(form | changes), headers=headers)


async def granted(service: Service, name: str = RECIPIENT, operator: str = OPERATOR) -> dict[str, set[bool]]:
    """By channel, whether the consents that were ever given stand."""
    record = (await service.get(f"/v1/recipients/{operator}/{name}")).json()
    consents: list[dict[str, Any]] = [each for each in record["consents"] if each["version"]]
    return {
        channel: {each["granted"] for each in consents if each["channel"] == channel} for channel in ("sms", "email")
    }


STOPPED, AGREED = {"sms": {False}, "email": {True}}, {"sms": {True}, "email": {True}}


async def test_stop_ends_sms_for_everybody_with_the_number_at_every_operator(service: Service) -> None:
    await service.register()
    await service.register("somebody-else")
    await service.register(operator=OTHER_OPERATOR)
    answer = await write(service, " stop.")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await granted(service) == STOPPED
    assert await granted(service, "somebody-else") == STOPPED
    assert await granted(service, operator=OTHER_OPERATOR) == STOPPED


async def test_start_resumes_what_stop_ended(service: Service) -> None:
    await service.register()
    for text, expected in (("STOP", STOPPED), ("START", AGREED), ("REZYGNUJE", STOPPED), ("unstop", AGREED)):
        assert (await write(service, text)).status_code == 204
        assert await granted(service) == expected
    history = (await service.get(f"/v1/recipients/{OPERATOR}/{RECIPIENT}/consents")).json()["items"]
    own = [each for each in history if each["by"] == "person" and each["purpose"] == "delivery"]
    assert [(each["type"], each["method"], each["version"], each["statement"]) for each in own] == [
        ("consent.withdrawn", "sms_stop", 1, '{"text":"STOP"}'),
        ("consent.granted", "sms_start", 2, '{"text":"START"}'),
        ("consent.withdrawn", "sms_stop", 2, '{"text":"REZYGNUJE"}'),
        ("consent.granted", "sms_start", 3, '{"text":"unstop"}'),
    ]
    assert {each["contact"] for each in own} == {PHONE}


async def test_what_was_waiting_is_suppressed_once_the_person_said_stop(service: Service) -> None:
    await service.register()
    service.gateway.behave = lambda _: refusal(429, 20429)
    told = (await service.post(fresh_event())).json()["notifications"]
    sms = next(each["id"] for each in told if each["channel"] == "sms")

    async def tried() -> bool:
        return bool(service.gateway.journal)

    await until(tried)
    await write(service, "STOP")
    arrived = len(service.gateway.journal)

    async def suppressed() -> bool:
        view = (await service.get(f"/v1/notifications/{sms}")).json()
        return bool((view["status"], view["reason"]) == ("suppressed", "opted_out"))

    await until(suppressed)
    assert len(service.gateway.journal) == arrived


async def test_what_comes_after_a_stop_is_planned_for_the_other_channel_only(service: Service) -> None:
    await service.register()
    await write(service, "STOP")
    told = (await service.post(fresh_event())).json()["notifications"]
    assert {(each["channel"], each["status"], each["reason"]) for each in told} == {
        ("sms", "suppressed", "opted_out"),
        ("email", "queued", None),
    }


@pytest.mark.parametrize(
    ("text", "sender"),
    [("STOP", "+48600999888"), ("START", PHONE), ("hello", PHONE), ("", ""), ("STOP", "not a number")],
)
async def test_the_answer_is_the_same_whoever_writes_whatever(service: Service, text: str, sender: str) -> None:
    await service.register()
    before = await service.counts() | {"inbound_messages": 0}
    answer = await write(service, text, sender)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await service.counts() | {"inbound_messages": 0} == before
    assert await granted(service) == AGREED


async def test_what_is_asked_for_is_counted_by_class(service: Service) -> None:
    for text in ("STOP", "START", "what is this?", "stop"):
        await write(service, text)
    shown = (await service.get("/metrics")).text.splitlines()
    counted = {line for line in shown if line.startswith("awizo_inbound_sms_total{")}
    assert counted == {f'awizo_inbound_sms_total{{asked="{asked}"}} {n}.0' for asked, n in
                       (("stop", 2), ("start", 1), ("other", 1))}  # fmt: skip


async def test_a_signed_message_counts_once_however_often_it_is_replayed(service: Service) -> None:
    await service.register()
    for text, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM3")):
        await write(service, text, sid=sid)
    before = await service.counts()
    for _ in range(20):
        answer = await write(service, "START", sid="SM2")
        assert (answer.status_code, answer.content) == (204, b"")
    assert await granted(service) == STOPPED
    assert await service.counts() == before
    shown = (await service.get("/metrics")).text.splitlines()
    assert 'awizo_inbound_sms_total{asked="repeated"} 20.0' in shown


async def test_what_asks_for_nothing_is_kept_nowhere_and_no_value_is_readable_in_what_is(service: Service) -> None:
    await service.register()
    await write(service, "what is this?", sid="SM1")
    async with service.services.database.read() as tx:
        assert list((await tx.execute(select(inbound_messages))).all()) == []
    await write(service, "STOP", sid="SM1")
    async with service.services.database.read() as tx:
        digests = list((await tx.execute(select(inbound_messages.c.digest))).scalars())
    assert {len(each) for each in digests} == {32}


async def test_what_was_refused_unasked_is_listed_as_not_granted_and_has_no_history(service: Service) -> None:
    await service.register()
    await write(service, "STOP")
    place = f"/v1/recipients/{OPERATOR}/{RECIPIENT}"
    listed = (await service.get(place)).json()["consents"]
    refused = [each for each in listed if each["version"] == 0]
    assert refused
    assert {(each["channel"], each["granted"], each["method"]) for each in refused} == {("sms", False, "sms_stop")}
    history = (await service.get(f"{place}/consents")).json()["items"]
    assert {each["version"] for each in history} == {1}
    assert (await service.get(f"{place}/export")).status_code == 200


FORGERIES: dict[str, dict[str, str]] = {
    "no signature": {"signed": ""},
    "no base64": {"signed": "not base64"},
    "another token": {"signed": signature(PATH, answer_form("STOP"), token="x")},
    "another host": {"signed": signature(PATH, answer_form("STOP"), base="https://evil.test")},
    "another route": {"signed": signature("/v1/callbacks/twilio/status", answer_form("STOP"))},
    "a parameter more": {"path": f"{PATH}?x=1", "signed": signature(PATH, answer_form("STOP"))},
    "another sender": {"From": "+48600999888"},
    "a field more": {"Extra": "1"},
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=list(FORGERIES))
async def test_what_twilio_did_not_sign_is_403_and_nothing_is_written(service: Service, forged: dict[str, str]) -> None:
    await service.register()
    before = await service.counts()
    assert (await write(service, "STOP", **forged)).status_code == 403
    assert await service.counts() == before
    assert await granted(service) == AGREED


@pytest.mark.parametrize(
    ("body", "status"), [(b"\xff\xfe", 400), (b"Body=STOP&Body=START", 400), (b"Body=" + b"x" * 70_000, 413)]
)
async def test_what_is_no_form_is_refused(service: Service, body: bytes, status: int) -> None:
    headers = FORM | {"X-Twilio-Signature": "x"}
    assert (await service.client.post(PATH, content=body, headers=headers)).status_code == status


async def test_answers_wait_outside_while_the_log_cannot_be_trusted(service: Service) -> None:
    await service.register()
    service.services.log_watch.found("the database is behind the mark")
    assert (await write(service, "STOP")).status_code == 503
    assert await granted(service) == AGREED
