"""What is SMSAPI's own when sending: the form, the key, and the table of errors."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.sms import SmsApi
from adapters.sms.exchange import Answer
from adapters.sms.smsapi import outcome_of_answer
from app.domain.outcome import Accepted, NotSent, Permanence, Refused, Unknown
from tests.contract.providers import NOW, SECRET, SMS, smsapi
from tests.doubles.sms_gateway import AcceptThenHang, Close, Reset
from tests.doubles.sms_gateway import Answer as Reply
from tests.doubles.smsapi_gateway import SmsApiGateway, smsapi_error
from tests.doubles.tls import LoopbackTls


@pytest.fixture
async def gateway() -> AsyncIterator[SmsApiGateway]:
    async with SmsApiGateway() as gateway:
        yield gateway


@pytest.fixture
async def transport(gateway: SmsApiGateway) -> AsyncIterator[SmsApi]:
    transport = smsapi(gateway.base_url)
    yield transport
    await transport.close()


async def test_the_form_is_what_smsapi_names_and_nothing_that_rewrites(
    gateway: SmsApiGateway, transport: SmsApi
) -> None:
    await transport.send(SMS)
    [request] = gateway.journal
    assert (request.method, request.path) == ("POST", "/sms.do")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {
        "format": "json",
        "encoding": "utf-8",
        "to": SMS.to.removeprefix("+"),
        "from": "Awizo",
        "message": SMS.body,
        "idx": SMS.notification.hex,
        "check_idx": "1",
        "expiration_date": str(int(NOW.timestamp()) + 61 * 60),
        "notify_url": SMS.callback_url,
    }


@pytest.mark.parametrize(("validity", "life"), [(60, 3660), (3660, 3660), (7200, 7200), (86400, 39600)])
async def test_a_message_lives_as_long_as_it_should_within_what_smsapi_takes(
    gateway: SmsApiGateway, transport: SmsApi, validity: int, life: int
) -> None:
    await transport.send(replace(SMS, validity_seconds=validity))
    assert int(gateway.journal[0].form["expiration_date"]) - NOW.timestamp() == life


async def test_a_message_without_a_callback_asks_for_none(gateway: SmsApiGateway, transport: SmsApi) -> None:
    await transport.send(replace(SMS, callback_url=""))
    assert "notify_url" not in gateway.journal[0].form


async def test_a_path_in_the_base_url_stays(gateway: SmsApiGateway) -> None:
    transport = smsapi(f"{gateway.base_url}/proxy/")
    await transport.send(SMS)
    await transport.close()
    assert gateway.journal[0].path == "/proxy/sms.do"


@pytest.mark.parametrize("body", ["[%kod%]", "see [%idzdo:example.org%]", "[%1%]", "[%"])
async def test_a_text_that_smsapi_would_fill_in_is_not_sent(
    gateway: SmsApiGateway, transport: SmsApi, body: str
) -> None:
    assert await transport.send(replace(SMS, body=body)) == NotSent(stage="process", code="placeholder")
    assert gateway.requests == 0


async def test_an_acceptance_names_id_status_and_the_very_bytes(gateway: SmsApiGateway, transport: SmsApi) -> None:
    body = json.dumps({"count": 1, "list": [{"id": "1460969715572091219", "status": "QUEUE", "error": None}]}).encode()
    gateway.next(Reply(status=200, body=body))
    accepted = Accepted(provider_id="1460969715572091219", reply=body, code="QUEUE", peer=None)
    assert await transport.send(SMS) == accepted


async def test_the_peer_is_the_digest_of_its_certificate(tls: LoopbackTls) -> None:
    async with SmsApiGateway(tls=tls.server) as gateway:
        transport = smsapi(gateway.base_url, tls_context=tls.client)
        outcome = await transport.send(SMS)
        await transport.close()
    assert isinstance(outcome, Accepted)
    assert outcome.peer == tls.leaf_digest


@pytest.mark.parametrize("behaviour", [AcceptThenHang(), Reset(after_body=True), Close()], ids=repr)
async def test_after_an_answer_that_was_lost_the_same_key_is_accepted_and_no_second_message(
    gateway: SmsApiGateway, transport: SmsApi, behaviour: AcceptThenHang | Reset | Close
) -> None:
    gateway.next(behaviour)
    assert isinstance(await transport.send(SMS), Unknown)
    again = await transport.send(SMS)
    assert isinstance(again, Accepted)
    assert (again.provider_id, again.code) == (None, "53")
    assert [sms.form["message"] for sms in gateway.held] == [SMS.body]


async def test_a_key_whose_message_was_refused_can_be_used_again(gateway: SmsApiGateway, transport: SmsApi) -> None:
    gateway.next(smsapi_error(200))
    assert isinstance(await transport.send(SMS), Refused)
    again = await transport.send(SMS)
    assert isinstance(again, Accepted)
    assert again.provider_id


async def test_too_many_requests_is_not_sent_and_says_when_to_try_again(
    gateway: SmsApiGateway, transport: SmsApi
) -> None:
    gateway.next(smsapi_error(203, status=429, Retry_After="7"))
    outcome = await transport.send(SMS)
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.retry_after_seconds, outcome.pause) == ("203", 7.0, False)


def refused(code: object, status: int = 200) -> Answer:
    return Answer(status=status, raw=json.dumps({"error": code, "message": "no"}).encode())


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", [13, "33"])
def test_a_number_that_takes_no_sms_is_a_hard_refusal(code: object, status: int) -> None:
    outcome = outcome_of_answer(refused(code, status))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code, outcome.hard, outcome.bounced) == (
        Permanence.PERMANENT,
        str(code),
        True,
        False,
    )


@pytest.mark.parametrize("code", [11, 12, 57, 59])
def test_a_message_that_this_person_will_never_get_is_a_permanent_refusal_that_is_not_hard(code: int) -> None:
    outcome = outcome_of_answer(refused(code))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.hard) == (Permanence.PERMANENT, False)


@pytest.mark.parametrize("code", [8, 14, 56, 70, 94, 98, 112, 200, 4242])
def test_a_fault_of_sender_settings_or_request_is_a_temporary_refusal(code: int) -> None:
    outcome = outcome_of_answer(refused(code))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code) == (Permanence.TEMPORARY, str(code))


@pytest.mark.parametrize("code", [52, 202, 203])
def test_too_much_at_once_is_not_sent(code: int) -> None:
    outcome = outcome_of_answer(refused(code))
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("response", False)


@pytest.mark.parametrize(
    "answer",
    [refused(101), refused(102), refused(103), refused(105), refused(401), refused(101, 401), Answer(status=403)],
    ids=repr,
)
def test_a_broken_access_pauses_the_provider(answer: Answer) -> None:
    outcome = outcome_of_answer(answer)
    assert isinstance(outcome, NotSent)
    assert (outcome.stage, outcome.pause) == ("auth", True)


@pytest.mark.parametrize(
    "answer",
    [
        refused(201),
        refused(999),
        refused(14, 500),
        refused(53, 502),
        Answer(status=200, raw=b'{"count":2,"list":[{"id":"1","status":"QUEUE"},{"id":"2","status":"QUEUE"}]}'),
        Answer(status=200, raw=b'{"count":1,"list":[{"id":1,"status":"QUEUE"}]}'),
        Answer(status=200, raw=b'{"count":1,"list":["x"]}'),
        Answer(status=200, raw=b"OK:1460969715572091219:0.16:48600100200"),
        Answer(status=408),
        Answer(status=302),
    ],
    ids=repr,
)
def test_an_answer_that_says_neither_yes_nor_no_is_unknown(answer: Answer) -> None:
    assert isinstance(outcome_of_answer(answer), Unknown)


def test_an_error_beside_the_one_number_counts_as_well() -> None:
    answer = Answer(status=200, raw=b'{"count":1,"list":[{"id":"1","status":"QUEUE","error":13}]}')
    assert isinstance(outcome_of_answer(answer), Refused)


@pytest.mark.parametrize("error", [True, "many", "\u0661", {}, []])
def test_an_error_that_is_no_number_makes_the_answer_unreadable(error: object) -> None:
    assert isinstance(outcome_of_answer(refused(error)), Unknown)


@pytest.mark.parametrize("base_url", ["ftp://x", "https://", "smsapi", "https://x/?a=1"])
def test_a_base_url_that_is_none_stops_the_start(base_url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        smsapi(base_url)
