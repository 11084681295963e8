"""A real server under bodies without end and clients without haste."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.domain.access import Scope
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings
from tests.integration.api.process import ServeProcess, serve
from tests.integration.api.service import STRUCTURED, bearer, settings_for

MIB = 1024 * 1024
SLOW_CLIENTS = 200


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    directory = tmp_path_factory.mktemp("served")
    file = directory / "awizo.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    with serve(directory, database_url=f"sqlite+aiosqlite:///{file}") as process:
        yield process


@pytest.fixture
async def key(server: ServeProcess) -> dict[str, str]:
    directory = server.output.parent
    database = open_database(settings_for(f"sqlite+aiosqlite:///{directory / 'awizo.db'}", directory))
    token = await database.transact(
        lambda tx: create_key(
            tx, name="t", operators=(), scopes=[Scope.ADMIN], expires_at=None, surroundings=real_surroundings()
        )
    )
    await database.close()
    return bearer(token)


def resident_bytes(process: ServeProcess) -> int:
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


async def test_a_gigabyte_in_chunks_is_413_and_held_by_nobody(server: ServeProcess, key: dict[str, str]) -> None:
    async def gigabyte() -> AsyncIterator[bytes]:
        for _ in range(1024):
            yield b" " * MIB

    async with httpx.AsyncClient(base_url=server.url, headers=key, timeout=60) as client:
        assert (await client.get("/v1/notifications")).status_code == 200
        before = resident_bytes(server)
        for content_type in (STRUCTURED, {"Content-Type": "application/cloudevents-batch+json"}):
            # A client that sends on after the answer may find the connection closed before it reads.
            with contextlib.suppress(httpx.WriteError, httpx.ReadError):
                answer = await client.post("/v1/events", content=gigabyte(), headers=content_type)
                assert answer.status_code == 413
        assert resident_bytes(server) - before < 20 * MIB
        assert (await client.get("/readyz")).status_code == 200


async def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
    server: ServeProcess, key: dict[str, str]
) -> None:
    def send() -> bytes:
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
            head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {key['Authorization']}\r\n"
            head += f"Content-Type: application/cloudevents+json\r\nContent-Length: {1024 * MIB}\r\n\r\n"
            connection.sendall(head.encode())
            return connection.recv(4096)

    assert (await asyncio.to_thread(send)).startswith(b"HTTP/1.1 413 ")


async def test_two_hundred_clients_that_never_finish_keep_nobody_else_waiting(
    server: ServeProcess, key: dict[str, str]
) -> None:
    parts = urlsplit(server.url)
    with ExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            slow = stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10))
            slow.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nX-Slow: ")
        async with httpx.AsyncClient(base_url=server.url, headers=key, timeout=5) as client:
            for _ in range(5):
                assert (await client.get("/v1/notifications")).status_code == 200
