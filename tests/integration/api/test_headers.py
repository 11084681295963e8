"""Headers that are too large or never end, sent over a socket to the server as it is run."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn

from app import bounded_http
from app.bounded_http import BoundedHttp
from app.main import create_app


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(
        create_app(), port=0, http=BoundedHttp, lifespan="off", ws="none", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 – uvicorn has a flag and no event
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answer_to(port: int, *chunks: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


async def test_an_ordinary_request_is_answered(port: int) -> None:
    answer = await answer_to(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_headers_without_end_are_refused_by_their_size(port: int) -> None:
    chunks = [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "] + [b"a" * 65536] * 64
    answer = await answer_to(port, *chunks)
    assert answer == b"reset" or answer.startswith(b"HTTP/1.1 431")


async def test_headers_that_never_end_are_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "HEADER_SECONDS", 0.2)
    answer = await answer_to(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_second_request_on_the_same_connection_is_bounded_too(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "HEADER_SECONDS", 0.2)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await answer_to(port, whole + b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"HTTP/1.1 408" in answer
