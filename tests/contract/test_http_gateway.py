"""What a described gateway is sent, how its answers are read, and what its reports say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from adapters.sms import GatewayCallbacks, HttpGateway
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.receipt import Receipt, ReceiptStatus
from tests.contract.gateway_file import described
from tests.contract.providers import ATTEMPT, SECRET, SMS, gateway
from tests.doubles.http_gateway import DescribedGateway, gateway_error, sent
from tests.doubles.sms_gateway import AcceptThenHang, Answer, Raw, SmsGateway


@pytest.fixture
async def double() -> AsyncIterator[DescribedGateway]:
    async with DescribedGateway() as double:
        yield double


async def answered(double: SmsGateway, answer: Answer | Raw, **changes: dict[str, Any] | None) -> Outcome:
    """What that answer means to the example with `changes`."""
    double.next(answer)
    transport = HttpGateway(*described(f"{double.base_url}/v2/messages", SECRET, **changes))
    outcome = await transport.send(SMS)
    await transport.close()
    return outcome


async def test_the_example_sends_what_it_shows(double: DescribedGateway) -> None:
    transport = gateway(double.base_url)
    await transport.send(SMS)
    await transport.close()
    [request] = double.journal
    assert (request.method, request.path) == ("POST", "/v2/messages")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["idempotency-key"] == str(SMS.notification)
    assert request.headers["content-type"] == "application/json"
    assert sent(request) == {
        "sender": "Awizo",
        "recipients": [SMS.to],
        "text": SMS.body,
        "reference": str(SMS.notification),
        "valid_for": 900,
        "report": {"url": SMS.callback_url, "method": "GET"},
    }


async def test_a_text_with_braces_is_never_read_as_a_template(double: DescribedGateway) -> None:
    transport = gateway(double.base_url)
    await transport.send(replace(SMS, body="{to} {{key}} {"))
    await transport.close()
    assert sent(double.journal[0])["text"] == "{to} {{key}} {"


async def test_a_form_is_a_form_with_filled_templates() -> None:
    request = {
        "encoding": "form",
        "has_keys": False,
        "headers": {},
        "body": {"n": "{to_digits}", "t": "{body}", "x": "{{{validity}}} s", "cb": "{callback_url}"},
    }
    async with SmsGateway() as double:
        await answered(double, Answer(status=200), request=request)
    [got] = double.journal
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(got.body.decode()) == {
        "n": [SMS.to.removeprefix("+")],
        "t": [SMS.body],
        "x": ["{900} s"],
        "cb": [SMS.callback_url],
    }


async def test_an_acceptance_names_id_status_and_the_very_bytes(double: DescribedGateway) -> None:
    body = b'{"messages":[{"id":"m-1","state":"QUEUED"}]}'
    accepted = Accepted(provider_id="m-1", reply=body, code="QUEUED", peer=None)
    assert await answered(double, Answer(status=202, body=body)) == accepted


async def test_an_acceptance_that_has_no_id_to_read_says_its_status(double: DescribedGateway) -> None:
    outcome = await answered(double, Answer(status=201, body=b"queued"), acceptance={"statuses": [201]})
    assert isinstance(outcome, Unknown)
    plain = {"request": {"has_keys": False}, "acceptance": None}
    outcome = await answered(double, Answer(status=201, body=b"queued"), **plain)
    assert outcome == Accepted(provider_id=None, reply=b"queued", code="201", peer=None)


async def test_an_acceptance_whose_body_breaks_off_may_have_been_a_refusal(double: DescribedGateway) -> None:
    broken = Raw(payload=b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"error":')
    outcome = await answered(double, broken, request={"has_keys": False}, acceptance=None)
    assert outcome == Unknown(stage="response", code="200-unreadable", reply=b"")


async def test_a_status_is_kept_as_a_word_that_every_database_takes(double: DescribedGateway) -> None:
    body = b'{"messages":[{"id":"m-1","state":"\\u0000' + b"Q" * 100 + b'"}]}'
    outcome = await answered(double, Answer(status=200, body=body))
    assert isinstance(outcome, Accepted)
    assert outcome.code == "?" + "Q" * 63


async def test_half_a_character_makes_an_acceptance_unreadable(double: DescribedGateway) -> None:
    body = b'{"messages":[{"id":"m-\\ud83d","state":"QUEUED"}]}'
    outcome = await answered(double, Answer(status=200, body=body))
    assert outcome == Unknown(stage="response", code="200-unreadable", reply=body)
    body = b'{"messages":[{"id":"m-\\ud83d\\ude00","state":"QUEUED"}]}'
    assert isinstance(await answered(double, Answer(status=200, body=body)), Accepted)


async def test_a_key_that_was_used_before_is_accepted_and_no_second_message(double: DescribedGateway) -> None:
    double.next(AcceptThenHang())
    transport = gateway(double.base_url)
    assert isinstance(await transport.send(SMS), Unknown)
    again = await transport.send(SMS)
    await transport.close()
    assert isinstance(again, Accepted)
    assert (again.provider_id, again.code) == (None, "duplicate_reference")
    assert len(double.held) == 1


async def test_a_success_may_have_a_code_of_its_own(double: DescribedGateway) -> None:
    body = b'{"error":{"code":0},"messages":[{"id":7,"state":"OK"}]}'
    outcome = await answered(double, Answer(status=200, body=body), refusals={"accepted": ["0"]})
    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id, outcome.code) == ("7", "0")


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "permanence", "hard"),
    [
        ("invalid_number", Permanence.PERMANENT, True),
        ("opted_out", Permanence.PERMANENT, False),
        ("unknown_sender", Permanence.TEMPORARY, False),
        ("a code of the future", Permanence.TEMPORARY, False),
    ],
)
async def test_a_code_means_what_the_file_says_whatever_the_status(
    double: DescribedGateway, status: int, code: str, permanence: Permanence, hard: bool
) -> None:
    outcome = await answered(double, gateway_error(code, status=status))
    assert isinstance(outcome, Refused)
    assert (outcome.permanence, outcome.code, outcome.hard, outcome.bounced) == (permanence, code, hard, False)


@pytest.mark.parametrize(
    ("answer", "code", "pause", "seconds"),
    [
        (gateway_error("no_credit", status=402), "no_credit", True, None),
        (gateway_error(None, status=401), "401", True, None),
        (gateway_error(None, status=403), "403", True, None),
        (gateway_error(None, status=404), "404", True, None),
        (gateway_error(None, status=429, Retry_After="9"), "429", False, 9.0),
        (gateway_error(None, status=503, Retry_After="3"), "503", False, 3.0),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_what_was_not_taken_says_whether_our_access_is_broken_and_when_to_try_again(
    double: DescribedGateway, answer: Answer, code: str, pause: bool, seconds: float | None
) -> None:
    outcome = await answered(double, answer)
    assert isinstance(outcome, NotSent)
    assert (outcome.code, outcome.pause, outcome.retry_after_seconds) == (code, pause, seconds)


@pytest.mark.parametrize(
    "answer",
    [
        gateway_error("a code of the future", status=500),
        gateway_error("duplicate_reference", status=502),
        gateway_error(None, status=408),
        gateway_error(None, status=302),
        Answer(status=200, body=b'{"messages":[]}'),
        Answer(status=200, body=b'{"messages":[{"id":true,"state":"QUEUED"}]}'),
        Answer(status=200, body=b'{"messages":[{"id":"m-1"}]}'),
        Answer(status=200, body=b'{"messages":{"x":{"id":"m-1"}}}'),
        Answer(status=200, body=b"[]"),
        Answer(status=204),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r}",
)
async def test_what_says_neither_yes_nor_no_is_unknown(double: DescribedGateway, answer: Answer) -> None:
    assert isinstance(await answered(double, answer), Unknown)


async def test_a_code_is_cut_to_a_word(double: DescribedGateway) -> None:
    outcome = await answered(double, gateway_error("x" * 5000))
    assert isinstance(outcome, Refused)
    assert outcome.code == "x" * 64


@pytest.mark.parametrize(("callback", "reports"), [(None, False), ({}, True)])
def test_it_reports_and_has_keys_if_the_file_says_so(callback: dict[str, Any] | None, reports: bool) -> None:
    described_one = described("https://sms.example.net", SECRET, callback=callback, request={"has_keys": False})
    transport = HttpGateway(*described_one)
    assert (transport.reports, transport.has_keys, transport.looks_up) == (reports, False, False)
    assert gateway("https://sms.example.net").has_keys


def parse(form: dict[str, str], **changes: Any) -> tuple[Receipt, ...]:
    callback = described("https://sms.example.net", SECRET, callback=changes)[0].callback
    assert callback is not None
    return GatewayCallbacks(callback).parse(url="/x", form=form, signature="", raw=b"raw", attempt=ATTEMPT)


def test_a_report_is_read_by_the_names_of_the_file() -> None:
    form = {"state": "DELIVERED", "message_id": "m-1", "reference": str(SMS.notification), "other": "x"}
    assert parse(form) == (
        Receipt(
            attempt=ATTEMPT,
            notification=SMS.notification,
            provider="gateway",
            status=ReceiptStatus.DELIVERED,
            code="DELIVERED",
            via="callback",
            signature="none",
            provider_id="m-1",
            raw=b"raw",
        ),
    )


@pytest.mark.parametrize(
    ("said", "status", "code", "hard"),
    [
        ("EXPIRED", ReceiptStatus.FAILED, "EXPIRED", False),
        ("UNKNOWN_SUBSCRIBER", ReceiptStatus.FAILED, "UNKNOWN_SUBSCRIBER", True),
        ("BUFFERED", ReceiptStatus.PROGRESS, "BUFFERED", False),
        ("Z" * 100, ReceiptStatus.PROGRESS, "Z" * 64, False),
        ("", ReceiptStatus.PROGRESS, "missing", False),
    ],
)
def test_a_status_means_what_the_file_says_and_else_progress(
    said: str, status: ReceiptStatus, code: str, hard: bool
) -> None:
    [receipt] = parse({"state": said})
    assert (receipt.status, receipt.code, receipt.hard) == (status, code, hard)
    assert (receipt.provider_id, receipt.notification) == (None, None)


def test_a_key_that_names_no_notification_makes_it_no_report() -> None:
    assert parse({"state": "DELIVERED", "reference": "n-1"}) == ()


def test_without_names_for_id_and_key_neither_is_read() -> None:
    [receipt] = parse({"state": "DELIVERED", "message_id": "m-1", "reference": "n-1"}, id=None, key=None)
    assert (receipt.provider_id, receipt.notification) == (None, None)


def test_the_key_of_another_notification_is_read_for_the_caller_to_refuse() -> None:
    [receipt] = parse({"state": "DELIVERED", "reference": UUID(int=1).hex})
    assert receipt.notification == UUID(int=1)


def test_a_call_that_reports_no_status_is_no_report() -> None:
    assert parse({"message_id": "m-1"}) == ()
