"""The sandbox answers as SMSAPI does, takes a key once, and reports on what it has taken."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.sandbox.inbox import Report
from app.sandbox.magic import MAGIC_NUMBERS, MagicNumber
from app.sandbox.server import Sandbox
from tests.unit.sandbox.receiver import CallbackReceiver

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())
FORM = {
    "format": "json",
    "to": "48600100200",
    "from": "Awizo",
    "message": "Zażółć",
    "encoding": "utf-8",
    "idx": "0123456789abcdef",
    "check_idx": "1",
}
LATER = [m for m in MAGIC_NUMBERS if m.http_status == 201 and m.code]
REFUSED = [m for m in MAGIC_NUMBERS if m.http_status != 201 and not m.kept]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(sent_after=0.0, final_after=0.0, clock=lambda: NOW) as sandbox:
        yield sandbox


async def post(sandbox: Sandbox, form: dict[str, str] | bytes, token: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or sandbox.auth_token}"}
    async with httpx.AsyncClient(base_url=sandbox.base_url, headers=headers) as client:
        if isinstance(form, bytes):
            return await client.post("/sms.do", content=form)
        return await client.post("/sms.do", data=form)


async def reported(sandbox: Sandbox) -> None:
    async with asyncio.timeout(5):
        while sandbox.reports_pending:
            await sandbox.inbox.next_change(sandbox.inbox.version)
            await asyncio.sleep(0)


async def test_a_message_is_taken_into_the_same_inbox(sandbox: Sandbox) -> None:
    answer = (await post(sandbox, FORM)).json()
    [entry] = answer["list"]
    assert (answer["count"], entry["status"], entry["error"], entry["idx"]) == (1, "QUEUE", None, FORM["idx"])
    [sms] = sandbox.sms
    assert (sms.sid, sms.to, sms.body, sms.provider, sms.parts) == (
        entry["id"],
        "+48600100200",
        "Zażółć",
        "smsapi",
        1,
    )


async def test_a_key_is_taken_once(sandbox: Sandbox) -> None:
    await post(sandbox, FORM)
    assert (await post(sandbox, FORM)).json()["error"] == 53
    assert len(sandbox.sms) == 1


async def test_messages_without_keys_or_without_the_check_are_taken_as_often_as_sent(sandbox: Sandbox) -> None:
    for form in ({**FORM, "idx": ""}, {**FORM, "check_idx": "0"}):
        await post(sandbox, form)
        await post(sandbox, form)
    assert len(sandbox.sms) == 4


async def test_status_callbacks_are_gets_that_keep_the_address_and_say_sent_then_delivered(sandbox: Sandbox) -> None:
    async with CallbackReceiver(status=200) as receiver:
        url = f"{receiver.url}/v1/callbacks/smsapi/status?a=1&m=2"
        answer = await post(sandbox, {**FORM, "notify_url": url})
        await reported(sandbox)
    reports = [parse_qs(urlsplit(path).query) for path, _, _ in receiver.calls]
    assert [report["status"] + report["status_name"] for report in reports] == [["403", "SENT"], ["404", "DELIVERED"]]
    for report in reports:
        assert (report["a"], report["m"]) == (["1"], ["2"])
        assert report["MsgId"] == [answer.json()["list"][0]["id"]]
        assert report["idx"] == [FORM["idx"]]
        assert report["donedate"] == [str(NOW_SECONDS)]
    assert sandbox.sms[0].reports == (Report(status="sent", answered=200), Report(status="delivered", answered=200))


@pytest.mark.parametrize("magic", LATER, ids=lambda magic: magic.ending)
async def test_a_magic_number_that_fails_later_does_so_here_too(sandbox: Sandbox, magic: MagicNumber) -> None:
    async with CallbackReceiver(status=200) as receiver:
        await post(sandbox, {**FORM, "to": f"4860{magic.ending}", "notify_url": f"{receiver.url}/x"})
        await reported(sandbox)
    last = parse_qs(urlsplit(receiver.calls[-1][0]).query)
    assert last["status_name"] == [str(magic.final).upper()]
    assert sandbox.sms[0].status == magic.final


@pytest.mark.parametrize("magic", REFUSED, ids=lambda magic: magic.ending)
async def test_a_magic_number_that_is_refused_is_refused_here_too(sandbox: Sandbox, magic: MagicNumber) -> None:
    answer = await post(sandbox, {**FORM, "to": f"4860{magic.ending}"})
    status = 200 if magic.http_status == 400 else magic.http_status
    assert (answer.status_code, answer.json()["error"]) == (status, magic.smsapi_code)
    wait = str(magic.retry_after_seconds) if magic.retry_after_seconds else None
    assert answer.headers.get("retry-after") == wait
    assert sandbox.sms == ()


async def test_a_wrong_token_is_error_101(sandbox: Sandbox) -> None:
    answer = await post(sandbox, FORM, token="another")
    assert (answer.status_code, answer.json()["error"]) == (401, 101)
    assert sandbox.sms == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 13),
        ({"to": "nobody"}, 13),
        ({"to": "48600100200\n"}, 13),
        ({"message": ""}, 11),
        ({"from": ""}, 14),
        ({"from": "A name too long"}, 14),
        ({"idx": "x" * 256}, 27),
        ({"notify_url": "ftp://x/y"}, 70),
        ({"notify_url": "http://[x"}, 70),
        ({"expiration_date": "tomorrow"}, 54),
        ({"expiration_date": "9" * 12}, 54),
        ({"expiration_date": str(NOW_SECONDS + 900)}, 56),
        ({"expiration_date": str(NOW_SECONDS + 50_000)}, 56),
    ],
)
async def test_what_is_wrong_with_a_form_has_smsapis_code(sandbox: Sandbox, changes: dict[str, str], code: int) -> None:
    assert (await post(sandbox, FORM | changes)).json()["error"] == code
    assert sandbox.sms == ()


async def test_how_long_a_message_lives_is_read_from_its_end(sandbox: Sandbox) -> None:
    await post(sandbox, {**FORM, "expiration_date": str(NOW_SECONDS + 7200)})
    assert sandbox.sms[0].validity_seconds == 7200


@pytest.mark.parametrize("body", [b"\xff=1", b"to", b"to=1&to=2", b"x=" + b"y" * 70_000])
async def test_a_body_that_is_no_form_is_refused(sandbox: Sandbox, body: bytes) -> None:
    assert (await post(sandbox, body)).json()["error"] == 8


async def test_the_page_says_which_messages_came_through_smsapi(sandbox: Sandbox) -> None:
    await post(sandbox, FORM)
    async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
        page, inbox = await client.get("/"), await client.get("/inbox.json")
    assert "Awizo through SMSAPI" in page.text
    assert [sms["provider"] for sms in inbox.json()["sms"]] == ["smsapi"]
