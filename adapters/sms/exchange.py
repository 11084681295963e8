"""HTTP towards SMS providers: what was answered, and what it means when nothing was.

Only failures before a connection existed are certain; a request whose bytes may have reached the provider is `Unknown`
and never repeated here.
"""

import hashlib
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from app.domain.outcome import NotSent, Outcome, Unknown

REPLY_MAX = 64 * 1024
# Servers commonly close an idle connection after 5 s or more. A connection that both sides consider open may still be
# closed by the server while our request is on its way; that request would be `Unknown` and could not be repeated. So
# we stop using an idle connection before any server would have closed it.
_KEEP_ALIVE_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an HTTP server answered; `raw` is empty unless `is_whole`: the body arrived, and is within the limit."""

    status: int
    raw: bytes = field(default=b"", repr=False)
    is_whole: bool = True
    retry_after_seconds: float | None = None
    peer: str | None = None


class Exchange:
    """One request and its answer.

    `built` is set as soon as there is something to send, `answer` with the status line: it counts even if the body
    never comes.
    """

    def __init__(self, session: aiohttp.ClientSession, timeout: aiohttp.ClientTimeout, reply_max: int) -> None:
        self._session = session
        self._timeout = timeout
        self._reply_max = reply_max
        self.built = False
        self.answer: Answer | None = None

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Sends once, follows no redirect, and gives what came. `url` is encoded already. Raises what aiohttp raises.

        The status outlives a body that breaks off: then `answer` is set although this raises.
        """
        # A compressed reply could unpack to any size; replies are small, so none is asked for.
        sent = {**headers, "Accept-Encoding": "identity"}
        target = URL(url, encoded=True)
        self.built = True
        async with self._session.request(
            method, target, data=body, headers=sent, timeout=self._timeout, allow_redirects=False
        ) as response:
            self.answer = Answer(
                status=response.status,
                is_whole=False,
                retry_after_seconds=_retry_after(response.headers),
                peer=response.peer if isinstance(response, _PeerResponse) else None,
            )
            raw = await self._read(response)
            if raw is not None:
                self.answer = replace(self.answer, raw=raw, is_whole=True)
        return self.answer

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        raw = bytearray()
        async for chunk in response.content.iter_any():
            raw += chunk
            if len(raw) > self._reply_max:
                response.close()
                return None
        return bytes(raw)


class HttpClient:
    """Connections to one provider, opened at the first request; `capacity` of them at most.

    `connect_timeout` covers waiting for a free connection, DNS, TCP and TLS; `total_timeout` the whole exchange, in
    seconds. Raises ValueError when the first is not shorter.
    """

    def __init__(
        self, *, capacity: int, connect_timeout: float, total_timeout: float, tls_context: ssl.SSLContext | None
    ) -> None:
        if connect_timeout >= total_timeout:
            # Otherwise the total could run out before a connection exists, and look like a lost request.
            raise ValueError("the connect timeout must be shorter than the total timeout")
        self._capacity = capacity
        self._timeout = aiohttp.ClientTimeout(total=total_timeout, connect=connect_timeout)
        self._tls_context = tls_context
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def hand_over(
        self, request: Callable[[Exchange], Awaitable[object]], judge: Callable[[Answer], Outcome]
    ) -> Outcome:
        """Makes one request and says what it means; never raises. `judge` reads whatever the provider answered."""
        if self._closed:
            return NotSent(stage="process", code="closed")
        exchange = Exchange(self._open(), self._timeout, REPLY_MAX)
        try:
            await request(exchange)
        except Exception as error:  # noqa: BLE001 – the port promises outcomes; what is not known is `Unknown`
            if exchange.answer is None:
                return outcome_of_error(error, request_built=exchange.built)
        if exchange.answer is None:
            return Unknown(stage="response", code="none")
        return judge(exchange.answer)

    async def ask(self, url: str, *, headers: Mapping[str, str], reply_max: int) -> Answer | str:
        """The answer to a GET, or why there is none, as the name of the failure; never raises."""
        if self._closed:
            return "closed"
        try:
            return await Exchange(self._open(), self._timeout, reply_max).request("GET", url, headers=headers)
        except Exception as error:  # noqa: BLE001 – whatever happened, there is no answer
            return _name(error)

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._capacity,
                    keepalive_timeout=_KEEP_ALIVE_SECONDS,
                    ssl=self._tls_context or True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                response_class=_PeerResponse,
                auto_decompress=False,
            )
        return self._session


class _PeerResponse(aiohttp.ClientResponse):
    """Remembers the peer's certificate: the connection may be back in the pool before we can ask for it."""

    peer: str | None = None

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        tls = connection.transport.get_extra_info("ssl_object") if connection.transport else None
        leaf = tls.getpeercert(binary_form=True) if tls else None
        self.peer = hashlib.sha256(leaf).hexdigest() if leaf else None
        return await super().start(connection)


# aiohttp's failures to obtain a connection, the more special first. Nothing can have been written without one.
_NO_CONNECTION: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ClientConnectorError, "connect"),
    (aiohttp.ConnectionTimeoutError, "connect"),
)


def outcome_of_error(error: Exception, *, request_built: bool) -> NotSent | Unknown:
    """What it means that a request ended without an answer.

    Only failures before the request was built or a connection obtained are certain; all else is `Unknown`, above all
    a connection that the server closed while the request was under way.
    """
    if not request_built:
        return NotSent(stage="process", code=_name(error))
    for kind, stage in _NO_CONNECTION:
        if isinstance(error, kind):
            return NotSent(stage=stage, code=_name(error))
    return Unknown(stage="response", code=_name(error))


def base_url_of(text: str, whose: str) -> str:
    """`text` without a slash at its end. Raises ValueError when it is no http(s) address of a host and a path."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"the {whose} base URL must be http(s)://host[:port][/path]")
    return text.rstrip("/")


def json_object(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in `raw`, an empty one when it holds anything else, or half a character (RFC 8259 §8.2)."""
    try:
        decoded = json.loads(raw)
        if b"\\u" in raw:
            json.dumps(decoded, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _name(error: Exception) -> str:
    return "timeout" if isinstance(error, TimeoutError) else type(error).__name__


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After (RFC 9110 §10.2.3); a date counts from the answer's own Date, not from our clock."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())
