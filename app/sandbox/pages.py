"""The inbox page: phones and letters side by side, live by server-sent events, whole without JavaScript."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import phonenumbers
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from app.sandbox.inbox import Inbox, SandboxEmail, SandboxSms
from app.sandbox.magic import MAGIC_ENDINGS, MAGIC_MAILBOXES, MAGIC_NUMBERS

_PHONES_MAX = 60
_LETTERS_MAX = 60
_HEARTBEAT = b": still here\n\n"
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
# Room for one part alone, and for each of several (3GPP TS 23.038, TS 23.040 §9.2.3.24.1).
_ROOM = {"gsm7": (160, 153), "ucs2": (70, 67)}
_ENCODINGS = {"gsm7": "GSM-7", "ucs2": "UCS-2"}

# What each of Twilio's statuses means to a reader, and the tone it is shown in.
_STATUS_WORDS: Mapping[str, tuple[str, str]] = {
    "queued": ("queued", "waiting"),
    "sent": ("sent", "waiting"),
    "delivered": ("delivered", "good"),
    "undelivered": ("not delivered", "bad"),
    "failed": ("failed", "bad"),
}

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A letter may style itself and be left by its links, and nothing else: no script, no request, an origin of its own.
_LETTER_FREEDOM = "allow-popups allow-popups-to-escape-sandbox"
_LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'self'; sandbox {_LETTER_FREEDOM}"
)
_BEFORE_HEAD = re.compile(r"\s*(?:<!doctype[^>]*>\s*)?(?:<html[^>]*>\s*)?(?:<head(?:\s[^>]*)?>)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One number and its messages, newest first."""

    number: str
    messages: tuple[SandboxSms, ...]

    @property
    def version(self) -> int:
        """Another number whenever the phone has to be shown anew."""
        return sum(1 + sms.version for sms in self.messages)


def phones_of(messages: tuple[SandboxSms, ...]) -> list[Phone]:
    """Groups messages by number; the phone that rang last comes first."""
    by_number: dict[str, list[SandboxSms]] = {}
    for sms in reversed(messages):
        by_number.setdefault(sms.to, []).append(sms)
    return [Phone(number=number, messages=tuple(received)) for number, received in by_number.items()]


class InboxPages:
    """The routes that people look at. `connection` is what awizo needs to know to send to this sandbox."""

    def __init__(self, inbox: Inbox, connection: Mapping[str, str]) -> None:
        self._inbox = inbox
        self._connection = connection
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"phone": format_phone, "linked": linked, "length": len}

    async def page(self, _request: Request) -> Response:
        """The whole inbox as HTML."""
        html = self._templates.get_template("inbox.html").render(
            phones=phones_of(self._inbox.sms)[:_PHONES_MAX],
            letters=self._inbox.emails[: -_LETTERS_MAX - 1 : -1],
            sms_total=len(self._inbox.sms),
            email_total=len(self._inbox.emails),
            version=self._inbox.version,
            connection=self._connection,
            magic_numbers=MAGIC_NUMBERS,
            magic_mailboxes=MAGIC_MAILBOXES,
            magic_endings=MAGIC_ENDINGS,
            status_words=_STATUS_WORDS,
            encodings=_ENCODINGS,
            room=room,
            letter_freedom=_LETTER_FREEDOM,
        )
        return Response(html, media_type="text/html")

    async def listing(self, _request: Request) -> Response:
        """The inbox as JSON, oldest first."""
        return JSONResponse(
            {
                "sms": [sms_json(sms) for sms in self._inbox.sms],
                "emails": [email_json(email) for email in self._inbox.emails],
            }
        )

    async def letter_html(self, request: Request) -> Response:
        """The HTML part of a letter, for the frame on the page; its links open outside, as in a mail program."""
        email = self._inbox.email(request.path_params["email_id"])
        if email is None:
            return _gone()
        headers = {"Content-Security-Policy": _LETTER_POLICY}
        return Response(opening_outside(email.html), media_type="text/html", headers=headers)

    async def letter_raw(self, request: Request) -> Response:
        """A letter's very bytes."""
        email = self._inbox.email(request.path_params["email_id"])
        return _gone() if email is None else Response(email.raw, media_type="text/plain; charset=utf-8")

    async def events(self, request: Request) -> Response:
        """Server-sent events: the inbox's version, at once and after each change."""
        seen = request.headers.get("last-event-id", "")
        return StreamingResponse(
            self._changes(int(seen[:9]) if seen.isascii() and seen.isdigit() else -1),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _changes(self, seen: int) -> AsyncIterator[bytes]:
        yield _HEARTBEAT
        while not self._inbox.closed:
            version = await self._inbox.next_change(seen)
            if version != seen:
                seen = version
                yield f"id: {version}\ndata: {version}\n\n".encode()


def format_phone(number: str) -> str:
    """A number as people read it, `+48 600 100 200`; one that is none stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def linked(text: str) -> Markup:
    """`text` as HTML in which web addresses are links."""
    pieces, end = [], 0
    for match in _LINK.finditer(text):
        pieces += [escape(text[end : match.start()]), _anchor(match[0])]
        end = match.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _anchor(url: str) -> Markup:
    return Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(url)


def opening_outside(html: str) -> str:
    """The same document, but links without a target of their own open a new page."""
    return _BEFORE_HEAD.sub(r'\g<0><base target="_blank">', html, count=1)


def room(sms: SandboxSms) -> int:
    """How many septets (GSM-7) or code units (UCS-2) the message's parts have room for."""
    alone, each = _ROOM[sms.encoding]
    return alone if sms.parts == 1 else each * sms.parts


def sms_json(sms: SandboxSms) -> dict[str, object]:
    """An SMS for `/inbox.json`."""
    return {
        "provider": sms.provider,
        "sid": sms.sid,
        "to": sms.to,
        "from": sms.sender,
        "body": sms.body,
        "encoding": sms.encoding,
        "units": sms.units,
        "parts": sms.parts,
        "validity_seconds": sms.validity_seconds,
        "status": sms.status,
        "error_code": sms.error_code,
        "status_callback": sms.status_callback,
        "reports": [{"status": report.status, "answered": report.answered} for report in sms.reports],
        "received_at": sms.received_at.isoformat(),
    }


def email_json(email: SandboxEmail) -> dict[str, object]:
    """An e-mail for `/inbox.json`; bytes of `raw` that are not UTF-8 are replaced."""
    return {
        "id": email.id,
        "envelope_from": email.envelope_from,
        "envelope_to": list(email.envelope_to),
        "from": email.sender,
        "to": email.to,
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "links": list(email.links),
        "raw": email.raw.decode("utf-8", "replace"),
        "received_at": email.received_at.isoformat(),
    }


def _gone() -> Response:
    return PlainTextResponse("This letter is no longer kept.", status_code=404)
