"""The inbox page shows everything, runs nothing that it was sent, and tells at once of what is new."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.sandbox.inbox import Inbox, SandboxEmail, SandboxSms
from app.sandbox.pages import format_phone, linked, opening_outside, phones_of, room
from app.sandbox.server import SANDBOX_AUTH_TOKEN, Sandbox, run_sandbox
from tests.doubles.connections import unused_port

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> {{7*7}} https://x.example/\"onmouseover='y"


def sms(sid: str = "SM1", **changes: object) -> SandboxSms:
    values: dict[str, object] = {
        "sid": sid,
        "to": "+48600100200",
        "sender": "Awizo",
        "body": "Czeka",
        "encoding": "gsm7",
        "units": 5,
        "parts": 1,
        "validity_seconds": 900,
        "status_callback": None,
        "received_at": NOW,
    }
    return SandboxSms(**(values | changes))  # type: ignore[arg-type] # one place for the defaults of a test


def email(email_id: str = "e1", **changes: object) -> SandboxEmail:
    values: dict[str, object] = {
        "id": email_id,
        "envelope_from": "b@awizo.example",
        "envelope_to": ("jan@example.com",),
        "raw": b"Subject: x\r\n\r\nraw bytes",
        "sender": "Awizo",
        "to": "jan@example.com",
        "subject": "Czeka",
        "text": "text version",
        "html": "<p>html version</p>",
        "links": (),
        "received_at": NOW,
    }
    return SandboxEmail(**(values | changes))  # type: ignore[arg-type] # one place for the defaults of a test


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
        yield client


async def test_an_empty_inbox_says_how_to_fill_it(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "No text message yet." in page
    assert "No e-mail yet." in page
    for name, setting in sandbox.connection.items():
        assert f"{name}={setting}" in page


async def test_a_text_message_shows_number_body_parts_and_encoding(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    sandbox.inbox.add_sms(sms(body="Посилка чекає", encoding="ucs2", units=116, parts=2))
    page = (await client.get("/")).text
    for expected in ("+48 600 100 200", "Посилка чекає", "2 parts · UCS-2 · 116 of 134 characters", "queued"):
        assert expected in page


async def test_a_letter_stands_in_a_frame_that_may_only_open_its_links(
    sandbox: Sandbox, client: httpx.AsyncClient
) -> None:
    sandbox.inbox.add_email(email(links=("https://awizo.example/n/1",)))
    page = (await client.get("/")).text
    assert re.search(r'<iframe src="/emails/e1/html" sandbox="allow-popups allow-popups-to-escape-sandbox" ', page)
    assert "text version" in page
    assert "html version" not in page
    assert 'href="https://awizo.example/n/1"' in page
    frame = await client.get("/emails/e1/html")
    assert frame.text == '<base target="_blank"><p>html version</p>'
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert "script" not in policy
    assert policy.endswith("; sandbox allow-popups allow-popups-to-escape-sandbox")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "<p>x</p>"),
        ("<!DOCTYPE html>\n", "<p>x</p>"),
        ('<!doctype html>\n<html lang="pl">\n<head>', "<title>x</title></head>"),
        ("<HTML><HEAD id=x>", "</HEAD>"),
        ("<html>", "<header>x</header><head>"),
    ],
)
def test_the_links_of_a_letter_open_outside_and_its_type_stays_first(before: str, after: str) -> None:
    assert opening_outside(before + after) == f'{before}<base target="_blank">{after}'


async def test_the_raw_view_is_the_very_bytes_as_plain_text(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    sandbox.inbox.add_email(email(raw=b"<b>\xff\r\n"))
    raw = await client.get("/emails/e1/raw")
    assert raw.content == b"<b>\xff\r\n"
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert raw.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("view", ["html", "raw"])
async def test_a_letter_no_longer_kept_is_404(client: httpx.AsyncClient, view: str) -> None:
    assert (await client.get(f"/emails/gone/{view}")).status_code == 404


async def test_what_was_sent_stays_text(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    sandbox.inbox.add_sms(sms(body=HOSTILE, sender=HOSTILE, to=HOSTILE))
    sandbox.inbox.add_email(email(subject=HOSTILE, text=HOSTILE, html=HOSTILE, sender=HOSTILE, envelope_to=(HOSTILE,)))
    page = (await client.get("/")).text
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    assert 'x.example/"onmouseover' not in page
    assert page.count("<script ") == 1


async def test_the_page_allows_only_its_own_files(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert " style=" not in page.text
    assert re.search(r"\son[a-z]+=", page.text) is None
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert (await client.get(path)).status_code == 200


async def test_another_name_for_this_machine_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/inbox.json", headers={"Host": "rebound.example"})
    assert answer.status_code == 400


async def test_the_inbox_as_json_is_whole_and_in_order(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    sandbox.inbox.add_sms(sms("SM1"))
    sandbox.inbox.add_sms(sms("SM2"))
    sandbox.inbox.add_email(email())
    inbox = (await client.get("/inbox.json")).json()
    assert [one["sid"] for one in inbox["sms"]] == ["SM1", "SM2"]
    assert (inbox["sms"][0]["parts"], inbox["sms"][0]["encoding"]) == (1, "gsm7")
    assert inbox["emails"][0]["raw"] == "Subject: x\r\n\r\nraw bytes"


async def test_an_event_tells_of_each_change(sandbox: Sandbox, client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60), client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        seen = []
        async for line in lines:
            if line.startswith("data: "):
                seen.append(line)
                if len(seen) == 2:
                    break
                sandbox.inbox.add_sms(sms())
    assert seen == ["data: 0", "data: 1"]


async def test_the_sandbox_closes_while_a_page_is_listening() -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        async with Sandbox() as sandbox:
            request = client.build_request("GET", f"{sandbox.base_url}/events")
            stream = await client.send(request, stream=True)
        rest = await stream.aread()
    assert rest.startswith(b": still here\n\n")


def test_the_newest_stay_when_there_are_too_many() -> None:
    inbox = Inbox(capacity=2)
    for number in range(4):
        inbox.add_sms(sms(f"SM{number}"))
        inbox.add_email(email(f"e{number}"))
    assert [one.sid for one in inbox.sms] == ["SM2", "SM3"]
    assert [one.id for one in inbox.emails] == ["e2", "e3"]


def test_the_phone_that_rang_last_comes_first_with_its_newest_message_on_top() -> None:
    phones = phones_of((sms("SM1", to="+1"), sms("SM2", to="+2"), sms("SM3", to="+1")))
    assert [(phone.number, [one.sid for one in phone.messages]) for phone in phones] == [
        ("+1", ["SM3", "SM1"]),
        ("+2", ["SM2"]),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 160),
        ({"parts": 2}, 306),
        ({"encoding": "ucs2"}, 70),
        ({"encoding": "ucs2", "parts": 3}, 201),
    ],
)
def test_the_room_is_that_of_the_parts(changes: dict[str, Any], expected: int) -> None:
    assert room(sms(**changes)) == expected


@pytest.mark.parametrize(("number", "shown"), [("+48600100200", "+48 600 100 200"), ("x", "x"), ("", "")])
def test_a_number_is_grouped_as_people_read_it(number: str, shown: str) -> None:
    assert format_phone(number) == shown


def test_a_web_address_in_a_text_is_a_link_without_the_full_stop() -> None:
    expected = '<a href="https://a.example/x" target="_blank" rel="noopener noreferrer">https://a.example/x</a>'
    assert linked("See https://a.example/x. <b>") == f"See {expected}. &lt;b&gt;"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com", ""])
def test_only_loopback_can_be_listened_on(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host=host)


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open(sandbox: Sandbox) -> None:
    taken = int(sandbox.smtp_url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        await Sandbox(smtp_port=taken).__aenter__()


async def test_the_command_says_where_it_is_and_stops_when_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    port = unused_port()
    running = asyncio.create_task(run_sandbox("127.0.0.1", port, 0))
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while True:
            try:
                page = await client.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    said = capsys.readouterr().out
    assert page.status_code == 200
    assert f"Inbox: http://127.0.0.1:{port}/" in said
    assert f"AWIZO_TWILIO_AUTH_TOKEN={SANDBOX_AUTH_TOKEN}" in said


def test_no_secret_is_in_a_repr() -> None:
    assert "canary" not in repr(Sandbox(auth_token="canary"))
