"""A Twilio-compatible SMS gateway whose behaviour can be set request by request, and which lists what it has taken."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.doubles.connections import Connections, reset


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSms:
    """One request whose body arrived whole. `sid` is what an accepting answer names."""

    number: int
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes
    sid: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """201 with sid and status, after `delay` seconds."""

    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptThenHang:
    """Takes the message and never answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A TCP reset: before the body is read, or after it was taken."""

    after_body: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Takes the body and closes the connection in an orderly way, without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Any HTTP answer; `taken`: the message was taken all the same."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes that need not be HTTP; the connection is closed after them."""

    payload: bytes


Behaviour = Accept | AcceptThenHang | Reset | Close | Answer | Raw


def refusal(status: int, code: int, **headers: str) -> Answer:
    """Twilio's error answer."""
    body = json.dumps({"code": code, "message": "no", "more_info": "", "status": status}).encode()
    return Answer(status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


class SmsGateway:
    """Answers `POST` and `GET /2010-04-01/Accounts/{sid}/Messages.json`; an async context manager.

    `behave` decides for each POST, in order of arrival, from its 1-based number. `journal` holds each one whose body
    arrived, whether or not it was answered: what a person may have received. `held` are those that a GET lists, made
    when `clock` says and with the status in `statuses` or `queued`; `listing`, once set, answers every GET instead.
    """

    def __init__(self, behave: Callable[[int], Behaviour] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.behave: Callable[[int], Behaviour] = behave or (lambda _: Accept())
        self.journal: list[ReceivedSms] = []
        self.held: list[ReceivedSms] = []
        self.asked: list[str] = []
        self.listing: Behaviour | None = None
        self.statuses: dict[str, str] = {}
        self.page_max = 1000
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.requests = 0
        self.in_flight = 0
        self.in_flight_max = 0
        self._scheme = "https" if tls else "http"
        self._connections = Connections(self._serve, tls=tls)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    @property
    def base_url(self) -> str:
        """For `AWIZO_TWILIO_BASE_URL`."""
        return f"{self._scheme}://127.0.0.1:{self._connections.port}"

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._connections.opened

    def next(self, *behaviours: Behaviour) -> None:
        """Behaves like this for the coming requests, in this order, and accepts afterwards."""
        queue = deque(behaviours)
        self.behave = lambda _: queue.popleft() if queue else Accept()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self.connections
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if head.startswith("GET "):
                if not await self._answer_list(head.split(" ")[1], writer):
                    return None
                continue
            self.requests += 1
            number = self.requests
            behaviour = self.behave(number)
            if behaviour == Reset(after_body=False):
                return reset(writer)
            request = await _read_request(reader, head, number=number, connection=connection, at=self.clock())
            self.journal.append(request)
            behaviour = self._take(request, behaviour)
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight, self.in_flight_max)
            try:
                if not await self._answer(behaviour, request, writer):
                    return None
            finally:
                self.in_flight -= 1

    async def _answer(self, behaviour: Behaviour, request: ReceivedSms, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        match behaviour:
            case Accept(delay=delay):
                await asyncio.sleep(delay)
                writer.write(_http(self._accepted(request)))
            case _:
                return await _misbehave(behaviour, writer)
        await writer.drain()
        return True

    def _take(self, request: ReceivedSms, behaviour: Behaviour) -> Behaviour:
        """Hold the message unless it is to be refused; what is then done about its request."""
        if not isinstance(behaviour, Answer) or behaviour.taken:
            self.held.append(request)
        return behaviour

    def _accepted(self, request: ReceivedSms) -> Answer:
        taken = {"sid": request.sid, "status": "queued", "to": request.form.get("To")}
        return Answer(status=201, body=json.dumps(taken).encode())

    async def _answer_list(self, target: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays open."""
        self.asked.append(target)
        if self.listing is not None:
            return await _misbehave(self.listing, writer)
        writer.write(_http(Answer(status=200, body=json.dumps(self._page(target)).encode())))
        await writer.drain()
        return True

    def _page(self, target: str) -> dict[str, Any]:
        """What was taken for that To and From, the newest first, a page of it."""
        path, asked = (
            urlsplit(target).path,
            {name: texts[0] for name, texts in parse_qs(urlsplit(target).query).items()},
        )
        listed = [
            self._entry(sms) for sms in reversed(self.held) if all(asked[n] == sms.form[n] for n in ("To", "From"))
        ]
        size, page = min(int(asked["PageSize"]), self.page_max), int(asked.get("Page", "0"))
        later = {**asked, "Page": str(page + 1), "PageToken": f"PASM{page}"}
        more = f"{path}?{urlencode(later)}" if len(listed) > (page + 1) * size else None
        return {"messages": listed[page * size : (page + 1) * size], "next_page_uri": more, "page": page}

    def _entry(self, sms: ReceivedSms) -> dict[str, Any]:
        return {
            "sid": sms.sid,
            "to": sms.form["To"],
            "from": sms.form["From"],
            "body": sms.form["Body"],
            "status": self.statuses.get(sms.sid, "queued"),
            "date_created": format_datetime(sms.at),
            "date_sent": None,
        }


async def _misbehave(behaviour: Behaviour, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection stays open."""
    match behaviour:
        case Answer():
            writer.write(_http(behaviour))
        case AcceptThenHang():
            await asyncio.Event().wait()
        case Reset():
            reset(writer)
            return False
        case Raw(payload=payload):
            writer.write(payload)
    await writer.drain()
    if isinstance(behaviour, Raw | Close):
        writer.close()
        await writer.wait_closed()
        return False
    return True


async def _read_request(
    reader: asyncio.StreamReader, head: str, *, number: int, connection: int, at: datetime
) -> ReceivedSms:
    request_line, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = request_line.split(" ")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    form = {name: texts[0] for name, texts in parse_qs(body.decode(), keep_blank_values=True).items()}
    return ReceivedSms(
        number=number,
        connection=connection,
        method=method,
        path=path,
        headers=headers,
        form=form,
        body=body,
        sid=f"SM{number:032x}",
        at=at,
    )


def _http(answer: Answer) -> bytes:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Status", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body
