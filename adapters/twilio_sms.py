"""Twilio: sends SMS through `Messages.create`.

What each answer means stands in `_VERDICTS`, taken from Twilio's error dictionary
(https://www.twilio.com/docs/api/errors). `Messages.create` has no idempotency key, so a request whose bytes may have
reached Twilio is never repeated here: everything that is not certain is `Unknown`.
"""

import base64
import hashlib
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.base import values
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from yarl import URL

from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought, Unclear
from app.domain.message import Outgoing, OutgoingSms
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown

_TWILIO = "https://api.twilio.com"
_REPLY_MAX = 64 * 1024
# Servers commonly close an idle connection after 5 s or more. A connection that both sides consider open may still be
# closed by the server while our request is on its way; that request would be `Unknown` and could not be repeated. So
# we stop using an idle connection before any server would have closed it.
_KEEP_ALIVE_SECONDS = 4.0


class _Verdict(StrEnum):
    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    PAUSE = "pause"


# Twilio's error codes in 4xx answers. Permanent: no sender and no later time makes this message deliverable to this
# number. Pause: the account itself is broken, every message would be refused. All others, listed or not, are
# temporary: they speak of the sender, of an account's setting or of load, and another provider may well succeed.
_VERDICTS: Mapping[int, _Verdict] = {
    10001: _Verdict.PAUSE,  # account is not active
    20003: _Verdict.PAUSE,  # authentication failed
    20005: _Verdict.PAUSE,  # account is not active
    20404: _Verdict.PAUSE,  # the account in the path does not exist
    20429: _Verdict.TEMPORARY,  # too many requests
    21211: _Verdict.PERMANENT,  # To is not a valid phone number
    21212: _Verdict.TEMPORARY,  # From is not a valid phone number
    21217: _Verdict.PERMANENT,  # To does not appear to be valid
    21219: _Verdict.TEMPORARY,  # To is not verified (trial account)
    21265: _Verdict.PERMANENT,  # To is a short code
    21266: _Verdict.PERMANENT,  # To and From are the same
    21408: _Verdict.TEMPORARY,  # this account may not send to that region: a console setting
    21602: _Verdict.PERMANENT,  # no body
    21604: _Verdict.PERMANENT,  # no To
    21606: _Verdict.TEMPORARY,  # From cannot send to this destination
    21608: _Verdict.TEMPORARY,  # To is not verified (trial account)
    21610: _Verdict.PERMANENT,  # the recipient has replied STOP to Twilio
    21611: _Verdict.TEMPORARY,  # From has too many queued messages
    21612: _Verdict.TEMPORARY,  # this To cannot be reached from this From
    21614: _Verdict.PERMANENT,  # To cannot receive SMS
    21617: _Verdict.PERMANENT,  # body longer than 1,600 characters
    21619: _Verdict.PERMANENT,  # no body
    21635: _Verdict.PERMANENT,  # To is a landline
    21659: _Verdict.TEMPORARY,  # From is not a Twilio number
    21660: _Verdict.TEMPORARY,  # From belongs to another account
    21661: _Verdict.TEMPORARY,  # From cannot send SMS
    30001: _Verdict.TEMPORARY,  # queue overflow
    60728: _Verdict.TEMPORARY,  # hourly limit of the account
    63038: _Verdict.TEMPORARY,  # daily limit of the account
}


class TwilioSms:
    """`app.ports.Transport` for Twilio's Programmable Messaging.

    `base_url` stands in for `https://api.twilio.com`, so that a double or a proxy can be reached. `connect_timeout`
    covers waiting for a free connection, DNS, TCP and TLS; `total_timeout` the whole exchange, in seconds.
    """

    channel = Channel.SMS
    looks_up = False
    reports = True
    has_keys = False

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        base_url: str = _TWILIO,
        capacity: int = 32,
        name: str = "twilio",
        connect_timeout: float = 5.0,
        total_timeout: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the Twilio base URL must be http(s)://host[:port][/path]")
        if connect_timeout >= total_timeout:
            # Otherwise the total could run out before a connection exists, and look like a lost request.
            raise ValueError("the connect timeout must be shorter than the total timeout")
        self.name = name
        self.capacity = capacity
        self._account_sid = account_sid
        self._token = auth_token
        self._sender = sender
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=total_timeout, connect=connect_timeout)
        self._tls_context = tls_context
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"TwilioSms(name={self.name!r}, capacity={self.capacity})"

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once to hand `message` to Twilio; see `app.ports.Transport`."""
        if not isinstance(message, OutgoingSms):
            return NotSent(stage="process", code="wrong-channel")
        if self._closed:
            return NotSent(stage="process", code="closed")
        exchange = _Exchange(self._open_session(), self._base_url, self._timeout)
        try:
            await self._create(exchange, message)
        except Exception as error:  # noqa: BLE001 - the port promises outcomes; what is not known is `Unknown`
            if exchange.answer is None:
                return outcome_of_error(error, request_built=exchange.built)
        if exchange.answer is None:
            return Unknown(stage="response", code="none")
        return outcome_of_answer(exchange.answer)

    async def look_up(self, sought: Sought) -> LookUp:  # noqa: ARG002 – the port's signature
        """Always unclear; see `app.ports.Transport`."""
        return Unclear(reason="this provider cannot be asked")

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _create(self, exchange: "_Exchange", message: OutgoingSms) -> None:
        # The non-empty environment keeps the SDK from reading TWILIO_EDGE and TWILIO_REGION.
        client = Client(self._account_sid, self._token, http_client=exchange, environment={"TWILIO_EDGE": ""})
        await client.messages.create_async(
            to=message.to,
            from_=self._sender,
            body=message.body,
            status_callback=message.callback_url or values.unset,
            validity_period=message.validity_seconds,
        )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self.capacity,
                    keepalive_timeout=_KEEP_ALIVE_SECONDS,
                    ssl=self._tls_context or True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                response_class=_PeerResponse,
                auto_decompress=False,
            )
        return self._session


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an HTTP server answered; `raw` is empty when the body did not arrive whole or exceeds 64 KiB."""

    status: int
    raw: bytes = field(default=b"", repr=False)
    retry_after_seconds: float | None = None
    peer: str | None = None


class _PeerResponse(aiohttp.ClientResponse):
    """Remembers the peer's certificate: the connection may be back in the pool before we can ask for it."""

    peer: str | None = None

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        tls = connection.transport.get_extra_info("ssl_object") if connection.transport else None
        leaf = tls.getpeercert(binary_form=True) if tls else None
        self.peer = hashlib.sha256(leaf).hexdigest() if leaf else None
        return await super().start(connection)


class _Exchange(AsyncHttpClient):  # type: ignore[misc, unused-ignore] # the SDK carries no py.typed marker
    """The SDK's HTTP client for exactly one request, keeping the answer as it came.

    The SDK's own client ignores its timeout, cannot be pointed at another host and buffers any amount of reply.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, timeout: aiohttp.ClientTimeout) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._session = session
        self._base_url = base_url
        self._timeout = timeout
        self.built = False
        self.answer: Answer | None = None

    async def request(  # type: ignore[override, unused-ignore] # the SDK declares the same parameters untyped
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature; our own timeouts are in the session call
        allow_redirects: bool = False,
    ) -> Response:
        """Sends the request to `base_url` instead of Twilio's host and records the answer in `answer`."""
        del params, timeout, allow_redirects
        body = urlencode(data or {}).encode("ascii")
        login, password = auth or ("", "")
        credentials = base64.b64encode(f"{login}:{password}".encode()).decode("ascii")
        # A compressed reply could unpack to any size; replies are small, so none is asked for.
        sent = {**(headers or {}), "Authorization": f"Basic {credentials}", "Accept-Encoding": "identity"}
        url = URL(self._base_url + uri.removeprefix(_TWILIO), encoded=True)
        self.built = True
        async with self._session.request(
            method, url, data=body, headers=sent, timeout=self._timeout, allow_redirects=False
        ) as response:
            raw = await self._read(response)
        return Response(response.status, raw.decode("utf-8", "replace"), response.headers)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, recorded with its status, which counts even if the body never comes."""
        known = Answer(
            status=response.status,
            retry_after_seconds=_retry_after(response.headers),
            peer=response.peer if isinstance(response, _PeerResponse) else None,
        )
        self.answer = known
        raw = bytearray()
        async for chunk in response.content.iter_any():
            raw += chunk
            if len(raw) > _REPLY_MAX:
                response.close()
                return b""
        self.answer = replace(known, raw=bytes(raw))
        return bytes(raw)


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
    code = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
    if not request_built:
        return NotSent(stage="process", code=code)
    for kind, stage in _NO_CONNECTION:
        if isinstance(error, kind):
            return NotSent(stage=stage, code=code)
    return Unknown(stage="response", code=code)


def outcome_of_answer(answer: Answer) -> Outcome:
    """What an answer of Twilio's API means: HTTP status first, then Twilio's error code."""
    payload = _json_object(answer.raw)
    number = payload.get("code")
    code = str(number) if isinstance(number, int) else str(answer.status)
    if 200 <= answer.status < 300:
        return _taken(answer, payload)
    if not 400 <= answer.status < 500 or answer.status == 408:
        return Unknown(stage="response", code=code, reply=answer.raw)
    verdict = _VERDICTS.get(number) if isinstance(number, int) else None
    barred = answer.status in {401, 403} or verdict is _Verdict.PAUSE or (number is None and answer.status == 404)
    if barred or answer.status == 429:
        return NotSent(
            stage="auth" if barred else "response",
            code=code,
            reply=answer.raw,
            retry_after_seconds=answer.retry_after_seconds,
            pause=barred,
        )
    return Refused(
        permanence=Permanence.PERMANENT if verdict is _Verdict.PERMANENT else Permanence.TEMPORARY,
        stage="response",
        code=code,
        reply=answer.raw,
        retry_after_seconds=answer.retry_after_seconds,
    )


def _taken(answer: Answer, payload: Mapping[str, Any]) -> Accepted | Unknown:
    sid, status = payload.get("sid"), payload.get("status")
    if isinstance(sid, str) and sid and isinstance(status, str) and status:
        return Accepted(provider_id=sid, reply=answer.raw, code=status, peer=answer.peer)
    return Unknown(stage="response", code=f"{answer.status}-unreadable", reply=answer.raw)


def _json_object(raw: bytes) -> Mapping[str, Any]:
    try:
        decoded = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


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
