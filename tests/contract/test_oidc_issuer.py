"""The client's promises, against an issuer and against everything that a server can do instead of answering."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle

import pytest

from adapters.oidc_issuer import OidcIssuer, issuer_client
from app.ports import NoKeys, PublishedKeys
from tests.doubles.connections import Connections, reset, unused_port
from tests.doubles.issuer import Issuer, http_answer, json_answer
from tests.doubles.tls import LoopbackTls
from tests.tokens import key

JWK = {"kty": "RSA", "kid": "k"}
NOT_FOUND = http_answer("404 Not Found")
Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each path with the bytes that `answers` has for it, 404 without; `heard` are the requests.

    `PORT` in an answer stands for the server's own; a function acts as it likes.
    """

    def __init__(self, answers: Mapping[str, bytes | Act], tls: LoopbackTls | None = None) -> None:
        self.heard: list[bytes] = []
        self._answers = answers
        self._connections = Connections(self._serve, tls=tls.server if tls else None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        answer = self._answers.get(self.heard[-1].decode().split(" ")[1], NOT_FOUND)
        if isinstance(answer, bytes):
            writer.write(answer.replace(b"PORT", str(self._connections.port).encode()))
        else:
            await answer(writer)
        await writer.drain()

    async def ask(self, path: str = "", *, scheme: str = "http", seconds: float = 10) -> PublishedKeys | NoKeys:
        async with self._connections:
            issuer = OidcIssuer(
                f"{scheme}://127.0.0.1:{self._connections.port}{path}", client=issuer_client(), seconds=seconds
            )
            try:
                return await issuer.published_keys()
            finally:
                await issuer.close()

    @property
    def paths(self) -> list[str]:
        return [head.decode().split(" ")[1] for head in self.heard]


def metadata(path: str = "", **changes: object) -> bytes:
    """What says where the keys are; a port that the system chose has five digits."""
    base = f"http://127.0.0.1:PORT{path}"
    members = {"issuer": base, "jwks_uri": f"{base}/keys"} | changes
    body = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
    length = len(body.replace(b"PORT", b"00000"))
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


KEYS = json_answer({"keys": [JWK]})
OPENID = "/.well-known/openid-configuration"


# an issuer


async def test_the_keys_of_an_issuer_are_read_where_its_metadata_says() -> None:
    async with Issuer(key("a"), key("b", "RS256")) as running:
        issuer = OidcIssuer(running.identifier, client=issuer_client())
        assert await issuer.published_keys() == PublishedKeys(keys=(key("a").jwk(), key("b", "RS256").jwk()))
        await issuer.close()
    assert running.asked == ["/realms/post/.well-known/openid-configuration", "/realms/post/certs"]


async def test_an_identifier_that_ends_with_a_slash_keeps_it() -> None:
    server = Server({OPENID: metadata("/", jwks_uri="http://127.0.0.1:PORT/keys"), "/keys": KEYS})
    assert await server.ask("/") == PublishedKeys(keys=(JWK,))


async def test_an_authorization_server_without_openid_is_asked_the_other_way() -> None:
    server = Server({"/.well-known/oauth-authorization-server/a/b": metadata("/a/b"), "/a/b/keys": KEYS})
    assert await server.ask("/a/b") == PublishedKeys(keys=(JWK,))
    assert server.paths[0] == "/a/b/.well-known/openid-configuration"


async def test_a_request_says_who_asks_and_nothing_else() -> None:
    server = Server({OPENID: metadata(), "/keys": KEYS})
    await server.ask()
    names = {line.partition(b":")[0].lower() for line in server.heard[0].split(b"\r\n")[1:] if line}
    assert names == {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}


async def test_entries_that_are_no_keys_are_left_out() -> None:
    server = Server({OPENID: metadata(), "/keys": json_answer({"keys": [JWK, "k", None, [], 7]})})
    assert await server.ask() == PublishedKeys(keys=(JWK,))


async def test_an_issuer_behind_tls_has_to_be_trusted(tls: LoopbackTls) -> None:
    base = "https://127.0.0.1:PORT"
    answers = {OPENID: metadata(issuer=base, jwks_uri=f"{base}/keys"), "/keys": KEYS}
    assert isinstance(await Server(answers, tls).ask(scheme="https"), NoKeys)
    server = Server(answers, tls)
    async with server._connections:
        issuer = OidcIssuer(f"https://127.0.0.1:{server._connections.port}", client=issuer_client(tls.client))
        assert await issuer.published_keys() == PublishedKeys(keys=(JWK,))
        await issuer.close()


# metadata that lead elsewhere


@pytest.mark.parametrize(
    "named", [None, "", "https://id.example.org", "http://127.0.0.1:PORT/", ["http://127.0.0.1"], 7]
)
async def test_metadata_of_another_issuer_are_not_believed(named: object) -> None:
    server = Server({OPENID: metadata(issuer=named), "/keys": KEYS})
    assert await server.ask() == NoKeys(reason="its metadata names another issuer")
    assert "/keys" not in server.paths


@pytest.mark.parametrize(
    "address",
    [
        *(None, "", "/keys", "keys", "file:///etc/passwd", "ftp://127.0.0.1/keys", "data:application/json,{}", 7, {}),
        *("http://id.example.org/keys", "http://169.254.169.254/latest", "http://10.0.0.1/keys", "//127.0.0.1/keys"),
    ],
)
async def test_keys_are_fetched_over_tls_or_from_this_machine_only(address: object) -> None:
    server = Server({OPENID: metadata(jwks_uri=address), "/keys": KEYS})
    assert await server.ask() == NoKeys(reason="its metadata has no address of keys that could be trusted")


async def test_an_issuer_elsewhere_sends_nobody_to_this_machine(tls: LoopbackTls) -> None:
    answers = {OPENID: metadata(issuer="https://127.0.0.1:PORT"), "/keys": KEYS}
    server = Server(answers, tls)
    async with server._connections:
        issuer = OidcIssuer(f"https://127.0.0.1:{server._connections.port}", client=issuer_client(tls.client))
        assert await issuer.published_keys() == NoKeys(reason="its metadata has an address of keys on our own machine")
        await issuer.close()


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
async def test_nobody_is_followed_elsewhere(status: str) -> None:
    moved = http_answer(status, b"", "Location: /elsewhere")
    for answers in ({OPENID: moved}, {OPENID: metadata(), "/keys": moved}):
        server = Server({**answers, "/elsewhere": KEYS})
        assert isinstance(await server.ask(), NoKeys)
        assert "/elsewhere" not in server.paths


# misbehaviour


async def _cut(writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def _hang(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for byte in cycle(b" "):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def _go_on_for_ever(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 10_000)
        await writer.drain()


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("200 OK"),
        http_answer("200 OK", b"<html>welcome</html>"),
        http_answer("200 OK", b"[]"),
        http_answer("200 OK", b"null"),
        http_answer("200 OK", b"\xff\xfe{}"),
        http_answer("200 OK", b"[" * 100_000),
        http_answer("200 OK", b'{"keys":' * 10_000),
        http_answer("200 OK", b'{"keys": ' + b"9" * 5000 + b"}"),
        json_answer({}),
        json_answer({"keys": None}),
        json_answer({"keys": {"k": JWK}}),
        http_answer("200 OK", json.dumps({"keys": [JWK]}).encode(), "Content-Encoding: gzip"),
        json_answer({"keys": [JWK], "padding": "x" * 2**17}),
        http_answer("204 No Content"),
        http_answer("401 Unauthorized"),
        http_answer("500 Internal Server Error", b"a stack trace"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
        b"\x00\xff garbage\r\n\r\n",
        b"",
        _cut,
        _go_on_for_ever,
    ],
)
async def test_whatever_an_issuer_answers_instead_are_no_keys(answer: bytes | Act) -> None:
    for answers in ({OPENID: answer}, {OPENID: metadata(), "/keys": answer}):
        found = await Server(answers).ask()
        assert isinstance(found, NoKeys)
        assert "127.0.0.1" not in found.reason


@pytest.mark.parametrize("act", [_hang, _trickle])
async def test_an_issuer_that_hangs_is_left(act: Act) -> None:
    stories: list[dict[str, bytes | Act]] = [{OPENID: act}, {OPENID: metadata(), "/keys": act}]
    for answers in stories:
        assert await Server(answers).ask(seconds=0.3) == NoKeys(reason="it did not answer in time")


async def test_an_issuer_that_is_gone_has_no_keys() -> None:
    issuer = OidcIssuer(f"http://127.0.0.1:{unused_port()}", client=issuer_client())
    assert await issuer.published_keys() == NoKeys(reason="it could not be asked (ConnectError)")
    await issuer.close()


async def test_a_closed_client_gives_no_keys_and_may_be_closed_again() -> None:
    issuer = OidcIssuer("http://127.0.0.1:9", client=issuer_client())
    await issuer.close()
    await issuer.close()
    assert isinstance(await issuer.published_keys(), NoKeys)
