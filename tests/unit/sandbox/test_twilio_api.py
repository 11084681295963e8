"""The sandbox answers as Twilio does, and reports on what it has taken."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from twilio.request_validator import RequestValidator

from app.sandbox.inbox import Report
from app.sandbox.magic import MAGIC_NUMBERS
from app.sandbox.server import Sandbox
from tests.unit.sandbox.receiver import CallbackReceiver

FORM = {"To": "+48600100200", "From": "Awizo", "Body": "Zażółć", "ValidityPeriod": "900"}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(sent_after=0.0, final_after=0.0) as sandbox:
        yield sandbox


async def post(sandbox: Sandbox, form: dict[str, str] | bytes, **headers: str) -> httpx.Response:
    credentials = base64.b64encode(f"{sandbox.account_sid}:{sandbox.auth_token}".encode()).decode()
    sent = {"Authorization": f"Basic {credentials}", **headers}
    path = f"/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json"
    async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
        if isinstance(form, bytes):
            return await client.post(path, content=form, headers=sent)
        return await client.post(path, data=form, headers=sent)


async def reported(sandbox: Sandbox) -> None:
    async with asyncio.timeout(60):
        while sandbox.reports_pending:
            await sandbox.inbox.next_change(sandbox.inbox.version)
            await asyncio.sleep(0)


async def test_a_message_is_taken_and_kept_with_its_parts_and_encoding(sandbox: Sandbox) -> None:
    answer = await post(sandbox, FORM)
    assert answer.status_code == 201
    resource = answer.json()
    assert (resource["status"], resource["to"], resource["body"]) == ("queued", FORM["To"], FORM["Body"])
    assert (resource["account_sid"], resource["num_segments"]) == (sandbox.account_sid, "1")
    [sms] = sandbox.sms
    assert (sms.sid, sms.body, sms.encoding, sms.parts, sms.units) == (resource["sid"], FORM["Body"], "ucs2", 1, 6)


async def test_status_callbacks_are_signed_and_say_sent_then_delivered(sandbox: Sandbox) -> None:
    async with CallbackReceiver() as receiver:
        url = f"{receiver.url}/v1/callbacks/twilio/status?a=1&m=2"
        answer = await post(sandbox, {**FORM, "StatusCallback": url})
        await reported(sandbox)
    assert [form["MessageStatus"] for _, form, _ in receiver.calls] == ["sent", "delivered"]
    validator = RequestValidator(sandbox.auth_token)
    for path, form, signature in receiver.calls:
        assert path == "/v1/callbacks/twilio/status?a=1&m=2"
        assert form["MessageSid"] == answer.json()["sid"]
        assert validator.validate(url, form, signature)
    assert sandbox.sms[0].reports == (Report(status="sent", answered=204), Report(status="delivered", answered=204))
    assert sandbox.sms[0].status == "delivered"


async def test_a_callback_nobody_answers_is_noted(sandbox: Sandbox) -> None:
    await post(sandbox, {**FORM, "StatusCallback": "http://127.0.0.1:1/x"})
    await reported(sandbox)
    assert [report.answered for report in sandbox.sms[0].reports] == [None, None]


@pytest.mark.parametrize("magic", [m for m in MAGIC_NUMBERS if m.http_status == 201 and m.code], ids=lambda m: m.ending)
async def test_a_magic_number_that_fails_later_says_why(sandbox: Sandbox, magic: object) -> None:
    chosen = next(m for m in MAGIC_NUMBERS if m == magic)
    async with CallbackReceiver() as receiver:
        form = {**FORM, "To": f"+4860{chosen.ending}", "StatusCallback": f"{receiver.url}/x"}
        assert (await post(sandbox, form)).status_code == 201
        await reported(sandbox)
    _, last, _ = receiver.calls[-1]
    assert (last["MessageStatus"], last["ErrorCode"]) == (chosen.final, str(chosen.code))
    assert (sandbox.sms[0].status, sandbox.sms[0].error_code) == (chosen.final, chosen.code)


@pytest.mark.parametrize(
    "magic", [m for m in MAGIC_NUMBERS if m.http_status != 201 and not m.kept], ids=lambda m: m.ending
)
async def test_a_magic_number_that_is_refused_is_not_kept(sandbox: Sandbox, magic: object) -> None:
    chosen = next(m for m in MAGIC_NUMBERS if m == magic)
    answer = await post(sandbox, {**FORM, "To": f"+4860{chosen.ending}"})
    assert (answer.status_code, answer.json()["code"]) == (chosen.http_status, chosen.code)
    assert answer.headers.get("retry-after") == (
        str(chosen.retry_after_seconds) if chosen.retry_after_seconds else None
    )
    assert sandbox.sms == ()


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Basic QUM6eA==", "Bearer x", "Basic " + base64.b64encode(b"AC:\xff").decode()]
)
async def test_a_wrong_password_is_401_as_at_twilio(sandbox: Sandbox, header: str) -> None:
    answer = await post(sandbox, FORM, Authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert sandbox.sms == ()


async def test_another_account_is_404(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
        auth = (sandbox.account_sid, sandbox.auth_token)
        answer = await client.post("/2010-04-01/Accounts/AC1/Messages.json", data=FORM, auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "600100200"}, 21211),
        ({"To": "+48600100200\n"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "123456"}, 21212),
        ({"From": "A name too long"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "ftp://x/y"}, 21609),
        ({"StatusCallback": "http://[x"}, 21609),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "1.5"}, 21624),
        ({"ValidityPeriod": "9" * 5000}, 21624),
    ],
)
async def test_what_is_wrong_with_a_form_has_twilios_code(sandbox: Sandbox, changes: dict[str, str], code: int) -> None:
    answer = await post(sandbox, {**FORM, **changes})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert sandbox.sms == ()


@pytest.mark.parametrize("body", [b"\xff=1", b"To=%ff", b"To", b"To=1&To=2", b"x=" + b"y" * 70_000, b'{"To": "1"}'])
async def test_a_body_that_is_no_form_is_refused(sandbox: Sandbox, body: bytes) -> None:
    answer = await post(sandbox, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


async def listed(sandbox: Sandbox, **asked: str) -> httpx.Response:
    auth = (sandbox.account_sid, sandbox.auth_token)
    path = f"/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json"
    async with httpx.AsyncClient(base_url=sandbox.base_url, auth=auth) as client:
        return await client.get(path, params=asked)


async def test_what_was_taken_is_listed_by_recipient_and_sender_the_newest_first(sandbox: Sandbox) -> None:
    for form in (FORM, {**FORM, "Body": "2"}, {**FORM, "To": "+48600100201"}, {**FORM, "From": "Other"}):
        await post(sandbox, form)
    await reported(sandbox)
    page = (await listed(sandbox, To=FORM["To"], From=FORM["From"])).json()
    assert [(one["body"], one["status"]) for one in page["messages"]] == [("2", "delivered"), ("Zażółć", "delivered")]
    assert page["next_page_uri"] is None


async def test_a_list_comes_in_pages(sandbox: Sandbox) -> None:
    for number in range(3):
        await post(sandbox, {**FORM, "Body": str(number)})
    first = (await listed(sandbox, PageSize="2")).json()
    second = (await listed(sandbox, PageSize="2", Page="1")).json()
    assert [len(page["messages"]) for page in (first, second)] == [2, 1]
    assert (first["next_page_uri"].rpartition("?")[2], second["next_page_uri"]) == ("PageSize=2&Page=1", None)


async def test_nobody_else_sees_the_list(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
        answer = await client.get(f"/2010-04-01/Accounts/{sandbox.account_sid}/Messages.json")
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


async def test_leaving_while_reports_are_due_leaves_nothing_behind() -> None:
    async with Sandbox(sent_after=60.0) as sandbox:
        await post(sandbox, FORM)
        assert sandbox.reports_pending == 1
    assert sandbox.reports_pending == 0
