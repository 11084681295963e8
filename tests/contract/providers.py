"""Each transport beside its double, under one face, so that one suite can put the same questions to all."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.sms import HttpGateway, SmsApi, TwilioSms
from adapters.smtp_email import SmtpEmail, SmtpRelay
from app.domain.look_up import Sought
from app.domain.message import Outgoing, OutgoingEmail, OutgoingSms
from app.ports import Transport
from tests.contract.gateway_file import described
from tests.doubles.connections import unused_port
from tests.doubles.http_gateway import DescribedGateway
from tests.doubles.sms_gateway import Accept, AcceptThenHang, Raw, Reset, SmsGateway
from tests.doubles.smsapi_gateway import SmsApiGateway
from tests.doubles.smtp_server import Drop, Hang, Say, SmtpServer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ATTEMPT = UUID("01234567-89ab-7def-8123-456789abcdef")
SECRET = "s3cr3t-t0ken-that-must-not-show"  # a canary; it opens nothing
SMS = OutgoingSms(
    attempt=ATTEMPT,
    notification=UUID("01234567-89ab-7def-8123-000000000001"),
    to="+48600100200",
    body="Awizo: przesyłka czeka",
    callback_url="https://awizo.example/v1/callbacks/twilio/status?a=1&m=2",
)
EMAIL = OutgoingEmail(
    attempt=ATTEMPT,
    envelope_from="bounces@awizo.example",
    to="jan@example.com",
    mime=b"Subject: notice\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n",
)
SOUGHT = Sought(
    attempt=ATTEMPT, notification=SMS.notification, to=SMS.to, message=SMS.body, started_at=NOW, ended_at=NOW
)


def twilio(base_url: str, **options: Any) -> TwilioSms:
    """With timeouts short enough for a test; `options` override them."""
    timeouts = {"connect_timeout": 0.5, "total_timeout": 1.0, **options}
    return TwilioSms(account_sid="AC" + "0" * 32, auth_token=SECRET, sender="+48500", base_url=base_url, **timeouts)


def smsapi(base_url: str, **options: Any) -> SmsApi:
    """With timeouts short enough for a test; `options` override them."""
    timeouts = {"connect_timeout": 0.5, "total_timeout": 1.0, **options}
    return SmsApi(token=SECRET, sender="Awizo", clock=lambda: NOW, base_url=base_url, **timeouts)


def gateway(base_url: str, **options: Any) -> HttpGateway:
    """With timeouts short enough for a test; `options` override them."""
    timeouts = {"connect_timeout": 0.5, "total_timeout": 1.0, **options}
    return HttpGateway(*described(f"{base_url}/v2/messages", SECRET), **timeouts)


def smtp(url: str, **options: Any) -> SmtpEmail:
    """With timeouts short enough for a test; `options` override them."""
    timeouts = {"connect_timeout": 0.5, "command_timeout": 0.5, "final_timeout": 0.5, **options}
    return SmtpEmail(SmtpRelay.parse(url), **timeouts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A transport, a message for it, and what its double can be told to do."""

    transport: Transport
    message: Outgoing
    received: Callable[[], int]
    accept: Callable[[], None]
    hang_after_bytes: Callable[[], None]
    reset_after_bytes: Callable[[], None]
    babble: Callable[[bytes], None]
    taken: Callable[[], int] | None = None


@asynccontextmanager
async def _sms(gateway: SmsGateway, connect: Callable[[str], Transport]) -> AsyncIterator[Provider]:
    async with gateway:
        gateway.clock = lambda: NOW
        transport = connect(gateway.base_url)

        def behave(behaviour: Accept | AcceptThenHang | Reset | Raw) -> None:
            gateway.behave = lambda _: behaviour

        yield Provider(
            transport=transport,
            message=SMS,
            received=lambda: len(gateway.journal),
            accept=lambda: behave(Accept()),
            hang_after_bytes=lambda: behave(AcceptThenHang()),
            reset_after_bytes=lambda: behave(Reset(after_body=True)),
            babble=lambda payload: behave(Raw(payload=payload)),
            taken=lambda: len(gateway.held),
        )
        await transport.close()


def _twilio() -> AbstractAsyncContextManager[Provider]:
    return _sms(SmsGateway(), twilio)


def _smsapi() -> AbstractAsyncContextManager[Provider]:
    return _sms(SmsApiGateway(), smsapi)


@asynccontextmanager
async def _smtp() -> AsyncIterator[Provider]:
    async with SmtpServer() as server:
        transport = smtp(server.url)
        yield Provider(
            transport=transport,
            message=EMAIL,
            received=lambda: len(server.journal),
            accept=lambda: server.at("dot", Say(reply="250 ok"), times=0),
            hang_after_bytes=lambda: server.at("dot", Hang()),
            reset_after_bytes=lambda: server.at("dot", Drop()),
            babble=lambda payload: server.at("dot", Say(reply=payload.decode("latin-1"), then_close=True)),
        )
        await transport.close()


def _gateway() -> AbstractAsyncContextManager[Provider]:
    return _sms(DescribedGateway(), gateway)


PROVIDERS: dict[str, Callable[[], AbstractAsyncContextManager[Provider]]] = {
    "twilio": _twilio,
    "smsapi": _smsapi,
    "gateway": _gateway,
    "smtp": _smtp,
}
UNREACHABLE: dict[str, Callable[[], tuple[Transport, Outgoing]]] = {
    "twilio": lambda: (twilio(f"http://127.0.0.1:{unused_port()}"), SMS),
    "gateway": lambda: (gateway(f"http://127.0.0.1:{unused_port()}"), SMS),
    "smsapi": lambda: (smsapi(f"http://127.0.0.1:{unused_port()}"), SMS),
    "smtp": lambda: (smtp(f"smtp://127.0.0.1:{unused_port()}"), EMAIL),
}
UNRESOLVED: dict[str, Callable[[], tuple[Transport, Outgoing]]] = {
    "twilio": lambda: (twilio("http://gateway.invalid"), SMS),
    "smsapi": lambda: (smsapi("http://gateway.invalid"), SMS),
    "gateway": lambda: (gateway("http://gateway.invalid"), SMS),
    "smtp": lambda: (smtp("smtp://relay.invalid"), EMAIL),
}
SECRETIVE: dict[str, Callable[[], object]] = {
    "twilio": lambda: twilio("http://127.0.0.1:1"),
    "smsapi": lambda: smsapi("http://127.0.0.1:1"),
    "gateway": lambda: gateway("http://127.0.0.1:1"),
    "smtp": lambda: smtp(f"smtp://user:{SECRET}@127.0.0.1:1"),
    "smtp-relay": lambda: SmtpRelay.parse(f"smtps://{SECRET}:{SECRET}@relay.example"),
}
