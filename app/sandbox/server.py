"""Puts the sandbox together and runs it: two SMS APIs and the inbox over HTTP, an SMTP server, all on loopback."""

import asyncio
import contextlib
import ipaddress
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox import smsapi_api, twilio_api
from app.sandbox.inbox import Inbox, SandboxEmail, SandboxSms
from app.sandbox.pages import PAGE_POLICY, InboxPages
from app.sandbox.reports import Account, Reporter
from app.sandbox.smsapi_api import SmsApi
from app.sandbox.smtp import SmtpServer
from app.sandbox.twilio_api import TwilioApi

# The account of a sandbox that runs on its own: known, so that a service beside it can be configured once. It guards
# nothing but made-up messages on this machine.
SANDBOX_ACCOUNT_SID = "AC" + "5a" * 16
SANDBOX_AUTH_TOKEN = "sandbox"  # noqa: S105 - see above


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxParts:
    """The ASGI application, and what has to be closed after it."""

    app: Starlette
    inbox: Inbox
    reporter: Reporter


def create_sandbox(
    *,
    account_sid: str,
    auth_token: str,
    connection: Mapping[str, str],
    clock: Callable[[], datetime],
    sent_after: float = 0.3,
    final_after: float = 0.7,
    capacity: int = 500,
) -> SandboxParts:
    """The HTTP side: Twilio's `Messages.json`, SMSAPI's `sms.do`, the inbox page `/`, `/inbox.json`, `/events`.

    Both APIs take the same token. Status callbacks follow a message after `sent_after` and then `final_after` seconds.
    `connection` holds the settings that the page tells people to give to awizo.
    """
    inbox = Inbox(capacity)
    account = Account(sid=account_sid, token=auth_token)
    callbacks = {"twilio": twilio_api.status_callback(account), "smsapi": smsapi_api.status_callback(clock)}
    reporter = Reporter(inbox, callbacks, sent_after=sent_after, final_after=final_after)
    twilio = TwilioApi(inbox, account, reporter, clock)
    smsapi = SmsApi(inbox, auth_token, reporter, clock)
    pages = InboxPages(inbox, connection)
    app = Starlette(
        routes=[
            Route("/", pages.page),
            Route("/inbox.json", pages.listing),
            Route("/events", pages.events),
            Route("/emails/{email_id}/html", pages.letter_html),
            Route("/emails/{email_id}/raw", pages.letter_raw),
            Route("/2010-04-01/Accounts/{account_sid}/Messages.json", twilio.create_message, methods=["POST"]),
            Route("/2010-04-01/Accounts/{account_sid}/Messages.json", twilio.list_messages, methods=["GET"]),
            Route("/sms.do", smsapi.send, methods=["POST"]),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[
            Middleware(_SecurityHeaders),
            # Without this, a web page could point its own name at 127.0.0.1 and read the inbox (DNS rebinding).
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"], www_redirect=False),
        ],
    )
    return SandboxParts(app=app, inbox=inbox, reporter=reporter)


class Sandbox:
    """The whole sandbox inside the running event loop; an async context manager. Port 0 takes a free one."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        smtp_port: int = 0,
        account_sid: str = SANDBOX_ACCOUNT_SID,
        auth_token: str | None = None,
        sent_after: float = 0.3,
        final_after: float = 0.7,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not _is_loopback(host):
            raise ValueError("the sandbox listens on loopback addresses only")
        self.account_sid = account_sid
        self.auth_token = auth_token or secrets.token_hex(16)
        self._host = host
        self._http_port = http_port
        self._connection: dict[str, str] = {}
        self._parts = create_sandbox(
            account_sid=account_sid,
            auth_token=self.auth_token,
            connection=self._connection,
            clock=clock,
            sent_after=sent_after,
            final_after=final_after,
        )
        self._smtp = SmtpServer(self._parts.inbox, clock, host=host, port=smtp_port)
        self._http: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Sandbox(host={self._host!r}, http_port={self._http_port})"

    @property
    def base_url(self) -> str:
        """For `AWIZO_TWILIO_BASE_URL` and `AWIZO_SMSAPI_BASE_URL`; also where the inbox page is."""
        return f"http://{_in_url(self._host)}:{self._http_port}"

    @property
    def smtp_url(self) -> str:
        """For `AWIZO_SMTP_URL`."""
        return f"smtp://{_in_url(self._host)}:{self._smtp.port}"

    @property
    def inbox(self) -> Inbox:
        """All that was received, and a way to wait for more."""
        return self._parts.inbox

    @property
    def sms(self) -> tuple[SandboxSms, ...]:
        """Text messages in order of arrival."""
        return self._parts.inbox.sms

    @property
    def emails(self) -> tuple[SandboxEmail, ...]:
        """E-mails in order of arrival."""
        return self._parts.inbox.emails

    @property
    def reports_pending(self) -> int:
        """How many text messages are not yet reported to the end."""
        return self._parts.reporter.pending

    @property
    def connection(self) -> Mapping[str, str]:
        """The settings with which awizo sends to this sandbox, by name of the environment variable."""
        return dict(self._connection)

    async def __aenter__(self) -> Self:
        """Raises OSError when a port is taken."""
        listener = _listen(self._host, self._http_port)
        try:
            await self._smtp.start()
        except OSError:
            listener.close()
            raise
        self._http_port = listener.getsockname()[1]
        self._connection |= {
            "AWIZO_SMS_PROVIDERS": "twilio",
            "AWIZO_TWILIO_ACCOUNT_SID": self.account_sid,
            "AWIZO_TWILIO_AUTH_TOKEN": self.auth_token,
            "AWIZO_TWILIO_FROM": "Awizo",
            "AWIZO_TWILIO_BASE_URL": self.base_url,
            "AWIZO_SMSAPI_TOKEN": self.auth_token,
            "AWIZO_SMSAPI_FROM": "Awizo",
            "AWIZO_SMSAPI_BASE_URL": self.base_url,
            "AWIZO_EMAIL_PROVIDERS": "smtp",
            "AWIZO_EMAIL_FROM": "awizo@awizo.example",
            "AWIZO_SMTP_URL": self.smtp_url,
        }
        self._http = _Server(
            uvicorn.Config(
                self._parts.app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._serving = asyncio.create_task(self._http.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._parts.inbox.close()
        await self._parts.reporter.close()
        await self._smtp.close()
        if self._http is not None and self._serving is not None:
            self._http.should_exit = True
            await self._serving


async def run_sandbox(host: str, http_port: int, smtp_port: int) -> None:
    """Runs the sandbox with its well-known account until cancelled, after saying where it is."""
    async with Sandbox(host=host, http_port=http_port, smtp_port=smtp_port, auth_token=SANDBOX_AUTH_TOKEN) as sandbox:
        print(f"Inbox: {sandbox.base_url}/", *_lines(sandbox.connection), sep="\n", flush=True)  # noqa: T201 - a command
        await asyncio.Event().wait()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the process around it decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _SecurityHeaders:
    """Adds the page's policy to every answer that has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _lines(settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={setting}" for name, setting in settings.items()]
