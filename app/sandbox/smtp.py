"""A small SMTP server (RFC 5321) that keeps what it is given."""

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from app.sandbox.inbox import Inbox, SandboxEmail
from app.sandbox.letters import read_letter
from app.sandbox.magic import MAGIC_ENDINGS, MAGIC_MAILBOXES

_SIZE_MAX = 10 * 1024 * 1024
_IDLE_SECONDS = 300.0
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>", re.IGNORECASE)


@dataclass(slots=True)
class _Envelope:
    """What one session has said since the last message. `sender` is None before MAIL."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class SmtpServer:
    """Listens on a loopback address; `port` is the one it got once started."""

    def __init__(self, inbox: Inbox, clock: Callable[[], datetime], *, host: str, port: int) -> None:
        self._inbox = inbox
        self._clock = clock
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._accept, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends all sessions."""
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A client that vanishes, stays silent or sends endless lines only ends its own session.
            with suppress(ConnectionError, TimeoutError, ValueError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        envelope = _Envelope()
        reply = "220 awizo sandbox ESMTP"
        while reply:
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
            if reply.startswith("221"):
                return
            if reply.startswith("354"):
                reply = await self._receive(reader, envelope)
                envelope = _Envelope()
                continue
            async with asyncio.timeout(_IDLE_SECONDS):
                line = await reader.readline()
            if not line:
                return
            reply = _answer(line.decode("utf-8", "replace").strip(), envelope)

    async def _receive(self, reader: asyncio.StreamReader, envelope: _Envelope) -> str:
        """Reads up to the final dot, and gives the reply to it."""
        raw, size = [], 0
        async with asyncio.timeout(_IDLE_SECONDS):
            while (line := await reader.readline()) != b".\r\n":
                if not line:
                    return ""
                size += len(line)
                if size <= _SIZE_MAX:
                    raw.append(line.removeprefix(b"."))
        if size > _SIZE_MAX:
            return "552 5.3.4 message too big"
        ending = next(
            (MAGIC_ENDINGS[name] for name in map(_mailbox, envelope.recipients) if name in MAGIC_ENDINGS), None
        )
        if ending is not None:
            return ending
        email = _kept(b"".join(raw), envelope, self._clock())
        self._inbox.add_email(email)
        return f"250 2.0.0 Ok: queued as {email.id}"


_FIXED_REPLIES = {
    "EHLO": f"250-awizo sandbox\r\n250-SIZE {_SIZE_MAX}\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
    "HELO": "250 awizo sandbox",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


def _answer(line: str, envelope: _Envelope) -> str:
    verb, _, rest = line.partition(" ")
    match verb.upper():
        case "MAIL":
            return _mail(rest, envelope)
        case "RCPT":
            return _rcpt(rest, envelope)
        case "DATA":
            return "354 end with a dot" if envelope.recipients else "503 5.5.1 RCPT first"
        case "RSET":
            envelope.sender, envelope.recipients = None, []
            return "250 2.0.0 ok"
        case other:
            return _FIXED_REPLIES.get(other, "502 5.5.2 not implemented")


def _mail(rest: str, envelope: _Envelope) -> str:
    path = _PATH.match(rest)
    if path is None:
        return "501 5.5.4 MAIL FROM:<address>"
    envelope.sender, envelope.recipients = path[1], []
    return "250 2.1.0 ok"


def _rcpt(rest: str, envelope: _Envelope) -> str:
    path = _PATH.match(rest)
    if envelope.sender is None:
        return "503 5.5.1 MAIL first"
    if path is None or "@" not in path[1]:
        return "501 5.5.4 RCPT TO:<address>"
    refusal = MAGIC_MAILBOXES.get(_mailbox(path[1]))
    if refusal is not None:
        return refusal
    envelope.recipients.append(path[1])
    return "250 2.1.5 ok"


def _mailbox(address: str) -> str:
    return address.partition("@")[0].lower()


def _kept(raw: bytes, envelope: _Envelope, now: datetime) -> SandboxEmail:
    letter = read_letter(raw)
    return SandboxEmail(
        id=secrets.token_hex(8),
        envelope_from=envelope.sender or "",
        envelope_to=tuple(envelope.recipients),
        raw=raw,
        sender=letter.sender,
        to=letter.to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        links=letter.links,
        received_at=now,
    )
