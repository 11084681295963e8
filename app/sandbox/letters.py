"""Reads an e-mail for display. Whatever the bytes are, something can be shown."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser

_LINK = re.compile(r"https?://[^\s<>\"'\])]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The parts of an e-mail that the inbox page shows; a part that is missing is empty."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    links: tuple[str, ...]


def read_letter(raw: bytes) -> Letter:
    """Reads `raw` (RFC 5322, MIME). Never raises; links are http(s) only, each once, in order of appearance."""
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    text, html = _body(message, "plain"), _body(message, "html")
    return Letter(
        sender=_header(message, "From"),
        to=_header(message, "To"),
        subject=_header(message, "Subject"),
        text=text,
        html=html,
        links=tuple(dict.fromkeys([*links_in_html(html), *_LINK.findall(text)])),
    )


def links_in_html(html: str) -> list[str]:
    """The http(s) targets of the links in `html`."""
    collector = _Links()
    collector.feed(html)
    return collector.found


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        if tag == "a" and _LINK.fullmatch(target):
            self.found.append(target)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - the parser raises many kinds of error for headers that no mail program writes
        return ""


def _body(message: EmailMessage, subtype: str) -> str:
    try:
        part = message.get_body((subtype,))
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
    except Exception:  # noqa: BLE001 - unknown charsets, broken base64 and the like: the raw view shows them
        return ""
