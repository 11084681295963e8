"""A closed-loop HTTP/1.1 client: each of its keep-alive connections sends the next request when it has its answer.

It parses with httptools and does nothing else, so that ours and the floor are limited by the server, not by it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Self, cast

import httptools

HOST = "127.0.0.1"
_ANSWER_SECONDS = 60.0


class WrongAnswerError(Exception):
    """The server answered something that the row does not count as work done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What each answer must be: its status, and how often `text` stands in its body."""

    status: int
    text: bytes
    count: int


@dataclass(slots=True, kw_only=True)
class Load:
    """What came of one stretch: requests answered, its length from first request to last answer."""

    answered: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list, repr=False)

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


def post(port: int, path: str, body: bytes, *, token: str, content_type: str) -> bytes:
    """A whole request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(port: int, path: str, *, token: str) -> bytes:
    """A whole request."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def drive(port: int, requests: Iterator[bytes], expected: Expected, *, connections: int, seconds: float) -> Load:
    """Send `requests` over `connections` for `seconds`. Raises WrongAnswerError at the first unexpected answer."""
    loop = asyncio.get_running_loop()
    load = Load()
    clients = [_Client(requests, expected, load) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(client.itself, HOST, port)
    started = perf_counter()
    try:
        for client in clients:
            client.start(until=started + seconds)
        await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), seconds + _ANSWER_SECONDS)
        load.seconds = perf_counter() - started
    finally:
        for client in clients:
            client.close()
    return load


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], expected: Expected, load: Load) -> None:
        self._requests = requests
        self._expected = expected
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._until = self._sent_at = 0.0
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def itself(self) -> Self:
        return self

    def start(self, *, until: float) -> None:
        self._until = until
        self._send()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        now = perf_counter()
        body = b"".join(self._body)
        self._body.clear()
        status = self._parser.get_status_code()
        if status != self._expected.status or body.count(self._expected.text) != self._expected.count:
            if not self.done.done():
                self.done.set_exception(WrongAnswerError(f"{status}: {body[:400]!r}"))
            return
        self._load.answered += 1
        self._load.milliseconds.append((now - self._sent_at) * 1000)
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent_at = perf_counter()
        self._transport.write(next(self._requests))
