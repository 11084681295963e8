"""An SMTP server whose behaviour can be set stage by stage, also where no real server can be made to misbehave."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from tests.doubles.connections import Connections, reset

# `connect` is the greeting, `body` the moment after 354 with the message still to come, `dot` the reply to it.
STAGES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset", "quit")
_NORMAL = {
    "connect": "220 double ESMTP",
    "starttls": "220 2.0.0 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go ahead",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
}
_VERBS = {"EHLO": "ehlo", "STARTTLS": "starttls", "AUTH": "auth", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}
_VERBS |= {"RSET": "rset", "QUIT": "quit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Another reply than the usual one. `seconds_per_byte` makes it trickle; `then_close` ends the session."""

    reply: str
    seconds_per_byte: float = 0.0
    then_close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Says nothing more, reads nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Ends the connection without a reply: by a TCP reset, or in an orderly way."""

    orderly: bool = False


Action = Say | Hang | Drop


@dataclass(slots=True, kw_only=True)
class Letter:
    """A message whose final dot arrived, as it was before dot-stuffing. `reply` is what the client was told."""

    mail: str
    rcpt: list[str]
    mime: bytes
    reply: str | None = None


@dataclass(slots=True, kw_only=True)
class _Session:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    mail: str = ""
    rcpt: list[str] = field(default_factory=list)


class SmtpServer:
    """An async context manager. `act` is asked at each stage, with the 1-based number of the connection.

    `journal` holds each message whose final dot arrived, answered or not: what a person may have received.
    `commands` holds every line received, for each connection.
    """

    def __init__(
        self,
        act: Callable[[str, int], Action | None] | None = None,
        *,
        extensions: tuple[str, ...] = ("SIZE 10000000", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
    ) -> None:
        self.act: Callable[[str, int], Action | None] = act or (lambda _stage, _number: None)
        self.journal: list[Letter] = []
        self.commands: list[list[str]] = []
        self._extensions = extensions
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._connections = Connections(self._serve, tls=tls if implicit_tls else None)

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    @property
    def url(self) -> str:
        """For `AWIZO_SMTP_URL`."""
        scheme = "smtps" if self._implicit_tls else "smtp+starttls" if self._tls else "smtp"
        return f"{scheme}://127.0.0.1:{self._connections.port}"

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._connections.opened

    @property
    def live(self) -> int:
        """How many connections are open now."""
        return self._connections.live

    def at(self, stage: str, action: Action, *, times: int | None = None) -> None:
        """Acts like this at `stage`, `times` times or always, and as usual everywhere else."""
        left = [times]

        def act(asked: str, _number: int) -> Action | None:
            if asked != stage or left[0] == 0:
                return None
            left[0] = None if left[0] is None else left[0] - 1
            return action

        self.act = act

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(reader=reader, writer=writer, number=self.connections)
        commands: list[str] = []
        self.commands.append(commands)
        going = await self._perform(session, self._choose("connect", session))
        while going and (line := (await reader.readline()).decode("latin-1").rstrip("\r\n")):
            commands.append(line)
            going = await self._command(session, line)

    async def _command(self, session: _Session, line: str) -> bool:
        """Whether the session goes on."""
        stage = _VERBS.get(line.split(" ", maxsplit=1)[0].upper(), "unknown")
        action = self._choose(stage, session)
        if not await self._perform(session, action):
            return False
        match stage:
            case "mail":
                session.mail, session.rcpt = line, []
            case "rcpt":
                session.rcpt.append(line)
            case "starttls":
                assert self._tls is not None
                await session.writer.start_tls(self._tls)
            case "data" if isinstance(action, Say) and action.reply.startswith("354"):
                return await self._receive(session)
        return stage != "quit"

    async def _receive(self, session: _Session) -> bool:
        early = self.act("body", session.number)
        if early is not None and not await self._perform(session, early):
            return False
        lines = []
        while (line := await session.reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b"."))
        letter = Letter(mail=session.mail, rcpt=session.rcpt, mime=b"".join(lines))
        self.journal.append(letter)
        action = self._choose("dot", session)
        letter.reply = action.reply if isinstance(action, Say) else None
        return await self._perform(session, action)

    def _choose(self, stage: str, session: _Session) -> Action:
        special = self.act(stage, session.number)
        if special is not None:
            return special
        if stage == "dot":
            return Say(reply=f"250 2.0.0 Ok: queued as Q{len(self.journal)}")
        if stage == "ehlo":
            over_tls = session.writer.get_extra_info("sslcontext") is not None
            offered = [*self._extensions, *(["STARTTLS"] if self._tls and not over_tls else [])]
            *first, last = ["double", *offered]
            return Say(reply="\r\n".join([*(f"250-{text}" for text in first), f"250 {last}"]))
        return Say(reply=_NORMAL.get(stage, "502 5.5.2 not implemented"))

    async def _perform(self, session: _Session, action: Action) -> bool:
        """Whether the session goes on."""
        writer = session.writer
        match action:
            case Hang():
                await asyncio.Event().wait()
            case Drop(orderly=True):
                return False
            case Drop():
                reset(writer)
                return False
            case Say(reply=reply, seconds_per_byte=pause):
                for piece in [reply + "\r\n"] if not pause else reply + "\r\n":
                    writer.write(piece.encode("latin-1"))
                    await writer.drain()
                    await asyncio.sleep(pause)
                return not action.then_close
        return False
