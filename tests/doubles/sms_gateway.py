"""A Twilio-compatible SMS gateway whose behaviour can be set request by request."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs

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
    """Any HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


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
    """Answers `POST /2010-04-01/Accounts/{sid}/Messages.json`; an async context manager.

    `behave` decides for each request, in order of arrival, from its 1-based number. `journal` holds each request
    whose body arrived, whether or not it was answered: what a person may have received.
    """

    def __init__(self, behave: Callable[[int], Behaviour] | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.behave: Callable[[int], Behaviour] = behave or (lambda _: Accept())
        self.journal: list[ReceivedSms] = []
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
            self.requests += 1
            number = self.requests
            behaviour = self.behave(number)
            if behaviour == Reset(after_body=False):
                return reset(writer)
            request = await _read_request(reader, head, number=number, connection=connection)
            self.journal.append(request)
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
                taken = {"sid": request.sid, "status": "queued", "to": request.form.get("To")}
                writer.write(_http(Answer(status=201, body=json.dumps(taken).encode())))
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


async def _read_request(reader: asyncio.StreamReader, head: str, *, number: int, connection: int) -> ReceivedSms:
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
    )


def _http(answer: Answer) -> bytes:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Status", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body
