"""The client's promises, against a real witness and against everything that a server can do instead of answering."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.http_witness import HttpWitness
from app.merkle.cosignature import cosignatures_in
from app.merkle.note import parse_note
from app.ports import Behind, Cosigned, Unanswered, Witness
from tests.doubles.connections import Connections, reset
from tests.doubles.tls import LoopbackTls
from tests.integration.watched import WITNESS, WatchedLog, WatchingWitness, watching

LOG = WatchedLog()
LINE = "— witness.example/w1 AAAAAAAAAAAA\n".encode()
HASH = sha256(LOG.origin.encode()).hexdigest()


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[WatchingWitness]:
    async with watching(tmp_path, [LOG]) as running:
        yield running


@pytest.fixture
async def witness(real: WatchingWitness) -> AsyncIterator[Witness]:
    client = HttpWitness(name=WITNESS, url=real.url)
    yield client
    await client.close()


class Double:
    """Reads one request after the other and answers each with `raw`, or as `act` likes; `heard` are the requests."""

    def __init__(self, raw: bytes = b"", act: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None) -> None:
        self.heard: list[bytes] = []
        self._raw = raw
        self._act = act

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
        self.heard.append(head + await reader.readexactly(int(length.partition(b":")[2])))
        if self._act is not None:
            await self._act(writer)
        writer.write(self._raw)
        await writer.drain()
        writer.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def asked(double: Double, *, seconds: float = 10) -> tuple[object, bytes | None]:
    """What the client makes of a double's answer to both questions."""
    async with Connections(double) as server:
        client = HttpWitness(name="w", url=f"http://127.0.0.1:{server.port}/prefix/", seconds=seconds)
        try:
            return await client.add_checkpoint(LOG.body(0, 5)), await client.latest(LOG.origin)
        finally:
            await client.close()


# a real witness


async def test_a_cosignature_comes_back_as_it_was_sent(witness: Witness, real: WatchingWitness) -> None:
    answer = await witness.add_checkpoint(LOG.body(0, 5))
    assert isinstance(answer, Cosigned)
    assert len(cosignatures_in(answer.lines, text=LOG.text(5), keys=[real.key])) == 1


async def test_a_witness_that_knows_another_size_says_which(witness: Witness) -> None:
    assert await witness.add_checkpoint(LOG.body(3, 5)) == Behind(size=0)
    await witness.add_checkpoint(LOG.body(0, 5))
    assert await witness.add_checkpoint(LOG.body(3, 9)) == Behind(size=5)


async def test_what_was_cosigned_last_can_be_asked(witness: Witness) -> None:
    assert await witness.latest(LOG.origin) is None
    await witness.add_checkpoint(LOG.body(0, 5))
    assert parse_note(await witness.latest(LOG.origin) or b"").text == LOG.text(5)
    assert await witness.latest("other.example/log") is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"garbage", 400),
        (LOG.body(0, 5).replace(b"old 0", b"old 6"), 400),
        (WatchedLog(seed="stranger").body(0, 5), 403),
        (WatchedLog("other.example/log").body(0, 5), 404),
        (LOG.body(0, 5) + b"x" * 2**17, 413),
    ],
)
async def test_a_refusal_is_no_answer_and_tells_the_status(witness: Witness, body: bytes, status: int) -> None:
    assert await witness.add_checkpoint(body) == Unanswered(reason=f"it answered {status}")


async def test_a_fork_is_refused(witness: Witness) -> None:
    await witness.add_checkpoint(LOG.body(0, 5))
    assert await witness.add_checkpoint(LOG.forked(at=3).body(5, 9)) == Unanswered(reason="it answered 422")


async def test_a_witness_that_is_gone_is_no_answer(real: WatchingWitness, tmp_path: Path) -> None:
    async with watching(tmp_path / "other", [LOG]) as short_lived:
        client = HttpWitness(name="w", url=short_lived.url)
        assert isinstance(await client.add_checkpoint(LOG.body(0, 5)), Cosigned)
    assert isinstance(await client.add_checkpoint(LOG.body(5, 5)), Unanswered)
    assert await client.latest(LOG.origin) is None
    await client.close()


async def test_many_questions_at_once_are_all_answered(witness: Witness) -> None:
    await witness.add_checkpoint(LOG.body(0, 5))
    answers = await asyncio.gather(*(witness.add_checkpoint(LOG.body(5, 5)) for _ in range(30)))
    assert all(isinstance(answer, Cosigned) for answer in answers)


# what is sent


async def test_the_requests_are_those_of_the_specification() -> None:
    double = Double(http("404 Not Found"))
    await asked(double)
    submitted, monitored = double.heard
    assert submitted.startswith(b"POST /prefix/add-checkpoint HTTP/1.1\r\n")
    assert submitted.endswith(b"\r\n\r\n" + LOG.body(0, 5))
    assert monitored.startswith(f"GET /prefix/{HASH}/checkpoint HTTP/1.1\r\n".encode())


async def test_a_monitoring_prefix_of_its_own_is_asked_for_the_latest() -> None:
    double = Double(http("200 OK", LOG.note(5)))
    async with Connections(double) as server:
        client = HttpWitness(name="w", url="http://127.0.0.1:9", monitoring_url=f"http://127.0.0.1:{server.port}")
        assert await client.latest(LOG.origin) == LOG.note(5)
        await client.close()
    assert double.heard[0].startswith(f"GET /{HASH}/checkpoint ".encode())


# misbehaviour


@pytest.mark.parametrize(
    "raw",
    [
        http("200 OK"),
        http("200 OK", b"<html>welcome</html>\n"),
        http("200 OK", LINE[:-1]),
        http("200 OK", b"\n" + LINE),
        http("200 OK", LINE + b"more\n"),
        http("200 OK", LOG.note(5)),
        http("200 OK", LINE, "Content-Encoding: gzip"),
        http("200 OK", LINE * 10_000),
        http("204 No Content"),
        http("301 Moved Permanently", b"", "Location: http://127.0.0.1:9/elsewhere"),
        http("307 Temporary Redirect", b"", "Location: /prefix/add-checkpoint"),
        http("409 Conflict", b"5\n"),
        http("409 Conflict", b"5\n", "Content-Type: text/plain"),
        *(
            http("409 Conflict", body, "Content-Type: text/x.tlog.size")
            for body in (b"", b"\n", b"05\n", b"-5\n", b" 5\n", b"5\n\n", b"5x", b"9223372036854775808\n", b"9" * 400)
        ),
        http("429 Too Many Requests"),
        http("500 Internal Server Error", b"a stack trace"),
        http("503 Service Unavailable"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + LINE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
        b"\x00\xff garbage\r\n\r\n",
        b"",
    ],
)
async def test_whatever_a_witness_answers_instead_is_no_answer(raw: bytes) -> None:
    answer, latest = await asked(Double(raw))
    assert isinstance(answer, Unanswered)
    assert latest is None or latest == LOG.note(5)
    assert "127.0.0.1" not in answer.reason


async def test_a_size_may_lack_its_newline_and_have_parameters() -> None:
    answer, _ = await asked(Double(http("409 Conflict", b"41", "Content-Type: text/x.tlog.size; charset=utf-8")))
    assert answer == Behind(size=41)


async def test_several_signature_lines_are_handed_on() -> None:
    answer, _ = await asked(Double(http("200 OK", LINE * 3)))
    assert answer == Cosigned(lines=LINE * 3)


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not writer.is_closing():
            writer.write(LINE * 100)
            await writer.drain()

    answer, latest = await asked(Double(act=endless))
    assert (answer, latest) == (Unanswered(reason="its answer is too long"), None)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + LINE])
async def test_a_witness_that_hangs_is_left(begun: bytes) -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await asyncio.Event().wait()

    answer, latest = await asked(Double(act=hang), seconds=0.3)
    assert (answer, latest) == (Unanswered(reason="it did not answer in time"), None)


async def test_a_witness_that_trickles_is_left() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    answer, _ = await asked(Double(act=trickle), seconds=0.3)
    assert answer == Unanswered(reason="it did not answer in time")


async def test_a_connection_that_is_reset_is_no_answer() -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        reset(writer)

    answer, latest = await asked(Double(act=cut))
    assert isinstance(answer, Unanswered)
    assert latest is None


async def test_a_certificate_that_nobody_vouches_for_is_no_answer(tls: LoopbackTls) -> None:
    async with Connections(Double(http("200 OK", LINE)), tls=tls.server) as server:
        client = HttpWitness(name="w", url=f"https://127.0.0.1:{server.port}")
        assert isinstance(await client.add_checkpoint(b""), Unanswered)
        await client.close()


async def test_a_closed_client_gives_no_answer_and_may_be_closed_again() -> None:
    client = HttpWitness(name="w", url="http://127.0.0.1:9")
    await client.close()
    await client.close()
    assert isinstance(await client.add_checkpoint(b""), Unanswered)


@pytest.mark.parametrize("url", ["", "w.example", "ftp://w.example", "http://", "http://w.example/?a=b", "http://w/#f"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address of a witness"):
        HttpWitness(name="w", url=url)


def test_credentials_in_an_address_are_not_in_the_repr() -> None:
    assert repr(HttpWitness(name="w", url="https://user:secret@w.example/")) == "HttpWitness(name='w')"
