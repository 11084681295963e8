"""An SMS gateway that only takes: Twilio's 201 to every POST, on keep-alive connections, with the least work.

`GET /` answers how many were taken.
"""

import asyncio
import sys
from typing import cast

import httptools
import uvloop

from tests.bench.load import HOST

_TAKEN = (
    b'{"sid":"SM%032x","status":"queued","to":null,"from":null,"body":null,"num_segments":"0","direction":"outbound-api",'
    b'"api_version":"2010-04-01","account_sid":"AC0","error_code":null,"error_message":null}'
)
_ANSWER = b"HTTP/1.1 %d Taken\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Sink(asyncio.Protocol):
    """One connection; `taken` counts over all of them."""

    taken = 0

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class is no subclass of it

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"POST":
            Sink.taken += 1
            body = _TAKEN % Sink.taken
            self._transport.write(_ANSWER % (201, len(body), body))
        else:
            body = b"%d" % Sink.taken
            self._transport.write(_ANSWER % (200, len(body), body))


async def serve(port: int) -> None:
    """Take until SIGTERM."""
    server = await asyncio.get_running_loop().create_server(Sink, HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
