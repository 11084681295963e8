"""Twilio: sends SMS through `Messages.create`, and looks afterwards whether it took one.

Sources: https://www.twilio.com/docs/messaging/api/message-resource (creating and listing messages, `next_page_uri`,
`date_created`) and https://www.twilio.com/docs/api/errors. `Messages.create` has no idempotency key, so a request whose
bytes may have reached Twilio is never repeated here: everything that is not certain is `Unknown`.
"""

import base64
import logging
import ssl
from contextvars import ContextVar
from urllib.parse import urlencode

from twilio.base import values
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from adapters.sms.codes import kept_code
from adapters.sms.exchange import Answer, Exchange, HttpClient, base_url_of, json_object
from adapters.sms.twilio_errors import VERDICTS
from adapters.sms.twilio_list import MessageList
from adapters.sms.verdict import Verdict, outcome_of, verdict_of
from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought
from app.domain.message import Outgoing, OutgoingSms
from app.domain.outcome import Accepted, NotSent, Outcome, Unknown

_TWILIO = "https://api.twilio.com"


class TwilioSms:
    """`app.ports.Transport` for Twilio's Programmable Messaging.

    `base_url` stands in for `https://api.twilio.com`, so that a double or a proxy can be reached. `connect_timeout`
    covers waiting for a free connection, DNS, TCP and TLS; `total_timeout` the whole exchange, in seconds.
    """

    channel = Channel.SMS
    looks_up = True
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
        self.name = name
        self.capacity = capacity
        self._account_sid = account_sid
        self._token = auth_token
        self._sender = sender
        self._base_url = base_url_of(base_url, "Twilio")
        self._http = HttpClient(
            capacity=capacity, connect_timeout=connect_timeout, total_timeout=total_timeout, tls_context=tls_context
        )
        # The non-empty environment keeps the SDK from reading TWILIO_EDGE and TWILIO_REGION. Reading `messages` loads
        # most of the SDK: here, and not while the first message waits.
        sdk = _SdkHttpClient(self._base_url)
        self._messages = Client(account_sid, auth_token, http_client=sdk, environment={"TWILIO_EDGE": ""}).messages

    def __repr__(self) -> str:
        return f"TwilioSms(name={self.name!r}, capacity={self.capacity})"

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once to hand `message` to Twilio; see `app.ports.Transport`."""
        if not isinstance(message, OutgoingSms):
            return NotSent(stage="process", code="wrong-channel")
        return await self._http.hand_over(lambda exchange: self._create(exchange, message), outcome_of_answer)

    async def look_up(self, sought: Sought) -> LookUp:
        """Whether Twilio's list of messages holds that one; see `app.ports.Transport`."""
        entries = MessageList(
            self._http,
            base_url=self._base_url,
            account_sid=self._account_sid,
            authorization=_basic(self._account_sid, self._token),
        )
        return await entries.find(sought, sender=self._sender)

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._http.close()

    async def _create(self, exchange: Exchange, message: OutgoingSms) -> None:
        _EXCHANGE.set(exchange)
        await self._messages.create_async(
            to=message.to,
            from_=self._sender,
            body=message.body,
            status_callback=message.callback_url or values.unset,
            validity_period=message.validity_seconds,
        )


# The exchange of the message that a task is sending: making the SDK's client anew for each costs more than the sending.
_EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")


class _SdkHttpClient(AsyncHttpClient):  # type: ignore[misc, unused-ignore] # the SDK carries no py.typed marker
    """The SDK's HTTP client on exchanges of ours.

    The SDK's own client ignores its timeout, cannot be pointed at another host and buffers any amount of reply.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._base_url = base_url

    async def request(  # type: ignore[override, unused-ignore] # the SDK declares the same parameters untyped
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 – the SDK's signature; our own timeouts are in the exchange
        allow_redirects: bool = False,
    ) -> Response:
        """Sends the request to `base_url` instead of Twilio's host."""
        del params, timeout, allow_redirects
        body = urlencode(data or {}).encode("ascii")
        sent = {**(headers or {}), "Authorization": _basic(*(auth or ("", "")))}
        url = self._base_url + uri.removeprefix(_TWILIO)
        answer = await _EXCHANGE.get().request(method, url, headers=sent, body=body)
        return Response(answer.status, answer.raw.decode("utf-8", "replace"), {})


def outcome_of_answer(answer: Answer) -> Outcome:
    """What an answer of Twilio's API means: HTTP status first, then Twilio's error code."""
    payload = json_object(answer.raw)
    if 200 <= answer.status < 300:
        sid, status = payload.get("sid"), payload.get("status")
        if isinstance(sid, str) and sid and isinstance(status, str) and status:
            return Accepted(provider_id=sid, reply=answer.raw, code=kept_code(status), peer=answer.peer)
        return Unknown(stage="response", code=f"{answer.status}-unreadable", reply=answer.raw)
    number = payload.get("code")
    coded = VERDICTS.get(number, Verdict.TEMPORARY) if isinstance(number, int) else None
    code = str(answer.status if coded is None else number)
    return outcome_of(verdict_of(answer.status, coded), code, answer)


def _basic(login: str, password: str) -> str:
    """The Authorization value of RFC 7617."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode("ascii")
