"""Issuers of access tokens: one that answers over HTTP on loopback, and one that stands in for the network itself."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from app.ports import NoKeys, PublishedKeys
from tests.doubles.connections import Connections
from tests.tokens import ISSUER, Key, claims, key, token


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP answer after which the connection is closed."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def json_answer(value: object) -> bytes:
    return http_answer("200 OK", json.dumps(value).encode(), "Content-Type: application/json")


class Issuer:
    """Publishes metadata and keys below `/realms/post`; an async context manager.

    `keys` are those that it publishes; with `is_away` it answers 503 to everything. `asked` are the paths in order.
    """

    def __init__(self, *keys: Key) -> None:
        self.keys: Sequence[Key] = keys or (key(),)
        self.is_away = False
        self.asked: list[str] = []
        self._connections = Connections(self._serve)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    @property
    def identifier(self) -> str:
        """For `AWIZO_OIDC_ISSUER`."""
        return f"http://127.0.0.1:{self._connections.port}/realms/post"

    def token(self, *scopes: str, operators: Sequence[str] | None, **changes: object) -> str:
        """A token that is good now, signed with the first key; `changes` are of its claims."""
        given = {"iss": self.identifier} | changes
        return token(self.keys[0], claims(*scopes, now=datetime.now(UTC), operators=operators, **given))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        self.asked.append(path)
        writer.write(self._answer(path))
        await writer.drain()

    def _answer(self, path: str) -> bytes:
        if self.is_away:
            return http_answer("503 Service Unavailable")
        match path.removeprefix("/realms/post"):
            case "/.well-known/openid-configuration":
                return json_answer({"issuer": self.identifier, "jwks_uri": f"{self.identifier}/certs"})
            case "/certs":
                return json_answer({"keys": [each.jwk() for each in self.keys]})
            case _:
                return http_answer("404 Not Found")


class ScriptedIssuer:
    """Publishes `keys`, or is away while they are None; `asked` counts the questions. It waits for `free`."""

    identifier = ISSUER

    def __init__(self, *keys: Key) -> None:
        self.keys: tuple[Key, ...] | None = keys
        self.asked = 0
        self.closed = False
        self.free = asyncio.Event()
        self.free.set()

    async def published_keys(self) -> PublishedKeys | NoKeys:
        self.asked += 1
        await self.free.wait()
        if self.keys is None:
            return NoKeys(reason="it did not answer in time")
        return PublishedKeys(keys=tuple(each.jwk() for each in self.keys))

    async def close(self) -> None:
        self.closed = True
