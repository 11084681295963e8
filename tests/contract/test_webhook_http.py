"""Calls of other systems' endpoints: nothing inside is ever reached, and whatever a server does is an answer."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from adapters import webhook_http
from adapters.webhook_http import WebhookHttp
from tests.contract.webhook_addresses import BY_THEIR_FORM, BY_WHAT_THEY_RESOLVE_TO
from tests.doubles.connections import Connections, unused_port
from tests.doubles.tls import LoopbackTls

HOST = "hooks.awizo.test"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def resolving(*answers: Sequence[str]) -> tuple[list[str], Callable[[str, int], Awaitable[Sequence[str]]]]:
    """A resolver that gives one answer after the other, the last one for ever; and the names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return asked, resolve


def saying(answer: bytes) -> tuple[list[bytes], Answer]:
    """A server that answers every request so; and the requests that came."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))[15:])
        heard.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()

    return heard, serve


async def call(
    server: Connections,
    authorities: ssl.SSLContext | None,
    *,
    host: str = HOST,
    addresses: Sequence[str] = ("127.0.0.1",),
    seconds: float = 30.0,
    target: str = "/awizo?from=here",
) -> str | None:
    """How a call of that server ends."""
    caller = WebhookHttp(
        resolve=resolving(addresses)[1],
        is_allowed=lambda address: address.startswith("127."),
        ports=[server.port],
        authorities=authorities,
        seconds=seconds,
    )
    headers = {"webhook-id": "evt_1", "Content-Type": "application/json"}
    answer = await caller.call(f"https://{host}:{server.port}{target}", headers=headers, body=b'{"type":"x"}')
    await caller.close()
    return answer.failure


async def nobody(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A listener whom nobody should ever reach."""


async def test_no_hostile_address_reaches_anything_inside() -> None:
    async def resolve(name: str, _port: int) -> Sequence[str]:
        return BY_WHAT_THEY_RESOLVE_TO.get(name, ["127.0.0.1"])

    async with Connections(nobody) as canary:
        caller = WebhookHttp(resolve=resolve, ports=[canary.port])
        hostile = [url.replace("PORT", str(canary.port)) for url in BY_THEIR_FORM]
        hostile += [f"https://{name}:{canary.port}/" for name in BY_WHAT_THEY_RESOLVE_TO]
        assert len(hostile) > 100
        answers = [await caller.call(url, headers={}, body=b"") for url in hostile]
        refused = [await caller.refuses(url) for url in hostile]
        await caller.close()
        assert [url for url, answer in zip(hostile, answers, strict=True) if answer.failure != "address_refused"] == []
        assert [url for url, why in zip(hostile, refused, strict=True) if why is None] == []
        assert canary.opened == 0


async def test_without_the_look_at_addresses_the_canary_would_have_been_reached() -> None:
    async with Connections(nobody) as canary:
        assert await call(canary, None) == "unreachable"
        assert canary.opened == 1


async def test_a_name_that_is_bound_anew_between_two_looks_is_looked_at_once_and_called_there(tls: LoopbackTls) -> None:
    heard, serve = saying(OK)
    asked, resolve = resolving(["127.0.0.2"], ["127.0.0.1"])
    async with Connections(serve, tls=tls.server, host="127.0.0.2") as server:
        async with Connections(nobody, port=server.port) as canary:
            caller = WebhookHttp(
                resolve=resolve,
                is_allowed=lambda address: address == "127.0.0.2",
                ports=[server.port],
                authorities=tls.client,
            )
            first = await caller.call(f"https://{HOST}:{server.port}/", headers={}, body=b"")
            assert (first.failure, len(heard), asked) == (None, 1, [HOST])
            later = [await caller.call(f"https://{HOST}:{server.port}/", headers={}, body=b"") for _ in range(3)]
            assert {answer.failure for answer in later} == {"address_refused"}
            await caller.close()
            assert canary.opened == 0
        assert len(heard) == 1


async def test_what_is_called_bears_the_name_in_host_and_sni_and_everything_that_was_given(tls: LoopbackTls) -> None:
    named: list[str | None] = []
    tls.server.sni_callback = lambda _socket, name, _context: named.append(name)
    heard, serve = saying(OK)
    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client) is None
    tls.server.sni_callback = None
    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /awizo?from=here HTTP/1.1"
    assert f"Host: {HOST}:{server.port}" in lines
    assert "webhook-id: evt_1" in lines
    assert [line for line in lines if line.lower().startswith(("authorization", "cookie"))] == []
    assert (named, body) == ([HOST], b'{"type":"x"}')


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_success(status: int, tls: LoopbackTls) -> None:
    _, serve = saying(b"HTTP/1.1 %d Fine\r\nContent-Length: 0\r\n\r\n" % status)
    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client) is None


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 500, 503, 599])
async def test_any_other_status_is_a_failure_that_names_it(status: int, tls: LoopbackTls) -> None:
    _, serve = saying(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client) == f"status_{status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int, tls: LoopbackTls) -> None:
    async with Connections(nobody) as canary:
        location = f"https://127.0.0.1:{canary.port}/".encode()
        _, serve = saying(b"HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location))
        async with Connections(serve, tls=tls.server) as server:
            assert await call(server, tls.client) == f"status_{status}"
            assert server.opened == 1
        assert canary.opened == 0


async def test_no_proxy_of_the_environment_is_used(tls: LoopbackTls, monkeypatch: pytest.MonkeyPatch) -> None:
    _, serve = saying(OK)
    async with Connections(nobody) as canary, Connections(serve, tls=tls.server) as server:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        assert await call(server, tls.client) is None
        assert canary.opened == 0


async def test_of_an_answer_without_end_only_its_beginning_is_read(tls: LoopbackTls) -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 8192)
            await writer.drain()
            written += 8192

    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client) is None
    assert written < 16 * 1024 * 1024  # what fits into the buffers on the way


async def test_a_server_that_never_answers_is_given_up(tls: LoopbackTls) -> None:
    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client, seconds=0.2) == "timeout"


async def test_a_certificate_of_another_name_or_of_nobody_known_ends_the_call(tls: LoopbackTls) -> None:
    heard, serve = saying(OK)
    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client, host="other.awizo.test") == "certificate"
        assert await call(server, None) == "certificate"
    assert heard == []


async def test_what_is_no_http_or_breaks_off_is_a_failure(tls: LoopbackTls) -> None:
    _, nonsense = saying(b"SSH-2.0-OpenSSH\r\n\r\n")
    async with Connections(nonsense, tls=tls.server) as server:
        assert await call(server, tls.client) == "protocol"
    async with Connections(nobody, tls=tls.server) as server:
        assert await call(server, tls.client) in {"protocol", "unreachable"}


async def test_the_next_address_of_a_name_is_tried_when_one_takes_no_connection(tls: LoopbackTls) -> None:
    _, serve = saying(OK)
    async with Connections(serve, tls=tls.server) as server:
        assert await call(server, tls.client, addresses=["127.0.0.3", "127.0.0.1"]) is None


async def test_where_nobody_listens_or_no_name_is_known_the_failure_says_so() -> None:
    port = unused_port()

    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    silent = WebhookHttp(resolve=resolving(["127.0.0.1"])[1], is_allowed=lambda _: True, ports=[port])
    nameless = WebhookHttp(resolve=unknown, ports=[port])
    empty = WebhookHttp(resolve=resolving([])[1], ports=[port])
    url = f"https://{HOST}:{port}/"
    assert (await silent.call(url, headers={}, body=b"")).failure == "unreachable"
    for caller in (nameless, empty):
        assert (await caller.call(url, headers={}, body=b"")).failure == "unresolved"
        assert await caller.refuses(url) is None


async def test_the_systems_resolver_is_asked_in_threads_of_its_own_and_numbers_are_looked_at() -> None:
    caller = WebhookHttp()
    assert await caller.refuses("https://no-such-name.awizo.test/") is None
    assert (await caller.call("https://no-such-name.awizo.test/", headers={}, body=b"")).failure in {
        "unresolved",
        "timeout",
    }
    await caller.close()
    assert (await caller.call("https://no-such-name.awizo.test/", headers={}, body=b"")).failure == "unresolved"


async def test_a_name_that_nobody_answers_for_keeps_no_other_name_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = threading.Event(), threading.Event()

    def ask(host: str, port: int, **_: object) -> Sequence[tuple[object, ...]]:
        if host == "dead.awizo.test.":
            asked.set()
            answered.wait()
        return [(None, None, None, "", ("10.0.0.1", port))]

    monkeypatch.setattr(webhook_http, "getaddrinfo", ask)
    caller = WebhookHttp(seconds=30.0)
    waiting = [asyncio.create_task(caller.call("https://dead.awizo.test/", headers={}, body=b"")) for _ in range(50)]
    try:
        await asyncio.to_thread(asked.wait)
        other = await caller.call("https://hooks.awizo.test/", headers={}, body=b"")
    finally:
        answered.set()
    assert other.failure == "address_refused"
    assert {answer.failure for answer in await asyncio.gather(*waiting)} == {"address_refused"}
    await caller.close()
