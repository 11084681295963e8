"""Servers that speak just enough of PostgreSQL's protocol to be unhelpful."""

import asyncio
import struct

from tests.doubles.connections import Connections

_SSL_REQUEST = 80877103


class Refusing(Connections):
    """Answers whoever connects with an ErrorResponse (protocol 3.0, §55.8) of this SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(self._refuse)
        self._sqlstate = sqlstate

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _startup(reader, writer)
        fields = b"".join(
            kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", self._sqlstate), (b"M", "no"))
        )
        writer.write(b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0")
        await writer.drain()


class Silent(Connections):
    """Takes connections and never says a word, as a machine that hangs."""

    def __init__(self) -> None:
        super().__init__(self._wait)

    async def _wait(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        if struct.unpack("!I", body[:4])[0] != _SSL_REQUEST:
            return
        writer.write(b"N")
        await writer.drain()
