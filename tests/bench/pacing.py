"""Requests at a steady rate, whatever the server does, each with how long its answer took.

The time counts from when a request was due, not from when a connection was free for it: a server that stands still for
a second is so seen by all who came in that second.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from tests.bench.load import HOST, Expected, WrongAnswerError, get, post
from tests.bench.traffic import SINGLE_TYPE

_CONNECTIONS = 16
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """Where events are posted, and how many a second."""

    port: int
    token: str = field(repr=False)
    per_second: float


async def paced(
    pacing: Pacing, bodies: Iterator[bytes], expected: Expected, *, until: asyncio.Event | float
) -> list[float]:
    """Post single events until then, or for so many seconds; milliseconds of each, in the order of their answers."""
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await connect(pacing.port))
    posting: set[asyncio.Task[None]] = set()

    async def one(body: bytes, due: float) -> None:
        connection = await free.get()
        request = post(pacing.port, "/v1/events", body, token=pacing.token, content_type=SINGLE_TYPE)
        status, answer = await connection.answer(request)
        taken.append((perf_counter() - due) * 1000)
        free.put_nowait(connection)
        if status != expected.status or answer.count(expected.text) != expected.count:
            raise WrongAnswerError(f"{status}: {answer[:400]!r}")

    began = perf_counter()
    try:
        for number, body in enumerate(bodies):
            due = began + number / pacing.per_second
            if until.is_set() if isinstance(until, asyncio.Event) else due - began >= until:
                break
            await asyncio.sleep(max(0.0, due - perf_counter()))
            posting.add(loop.create_task(one(body, due)))
            for done in [each for each in posting if each.done()]:
                posting.discard(done)
                done.result()
        await asyncio.wait_for(asyncio.gather(*posting), _ANSWER_SECONDS)
    finally:
        for left in posting:
            left.cancel()
        await asyncio.gather(*posting, return_exceptions=True)
        while not free.empty():
            free.get_nowait().close()
    return taken


async def ask(pacing: Pacing, path: str, body: bytes | None = None) -> bytes:
    """The body of the answer to one request, a POST of an event where there is a body. Raises WrongAnswerError."""
    connection = await connect(pacing.port)
    try:
        if body is None:
            request = get(pacing.port, path, token=pacing.token)
        else:
            request = post(pacing.port, path, body, token=pacing.token, content_type=SINGLE_TYPE)
        status, answer = await connection.answer(request)
    finally:
        connection.close()
    if status >= 300:
        raise WrongAnswerError(f"{status}: {answer[:400]!r}")
    return answer


async def connect(port: int) -> "Connection":
    """A keep-alive connection to the service there."""
    return Connection(*await asyncio.open_connection(HOST, port))


@dataclass(frozen=True, slots=True)
class Connection:
    """Keeps alive; its server tells how long every answer is."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    async def answer(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.close()
