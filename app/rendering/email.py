"""The e-mail of a notice: text and HTML that say the same, in one checked MIME message."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from jinja2 import PackageLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.domain.message import EmailContent
from app.rendering.catalog import letter_speaker
from app.rendering.dates import local
from app.rendering.letter import Letter, letter_of
from app.rendering.mime import (
    BOUNDARY,
    MessageRefusedError,
    address_value,
    date_value,
    message_id_value,
    multipart,
    sender_value,
    subject_value,
    web_address,
)
from app.rendering.notice import TEMPLATE_VERSIONS, Notice

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=PackageLoader("app.rendering"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_HTML = _ENVIRONMENT.get_template("letter.html")
_TEXT = _ENVIRONMENT.get_template("letter.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailEnvelope:
    """Who writes to whom, when, and how to leave.

    `sender` is an address or `Name <address>`, `to` a bare address, `message_id` `<notification-id@host>`, `date`
    aware. The URLs are ours: one that POST ends this kind of e-mail (RFC 8058), the page of the notice, on which
    something can be said about it, and one to the settings, if any.
    """

    sender: str
    to: str = field(repr=False)
    message_id: str
    date: datetime
    unsubscribe_url: str = field(repr=False)
    notice_url: str = field(repr=False)
    preferences_url: str | None = field(default=None, repr=False)


class Link(NamedTuple):
    """A link to our own pages, with the words that stand for it. Templates unpack it in this order."""

    label: str
    url: str


def render_email(notice: Notice, envelope: EmailEnvelope) -> EmailContent:
    """The notice as an e-mail, the same bytes for the same values.

    A message about the service itself has its own page for a link and no way to end it: it needs no consent, and who
    gets somebody else's code by mistake must not end what that person has agreed to. Raises MessageRefusedError when
    the envelope cannot stand in a header: an address that is none or needs SMTPUTF8, a Message-ID or URL of another
    form, a page on another host than the unsubscribe page.
    """
    letter = letter_of(notice, sent_on=local(envelope.date, notice.zone).date())
    said = {
        "language": letter.language,
        "subject": letter.subject,
        "preheader": letter.preheader,
        "phrase": letter.phrase,
        "heading": letter.heading,
        "lead": letter.lead,
        "sections": letter.sections,
        "notice_url": web_address(envelope.notice_url),
        "closing": letter.closing,
        "links": _links(letter, notice, envelope),
    }
    return EmailContent(
        mime=multipart(
            _headers(letter, envelope, may_leave=notice.page is None),
            text=_TEXT.render(said),
            html=_HTML.render(said),
        ),
        template=letter.template,
        template_version=TEMPLATE_VERSIONS[letter.template],
    )


def _headers(letter: Letter, envelope: EmailEnvelope, *, may_leave: bool) -> list[tuple[str, str]]:
    way_out = [
        ("List-Unsubscribe", f"<{web_address(envelope.unsubscribe_url)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
    return [
        ("From", sender_value(envelope.sender)),
        ("To", address_value(envelope.to)),
        ("Subject", subject_value(letter.subject)),
        ("Date", date_value(envelope.date)),
        ("Message-ID", message_id_value(envelope.message_id)),
        *(way_out if may_leave else ()),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", letter.language),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{BOUNDARY}"'),
    ]


def _links(letter: Letter, notice: Notice, envelope: EmailEnvelope) -> tuple[Link, ...]:
    say = letter_speaker(letter.language)
    if notice.page is not None:
        label = say("Page for the code") if notice.code else say("Your settings")
        return (_own_link(label, notice.page, envelope),)
    own = _own_link(say("This notice as a page: what is so now"), envelope.notice_url, envelope)
    leave = Link(label=say("Stop these e-mails"), url=web_address(envelope.unsubscribe_url))
    if envelope.preferences_url is None:
        return (own, leave)
    return (own, _own_link(say("Your settings"), envelope.preferences_url, envelope), leave)


def _own_link(label: str, url: str, envelope: EmailEnvelope) -> Link:
    if _origin(url) != _origin(envelope.unsubscribe_url):
        raise MessageRefusedError("a page is on another host than the unsubscribe page")
    return Link(label=label, url=web_address(url))


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
