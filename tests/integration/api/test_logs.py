"""What a running service writes: one JSON object a line, and nothing of anybody's in it."""

import asyncio
import io
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
import structlog

from app import cli
from app.domain.access import Scope
from app.logs import configure_logs
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings
from tests import wire
from tests.builders import OPERATOR
from tests.doubles.sms_gateway import Answer, SmsGateway, refusal
from tests.doubles.smtp_server import SmtpServer
from tests.integration.api.process import ServeProcess, serve
from tests.integration.api.scene import until
from tests.integration.api.service import (
    BASE_URL,
    STRUCTURED,
    TWILIO_TOKEN,
    bearer,
    fresh_event,
    open_service,
    person,
    settings_for,
    with_providers,
)
from tests.integration.api.test_twilio_callback import FORM, report, signature

PHONE, EMAIL = "+48600700811", "canary.person@example.com"
NAME, SHIPMENT, OFFICE = "CANARY-recipient-4711", "CANARY-shipment-0815", "CANARY office"
FORGED = '\n{"event": "forged", "level": "info"}\n'
CANARIES = (
    *("CANARY", "canary", "600700811", "48600700811", "forged", TWILIO_TOKEN, "smtp-canary-password"),
    *("Targowa", "letterbox", "K-0421"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A served application whose whole output is kept."""

    client: httpx.AsyncClient
    process: ServeProcess
    gateway: SmsGateway
    mail: SmtpServer
    token: str

    def written(self) -> str:
        return self.process.output.read_text()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written().splitlines()]


@pytest.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    async with SmsGateway() as gateway, SmtpServer() as mail:
        changes = with_providers(gateway, mail) | {"log_level": "debug"}
        configured = settings_for(database_url, tmp_path, **changes)
        database = open_database(configured)
        token = await database.transact(
            lambda tx: create_key(
                tx,
                name="CANARY key",
                operators=(),
                scopes=[Scope.ADMIN],
                expires_at=None,
                surroundings=real_surroundings(),
            )
        )
        await database.close()
        running = serve(tmp_path, database_url=database_url, public_url=BASE_URL, **changes)
        process = await asyncio.to_thread(running.__enter__)
        async with httpx.AsyncClient(base_url=process.url, headers=bearer(token), timeout=30) as client:
            yield Watched(client=client, process=process, gateway=gateway, mail=mail, token=token)
        await asyncio.to_thread(running.__exit__, None, None, None)


def canary_person() -> dict[str, Any]:
    body = person()
    body["contact_points"][0]["value"], body["contact_points"][1]["value"] = PHONE, EMAIL
    return body


def canary_event(**changes: Any) -> dict[str, Any]:
    data = {"recipient": NAME, "shipment": SHIPMENT}
    event = fresh_event(data=data, **{"subject": f"shipment/{SHIPMENT}", **changes})
    event["data"]["facility"] = {**event["data"]["facility"], "name": OFFICE}
    return event


async def post(watched: Watched, event: dict[str, Any]) -> httpx.Response:
    return await watched.client.post("/v1/events", content=json.dumps(event), headers=STRUCTURED)


async def final(watched: Watched, ids: list[str], *statuses: str) -> None:
    async def reached() -> bool:
        views = [(await watched.client.get(f"/v1/notifications/{each}")).json() for each in ids]
        return all(view["status"] in statuses for view in views)

    await until(reached)


async def walk_through_everything(watched: Watched) -> list[str]:
    """Every flow and every kind of refusal, with somebody's data in all of them; the secrets met on the way."""
    client, place = watched.client, f"/v1/recipients/{OPERATOR}/{NAME}"
    assert (await client.put(place, json=canary_person())).status_code == 201
    told = (await post(watched, canary_event(id="CANARY-1"))).json()["notifications"]
    await final(watched, [item["id"] for item in told], "sent")
    headers, body = wire.binary(canary_event(id="CANARY-1"))
    await client.post(
        "/v1/events", headers=[*headers, (b"authorization", f"Bearer {watched.token}".encode())], content=body
    )
    await post(watched, canary_event(id="CANARY-1", subject="CANARY conflict"))
    callback = watched.gateway.journal[0].form["StatusCallback"].removeprefix(BASE_URL)
    for signed in (signature(callback, report("delivered", To=PHONE)), "forged"):
        form = report("delivered", To=PHONE)
        answer = await client.post(callback, content=urlencode(form), headers=FORM | {"X-Twilio-Signature": signed})
        assert answer.status_code == (403 if signed == "forged" else 204)
    letter = message_from_bytes(watched.mail.journal[0].mime)
    link = urlsplit(str(letter["List-Unsubscribe"]).strip("<> \r\n")).path
    for method in ("GET", "POST"):
        assert (await client.request(method, link)).status_code == 200
    watched.gateway.next(refusal(400, 21211), Answer(status=500, body=PHONE.encode()))
    for number in range(2, 4):
        await post(watched, _again(number))
    for query in (f"?recipient={NAME}", f"?cursor={NAME}", f"?operator={OPERATOR}&recipient={NAME}&status={NAME}"):
        await client.get(f"/v1/notifications{query}")
    for path in (f"/v1/nothing/{NAME}", f"/{PHONE}", f"/v1/recipients/{OPERATOR}/{NAME}/{EMAIL}", f"/u/{NAME}"):
        await client.get(path)
    await client.put(place, json={"contact_points": [{"channel": "sms", "value": NAME}], NAME: EMAIL})
    await client.put(place, content=f'{{"{NAME}"', headers={"Content-Type": "application/json"})
    await client.get(place, headers=bearer(watched.token[:-3] + "CAN"))
    await client.get(f"/v1/notifications/{told[0]['id']}/proof")
    await client.delete(place)
    return [link.rpartition("/")[2], callback.rpartition("=")[2], watched.token.split("_", 2)[2]]


def _again(number: int) -> dict[str, Any]:
    event = canary_event(id=f"CANARY-{number}")
    event["data"]["shipment"] = f"{SHIPMENT}-{number}"
    return event


async def test_nothing_of_anybody_and_no_secret_is_written_whatever_happens(watched: Watched) -> None:
    secrets = await walk_through_everything(watched)
    assert len(watched.lines()) > 20
    written = watched.written()
    assert [canary for canary in (*CANARIES, *secrets) if canary in written] == []


async def test_requests_are_logged_once_each_by_the_template_of_their_route(watched: Watched) -> None:
    before = len(watched.lines())
    await watched.client.put(f"/v1/recipients/{OPERATOR}/{NAME}", json=canary_person())
    await watched.client.get(f"/v1/nothing/{NAME}")
    await watched.client.get("/docs")

    def requests() -> list[dict[str, Any]]:
        return [line for line in watched.lines()[before:] if line["event"] == "request"]

    async def all_logged() -> bool:  # a line is written after the answer has left
        return len(requests()) == 3

    await until(all_logged)
    logged = requests()
    assert [(line["method"], line["route"], line["status"]) for line in logged] == [
        ("PUT", "/v1/recipients/{operator}/{recipient}", 201),
        ("GET", "unmatched", 404),
        ("GET", "/docs", 200),
    ]
    assert set(logged[0]) == {"event", "level", "timestamp", "method", "route", "status", "milliseconds"}


async def test_a_line_break_in_any_field_starts_no_line_of_its_own(watched: Watched) -> None:
    forged = FORGED.strip("\n")
    event = canary_event()
    for member in ("id", "source", "type", "subject", "time"):
        await post(watched, event | {member: FORGED})
    for member in event["data"]:
        await post(watched, event | {"data": event["data"] | {member: FORGED}})
    encoded = httpx.QueryParams({"x": FORGED})
    for path in (f"/v1/notifications?kind={encoded}", f"/%0A{encoded}", f"/u/{encoded}", f"/v1/events/{encoded}"):
        await watched.client.get(path)
    for name in ("User-Agent", "Accept", "Content-Type", "Host", "ce-id", "X-Twilio-Signature"):
        await watched.client.post("/v1/events", headers={name: forged}, content=b"{}")
    raw = await asyncio.to_thread(_send_raw, watched.process.url, b"GET / HTTP/1.1\r\n" + FORGED.encode() + b"\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 400")
    for line in watched.written().splitlines():
        assert "forged" not in json.loads(line)["event"]
    assert "forged" not in watched.written()


def _send_raw(url: str, data: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(data)
        return connection.recv(4096)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that this process logs, through the configuration of the service."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr("sys.stderr", written)
        configure_logs("debug")
        yield written
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_what_a_library_logs_is_redacted_like_our_own(logged: io.StringIO) -> None:
    logging.getLogger("library").warning("could not reach %s for %s at %s", PHONE, EMAIL, "//user:CANARYPW@host")
    (line,) = logged.getvalue().splitlines()
    assert json.loads(line)["event"].startswith("could not reach [redacted] for [redacted] at")
    assert "CANARY" not in line


def test_of_an_exception_only_types_and_places_are_logged(logged: io.StringIO) -> None:
    try:
        try:
            int(NAME)
        except ValueError as cause:
            raise LookupError(EMAIL) from cause
    except LookupError:
        logging.getLogger("library").exception("task failed")
        structlog.get_logger().error("turn_failed", exc_info=True)
    for line in logged.getvalue().splitlines():
        entry = json.loads(line)
        assert (entry["error"], entry["causes"]) == ("LookupError", ["ValueError"])
        assert entry["frames"][0].startswith("test_logs.py:")
        assert "canary" not in line.lower()
    assert len(logged.getvalue().splitlines()) == 2


def test_members_that_could_be_personal_are_never_written_whatever_they_hold(logged: io.StringIO) -> None:
    structlog.get_logger().info(
        "said",
        recipient="Jan",
        shipment="1",
        url="x",
        token="t",
        nested={"email": "e", "n": [{"phone": 5}]},
        code="30003",
    )
    entry = json.loads(logged.getvalue())
    assert {name: entry[name] for name in ("recipient", "shipment", "url", "token")} == dict.fromkeys(
        ("recipient", "shipment", "url", "token"), "[redacted]"
    )
    assert entry["nested"] == {"email": "[redacted]", "n": [{"phone": "[redacted]"}]}
    assert entry["code"] == "30003"


async def test_a_crash_while_answering_tells_the_caller_and_the_log_nothing_of_what_was_at_hand(
    logged: io.StringIO, database_url: str, tmp_path: Path
) -> None:
    async with open_service(database_url, tmp_path) as service:

        async def crash(_token: str) -> None:
            raise RuntimeError(f"{NAME} {EMAIL} {TWILIO_TOKEN}")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(service.services.keyring), "caller", lambda _self, token: crash(token))
            answer = await service.get(f"/v1/recipients/{OPERATOR}/{NAME}")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    (told,) = [line for line in lines if line["event"] == "unexpected_exception"]
    assert (told["error"], told["route"]) == ("RuntimeError", "/v1/recipients/{operator}/{recipient}")
    for canary in (NAME, EMAIL, TWILIO_TOKEN):
        assert canary not in answer.text + logged.getvalue()


def test_a_crash_of_a_command_prints_places_and_no_values(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def crash() -> None:
        raise RuntimeError(f"postgresql://awizo:{TWILIO_TOKEN}@host/{NAME}")

    monkeypatch.setattr(cli, "app", crash)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capfd.readouterr()
    assert ended.value.code == 70
    assert out == ""
    assert json.loads(err)["error"] == "RuntimeError"
    assert "test_logs.py:" in err
    assert not any(canary in err for canary in (TWILIO_TOKEN, NAME))


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    password = "smtp-canary-password"
    configured = settings_for(
        f"postgresql+asyncpg://u:{password}@127.0.0.1:1/db",
        tmp_path,
        email_providers="smtp",
        smtp_url=f"smtp://u:{password}@127.0.0.1:1",
        email_from="notices@awizo.test",
        sms_providers="twilio",
        twilio_account_sid="AC0",
        twilio_auth_token=TWILIO_TOKEN,
        twilio_from="+48500500500",
    )
    shown = repr(configured) + str(configured) + configured.model_dump_json()
    assert password not in shown
    assert TWILIO_TOKEN not in shown
