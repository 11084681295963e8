"""What is Twilio's own when sending: the form, the table of answers, and the certificate."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.sms import TwilioSms
from adapters.sms.exchange import Answer
from adapters.sms.twilio import outcome_of_answer
from app.domain.outcome import Accepted, NotSent, Permanence, Refused, Unknown
from tests.contract.providers import SECRET, SMS, twilio
from tests.doubles.sms_gateway import Accept, Close, Reset, SmsGateway, refusal
from tests.doubles.sms_gateway import Answer as Reply
from tests.doubles.tls import LoopbackTls

SID = "SM" + "1" * 32


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    async with SmsGateway() as gateway:
        yield gateway


@pytest.fixture
async def transport(gateway: SmsGateway) -> AsyncIterator[TwilioSms]:
    transport = twilio(gateway.base_url)
    yield transport
    await transport.close()


async def test_the_form_is_what_the_contract_names_and_nothing_else(gateway: SmsGateway, transport: TwilioSms) -> None:
    await transport.send(SMS)
    [request] = gateway.journal
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json")
    assert request.form == {
        "To": SMS.to,
        "From": "+48500",
        "Body": SMS.body,
        "StatusCallback": SMS.callback_url,
        "ValidityPeriod": "900",
    }
    login, _, password = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).partition(b":")
    assert (login, password) == (b"AC" + b"0" * 32, SECRET.encode())


async def test_a_path_in_the_base_url_stays(gateway: SmsGateway) -> None:
    transport = twilio(f"{gateway.base_url}/proxy/")
    await transport.send(SMS)
    await transport.close()
    assert gateway.journal[0].path.startswith("/proxy/2010-04-01/Accounts/")


async def test_the_environment_of_the_sdk_changes_nothing(
    gateway: SmsGateway, transport: TwilioSms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TWILIO_EDGE", "TWILIO_REGION", "TWILIO_ACCOUNT_SID"):
        monkeypatch.setenv(name, "elsewhere")
    assert isinstance(await transport.send(SMS), Accepted)
    assert len(gateway.journal) == 1


async def test_an_acceptance_names_sid_status_and_the_very_bytes(gateway: SmsGateway, transport: TwilioSms) -> None:
    body = json.dumps({"sid": SID, "status": "accepted", "body": "x"}).encode()
    gateway.next(Reply(status=201, body=body))
    assert await transport.send(SMS) == Accepted(provider_id=SID, reply=body, code="accepted", peer=None)


async def test_the_peer_is_the_digest_of_its_certificate(tls: LoopbackTls) -> None:
    async with SmsGateway(tls=tls.server) as gateway:
        transport = twilio(gateway.base_url, tls_context=tls.client)
        first, second = await transport.send(SMS), await transport.send(SMS)
        await transport.close()
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.peer == second.peer == tls.leaf_digest


async def test_a_certificate_nobody_vouches_for_is_not_sent(tls: LoopbackTls) -> None:
    async with SmsGateway(tls=tls.server) as gateway:
        transport = twilio(gateway.base_url)
        outcome = await transport.send(SMS)
        await transport.close()
    assert isinstance(outcome, NotSent)
    assert outcome.stage == "tls"
    assert gateway.requests == 0


async def test_a_full_pool_is_not_sent(gateway: SmsGateway) -> None:
    transport = twilio(gateway.base_url, capacity=1, connect_timeout=0.1)
    gateway.behave = lambda _: Accept(delay=0.5)
    first = asyncio.create_task(transport.send(SMS))
    await asyncio.sleep(0.1)
    second = await transport.send(SMS)
    assert isinstance(await first, Accepted)
    await transport.close()
    assert second == NotSent(stage="connect", code="timeout")
    assert len(gateway.journal) == 1


@pytest.mark.parametrize("behaviour", [Reset(after_body=False), Reset(after_body=True), Close()], ids=repr)
async def test_a_connection_lost_after_the_request_began_is_unknown(
    gateway: SmsGateway, transport: TwilioSms, behaviour: Reset | Close
) -> None:
    gateway.next(behaviour)
    assert isinstance(await transport.send(SMS), Unknown)
    assert gateway.requests == 1


async def test_a_redirect_is_not_followed(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.next(Reply(status=307, headers={"Location": f"{gateway.base_url}/elsewhere"}))
    assert isinstance(await transport.send(SMS), Unknown)
    assert gateway.requests == 1


async def test_a_server_error_is_unknown_and_not_repeated(gateway: SmsGateway, transport: TwilioSms) -> None:
    gateway.next(Reply(status=500, body=b'{"code": 20500}'))
    assert await transport.send(SMS) == Unknown(stage="response", code="20500", reply=b'{"code": 20500}')
    assert gateway.requests == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "Sun, 06 Nov 1994 08:49:40 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 3.0),
        ({"Retry_After": "Sun, 06 Nov 1994 08:49:30 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-3"}, None),
        ({}, None),
    ],
)
async def test_too_many_requests_is_not_sent_and_says_when_to_try_again(
    gateway: SmsGateway, transport: TwilioSms, headers: dict[str, str], seconds: float | None
) -> None:
    gateway.next(refusal(429, 20429, **headers))
    outcome = await transport.send(SMS)
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.retry_after_seconds, outcome.pause) == ("20429", seconds, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"code": 20003}'),
        (403, b"<html>"),
        (400, b'{"code": 10001}'),
        (404, b'{"code": 20404}'),
        (404, b"not here"),
    ],
)
def test_a_broken_access_pauses_the_provider(status: int, body: bytes) -> None:
    outcome = outcome_of_answer(Answer(status=status, raw=body))
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("auth", True)


@pytest.mark.parametrize("code", [21211, 21217, 21610, 21614, 21617, 21635])
def test_a_recipient_who_cannot_get_the_message_is_a_permanent_refusal(code: int) -> None:
    outcome = outcome_of_answer(Answer(status=400, raw=json.dumps({"code": code}).encode()))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code) == (Permanence.PERMANENT, str(code))


@pytest.mark.parametrize(
    ("code", "hard"),
    [(21211, True), (21217, True), (21265, True), (21614, True), (21635, True), (21610, False), (21617, False)],
)
def test_only_a_number_that_can_never_take_an_sms_is_a_hard_refusal(code: int, hard: bool) -> None:
    outcome = outcome_of_answer(Answer(status=400, raw=json.dumps({"code": code}).encode()))
    assert isinstance(outcome, Refused)
    assert (outcome.hard, outcome.bounced) == (hard, False)


@pytest.mark.parametrize("code", [21408, 21606, 21611, 21612, 63038, 29999])
def test_a_fault_of_sender_settings_or_load_is_a_temporary_refusal(code: int) -> None:
    outcome = outcome_of_answer(Answer(status=400, raw=json.dumps({"code": code}).encode()))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code) == (Permanence.TEMPORARY, str(code))


def test_a_refusal_without_a_code_is_temporary() -> None:
    outcome = outcome_of_answer(Answer(status=413, raw=b"too large"))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code) == (Permanence.TEMPORARY, "413")


def test_a_request_timeout_is_unknown() -> None:
    assert isinstance(outcome_of_answer(Answer(status=408)), Unknown)


@pytest.mark.parametrize("base_url", ["ftp://x", "https://", "twilio", "https://x/?a=1", "https://x/#a"])
def test_a_base_url_that_is_none_stops_the_start(base_url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        TwilioSms(account_sid="AC1", auth_token=SECRET, sender="x", base_url=base_url)


def test_a_connect_timeout_as_long_as_the_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        TwilioSms(account_sid="AC1", auth_token=SECRET, sender="x", connect_timeout=30.0, total_timeout=30.0)


async def test_a_message_without_a_callback_asks_for_none(gateway: SmsGateway, transport: TwilioSms) -> None:
    await transport.send(replace(SMS, body="x", callback_url="", validity_seconds=60))
    assert "StatusCallback" not in gateway.journal[0].form
    assert gateway.journal[0].form["ValidityPeriod"] == "60"
