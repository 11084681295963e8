"""SMTP submission to one relay (RFC 5321), over connections that are kept open.

The line that decides everything is the final dot: as long as it has not been written, the relay has no message; once
it has, only the relay's reply says what became of it. So DATA is driven here, command by command.
"""

import asyncio
import hashlib
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import cast
from uuid import UUID

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from adapters.smtp_email.relay import Security, SmtpRelay
from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought, Unclear
from app.domain.mail_status import AddressVerdict, enhanced_code, verdict_on_address
from app.domain.message import Outgoing, OutgoingEmail
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown

# Replies that say our access is broken, whatever the message (RFC 4954 §6): authentication required, mechanism too
# weak, credentials invalid, encryption required.
_ACCESS_CODES = frozenset({530, 534, 535, 538})
# The relay ends the session, for instance after its maximum of messages for one connection (RFC 5321 §3.8).
_CLOSING = 421
_TOO_LARGE = 552
# An address as it stands on a command line (RFC 5321 §4.1.2), without quoted and non-ASCII local parts. aiosmtplib
# would cut an address at the first character it does not like, and write to somebody else.
_ADDRESS = re.compile(r"""[!#-'*+\-/-9=?A-Z^-~]+(\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9.-]+\Z""")


class SmtpEmail:
    """`app.ports.Transport` for one SMTP relay.

    The bytes of a message go out as given, save for dot-stuffing; bytes that SMTP could not carry unchanged (bare CR
    or LF, no CRLF at the end, not ASCII) are not sent at all. `envid` names an attempt to the relay (RFC 3461 §4.4),
    which repeats the name in its delivery status notifications. Timeouts are in seconds: `connect_timeout` until a
    connection is ready, `command_timeout` for each reply before the final dot, `final_timeout` after it (RFC 5321
    §4.5.3.2.6 asks for ten minutes), `idle_max` how long an unused connection is kept.
    """

    channel = Channel.EMAIL
    looks_up = False
    reports = False
    has_keys = False

    def __init__(
        self,
        relay: SmtpRelay,
        *,
        capacity: int = 16,
        name: str = "smtp",
        envid: Callable[[UUID], str] = str,
        local_hostname: str | None = None,
        connect_timeout: float = 15.0,
        command_timeout: float = 60.0,
        final_timeout: float = 600.0,
        idle_max: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self._relay = relay
        self._envid = envid
        self._local_hostname = local_hostname or socket.gethostname() or "localhost"
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._final_timeout = final_timeout
        self._idle_max = idle_max
        self._tls_context = tls_context
        self._idle: list[_Connection] = []
        self._places = asyncio.Semaphore(capacity)
        self._closed = False

    def __repr__(self) -> str:
        return f"SmtpEmail(name={self.name!r}, host={self._relay.host!r}, capacity={self.capacity})"

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once to hand `message` to the relay; see `app.ports.Transport`."""
        if not isinstance(message, OutgoingEmail):
            return NotSent(stage="process", code="wrong-channel")
        fault = _unsendable(message)
        if fault is not None:
            return NotSent(stage="message", code=fault)
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._places.acquire()
        except TimeoutError:
            return NotSent(stage="pool", code="timeout")
        try:
            return await self._send_over_some(message)
        finally:
            self._places.release()

    async def look_up(self, sought: Sought) -> LookUp:  # noqa: ARG002 – the port's signature
        """Always unclear; see `app.ports.Transport`."""
        return Unclear(reason="this provider cannot be asked")

    async def close(self) -> None:
        """Says QUIT on idle connections and closes them; a second call does nothing."""
        self._closed = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit() for connection in idle))

    async def _send_over_some(self, message: OutgoingEmail) -> Outcome:
        """Uses an idle connection, passing over those that the relay has closed meanwhile, else opens one."""
        while (connection := self._take_idle()) is not None:
            outcome = await self._send_over(connection, message)
            if not connection.was_stale:
                return outcome
        opened = await self._open()
        return opened if isinstance(opened, NotSent) else await self._send_over(opened, message)

    async def _send_over(self, connection: "_Connection", message: OutgoingEmail) -> Outcome:
        reusable = False
        try:
            outcome = await connection.transact(message, envid=self._envid(message.attempt))
            reusable = connection.is_clean and not self._closed
            return outcome
        finally:
            if reusable:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
            else:
                connection.close()

    def _take_idle(self) -> "_Connection | None":
        """The connection used last, so that surplus ones grow old and are closed."""
        now = asyncio.get_running_loop().time()
        while self._idle and now - self._idle[0].idle_since > self._idle_max:
            self._idle.pop(0).close()
        return self._idle.pop() if self._idle else None

    async def _open(self) -> "_Connection | NotSent":
        if self._closed:
            return NotSent(stage="process", code="closed")
        relay = self._relay
        smtp = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=self._local_hostname,
            timeout=self._command_timeout,
            use_tls=relay.security is Security.TLS,
            start_tls=False,  # upgraded below, where a failure has its own stage
            tls_context=self._context(),
        )
        stage = "connect"
        ready = False
        try:
            async with asyncio.timeout(self._connect_timeout):
                await smtp.connect()
                await smtp.ehlo()
                if relay.security is Security.STARTTLS:
                    stage = "tls"
                    await smtp.starttls()
                    await smtp.ehlo()
                if relay.username is not None and relay.password is not None:
                    stage = "auth"
                    await smtp.login(relay.username, relay.password)
            ready = True
        except Exception as error:  # noqa: BLE001 - the port promises outcomes; no message has been named yet
            return _not_connected(error, stage)
        finally:
            if not ready:
                smtp.close()
        return _Connection(smtp, command_timeout=self._command_timeout, final_timeout=self._final_timeout)

    def _context(self) -> ssl.SSLContext | None:
        if self._tls_context is None and self._relay.security is not Security.NONE:
            self._tls_context = ssl.create_default_context()
        return self._tls_context


class _Connection:
    """One session with the relay, used for one message at a time."""

    def __init__(self, smtp: SMTP, *, command_timeout: float, final_timeout: float) -> None:
        self._smtp = smtp
        self._command_timeout = command_timeout
        self._final_timeout = final_timeout
        transport = cast("asyncio.WriteTransport", smtp.transport)
        # With hardly any room for pending bytes, `drain` returns only when the kernel (over TLS: the transport below)
        # has taken all of a message. No room at all, `high=0`, makes TLS transports pause when nothing is pending.
        transport.set_write_buffer_limits(high=1, low=0)
        self._protocol = cast("SMTPProtocol", smtp.protocol)
        self._writer = asyncio.StreamWriter(transport, self._protocol, None, asyncio.get_running_loop())
        self._peer = _peer_digest(transport)
        self._used = False
        self.idle_since = 0.0
        self.was_stale = False
        self.is_clean = False

    async def transact(self, message: OutgoingEmail, *, envid: str) -> Outcome:
        """One mail transaction (RFC 5321 §3.3). Afterwards `is_clean` says whether another one may follow.

        `was_stale` says that a connection which had served before was closed by the relay in the meantime.
        """
        self.is_clean = False
        stage = "mail"
        try:
            await self._mail(message, envid)
            stage = "rcpt"
            await self._rcpt(message.to)
            stage = "data"
            await self._data(message.mime)
            self._protocol.write(b".\r\n")
        except SMTPResponseException as refusal:
            self.was_stale = self._used and stage == "mail" and refusal.code == _CLOSING
            await self._reset()
            return _refused(refusal.code, _reply(refusal.code, refusal.message), stage)
        except Exception as error:  # noqa: BLE001 - whatever it was, the dot has not been written
            self.was_stale = self._used and stage == "mail" and isinstance(error, SMTPServerDisconnected)
            return NotSent(stage=stage, code=_name(error))
        self._used = True
        return await self._final_reply()

    async def _mail(self, message: OutgoingEmail, envid: str) -> None:
        options = []
        if self._smtp.supports_extension("size"):
            options.append(f"SIZE={len(message.mime)}")
        if self._smtp.supports_extension("dsn"):
            options += ["RET=HDRS", f"ENVID={envid}"]
        await self._smtp.mail(message.envelope_from, options=options)

    async def _rcpt(self, to: str) -> None:
        options = None
        if self._smtp.supports_extension("dsn"):
            options = ["NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(to)}"]
        await self._smtp.rcpt(to, options=options)

    async def _data(self, mime: bytes) -> None:
        """Writes everything but the final dot."""
        go_ahead = await self._smtp.execute_command(b"DATA")
        if go_ahead.code != 354:
            raise SMTPResponseException(go_ahead.code, go_ahead.message)
        self._protocol.write(_dot_stuffed(mime))
        async with asyncio.timeout(self._command_timeout):
            await self._writer.drain()

    async def _final_reply(self) -> Outcome:
        try:
            code, text = await self._protocol.read_response(timeout=self._final_timeout)
        except Exception as error:  # noqa: BLE001 - the dot was written and nobody said what became of the message
            return Unknown(stage="response", code=_name(error))
        reply = _reply(code, text)
        if not 200 <= code < 600 or 300 <= code < 400:
            return Unknown(stage="response", code=str(code), reply=reply)
        self.is_clean = code != _CLOSING and self._smtp.is_connected
        if code < 300:
            return Accepted(provider_id=_queue_id(text), reply=reply, code=str(code), peer=self._peer)
        return _refused(code, reply, "data")

    async def _reset(self) -> None:
        """Ends a refused transaction, so that the connection can serve the next message."""
        with suppress(Exception):
            await self._smtp.rset(timeout=5.0)
            self._used = True
            self.is_clean = True

    async def quit(self) -> None:
        """Takes leave of the relay, waiting no longer than two seconds for its answer."""
        with suppress(Exception):
            await self._smtp.quit(timeout=2.0)
        self.close()

    def close(self) -> None:
        """Ends the connection at once. What the kernel has not taken yet is dropped, not sent behind our back."""
        self._writer.transport.abort()
        self._smtp.close()


def _unsendable(message: OutgoingEmail) -> str | None:
    """Why SMTP without extensions cannot carry this message unchanged, or None."""
    mime = message.mime
    line_ends = mime.count(b"\r\n")
    if not mime.endswith(b"\r\n") or mime.count(b"\n") != line_ends or mime.count(b"\r") != line_ends:
        return "not-crlf"
    if not mime.isascii() or b"\0" in mime:
        return "not-ascii"
    if not _ADDRESS.match(message.to) or not _ADDRESS.match(message.envelope_from):
        return "address"
    return None


def _dot_stuffed(mime: bytes) -> bytes:
    """RFC 5321 §4.5.2: a line that begins with a dot gets another one."""
    stuffed = mime.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _not_connected(error: Exception, stage: str) -> NotSent:
    """What went wrong before a message was named. A relay that offers no log-in pauses us like a wrong password."""
    if isinstance(error, SMTPResponseException):
        reply = _reply(error.code, error.message)
        pause = error.code in _ACCESS_CODES
        return NotSent(stage=stage, code=str(error.code), reply=reply, pause=pause)
    if isinstance(error, TimeoutError):
        return NotSent(stage=stage, code="timeout")
    cause = error.__cause__ or error
    if isinstance(cause, socket.gaierror):
        stage = "dns"
    elif isinstance(cause, ssl.SSLError):
        stage = "tls"
    return NotSent(stage=stage, code=_name(cause), pause=stage == "auth" and type(error) is SMTPException)


def _refused(code: int, reply: bytes, stage: str) -> Refused | NotSent:
    if code in _ACCESS_CODES:
        return NotSent(stage="auth", code=str(code), reply=reply, pause=True)
    if 400 <= code < 500 or (code < 600 and _speaks_of_us(code, reply, stage)):
        return Refused(permanence=Permanence.TEMPORARY, stage=stage, code=str(code), reply=reply)
    if 500 <= code < 600:
        said = _of_the_address(reply) if stage in {"rcpt", "data"} else AddressVerdict()
        return Refused(
            permanence=Permanence.PERMANENT,
            stage=stage,
            code=str(code),
            reply=reply,
            hard=said.hard,
            bounced=said.bounced,
        )
    return NotSent(stage=stage, code=str(code), reply=reply)


def _speaks_of_us(code: int, reply: bytes, stage: str) -> bool:
    """Whether a refusal is about our access or our sender: another relay, or this one once it is set up, may take it.

    Before a recipient is named only the size (552) can speak of the message.
    """
    return (stage == "mail" and code != _TOO_LARGE) or (stage == "rcpt" and b"relay" in reply.lower())


def _of_the_address(reply: bytes) -> AddressVerdict:
    """What a relay's refusal says of the one recipient of the message."""
    text = reply.decode("utf-8", "replace")
    return verdict_on_address(enhanced_code(text), text)


def _xtext(address: str) -> str:
    """An address as the value of a parameter (RFC 3461 §4): a plus or an equals sign would end it."""
    return address.replace("+", "+2B").replace("=", "+3D")


def _name(error: BaseException) -> str:
    return "timeout" if isinstance(error, TimeoutError) else type(error).__name__


def _reply(code: int, text: str) -> bytes:
    """The reply's lines as they came, without white space at their ends (aiosmtplib strips it)."""
    *first, last = text.split("\n")
    lines = [f"{code}-{line}" for line in first] + [f"{code} {last}"]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _queue_id(text: str) -> str | None:
    """The relay's own name for the message, from `… queued as 4ZqkQ2` (Postfix, Sendgrid) or `… id=1t2x` (Exim)."""
    for mark in ("queued as ", " id="):
        _, found, rest = text.partition(mark)
        words = rest.split()
        if found and words and words[0].isascii():
            return words[0][:128]
    return None


def _peer_digest(transport: asyncio.BaseTransport) -> str | None:
    tls = transport.get_extra_info("ssl_object")
    leaf = tls.getpeercert(binary_form=True) if tls else None
    return hashlib.sha256(leaf).hexdigest() if leaf else None
