"""A web server that takes status callbacks and answers 204, or whatever it is told to."""

import asyncio
from typing import Self
from urllib.parse import parse_qsl

from tests.doubles.connections import Connections


class CallbackReceiver:
    """An async context manager; `calls` holds path, form and signature of each request in order of arrival."""

    def __init__(self, status: int = 204) -> None:
        self.calls: list[tuple[str, dict[str, str], str]] = []
        self._status = status
        self._connections = Connections(self._serve)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._connections.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request_line, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            self.calls.append((request_line.split(" ")[1], form, headers.get("x-twilio-signature", "")))
            writer.write(f"HTTP/1.1 {self._status} Answer\r\n".encode())
            writer.write(b"\r\n" if self._status == 204 else b"Content-Length: 0\r\n\r\n")
            await writer.drain()
