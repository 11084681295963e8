"""Leaving with one click: the page behind every e-mail's unsubscribe link, and the POST that mail programs send.

The token is the authority, so whoever holds the link may use it and nobody else can; there is no session that
another site could ride on. GET and HEAD change nothing, because scanners and previews follow links.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from functools import partial
from typing import Literal
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from app.domain.calendar import zone
from app.domain.channel import Channel, Purpose
from app.domain.contact_value import masked
from app.domain.notification import Notification
from app.domain.recipient import Consent, ContactPoint, ContactState, Recipient
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.rendering.catalog import marked
from app.rendering.words import OPERATORS
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import CommitUnknownError, DatabaseUnavailableError, Tx
from app.usecases.unsubscribe_link import notification_of_token
from app.usecases.withdraw_consent import withdraw_consent
from app.web.body import read_body
from app.web.pages import commit_unknown, message_page, page, page_language
from app.web.services import services_of

router = APIRouter(include_in_schema=False)

# How the person asked, as the log keeps it. `post` is a POST that says neither.
Method = Literal["one_click", "page", "post"]

PURPOSES = {
    Purpose.DELIVERY: marked("Paper notices, items to collect, reminders"),
    Purpose.PROGRESS: marked("Items on their way, items delivered"),
    Purpose.INCIDENT: marked("Delays, closed offices and other disruptions"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How e-mails to one person stand, in messages of the catalogs: what is sent, and what no longer since when.

    `address` is masked, and None when the contact point is no longer known. `sms` says whether texts are sent.
    """

    operator: str
    address: str | None = field(repr=False)
    other_addresses: bool
    sent: tuple[str, ...]
    ended: tuple[str, ...]
    ended_at: datetime | None
    sms: bool
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whom a genuine link concerns; `recipient` is None once the person was erased."""

    notification: Notification
    recipient: Recipient | None

    @property
    def language(self) -> str | None:
        """The person's own language, if it is known."""
        return self.recipient.language if self.recipient else None


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:
    """Show what the button would end, or that it has ended. Changes nothing, however often it is called."""
    database = services_of(request).database

    async def look(notification: UUID) -> Response:
        async with database.read() as tx:
            found = await _find(tx, notification)
        return _unknown(request) if found is None else _answer(request, found, acted=False)

    return await _with_token(request, token, look)


@router.post("/u/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    """End all e-mail consents of the person the link was sent to. Repeating it changes nothing and answers the same.

    Any POST of at most 4 KiB counts, whatever its body: a mail program that words it otherwise than RFC 8058 must
    not lose a person's wish. How it was worded is sealed with the withdrawal. A longer one is answered 413.
    """
    services = services_of(request)

    async def end(notification: UUID) -> Response:
        body = await read_body(request)
        if body is None:
            return message_page(
                request,
                413,
                marked("We cannot accept this request"),
                marked("Nothing has changed."),
                marked("Open the link from the e-mail again and use the button on the page."),
            )
        act = _Act(
            notification=notification,
            method=method_of(request.headers.get("content-type", ""), body),
            language_of=partial(page_language, request),
        )
        found = await services.database.transact(lambda tx: _withdraw(tx, act, services.surroundings))
        return _unknown(request) if found is None else _answer(request, found, acted=True)

    return await _with_token(request, token, end)


async def _with_token(request: Request, token: str, answer: Callable[[UUID], Awaitable[Response]]) -> Response:
    """What `answer` says about a genuine token; a page that says why not, for any other or while we cannot keep it."""
    services = services_of(request)
    if services.log_watch.fault is not None:
        return _unavailable(request, retry_after=60)
    notification = notification_of_token(services.database.vault, token)
    if notification is None:
        return _unknown(request)
    try:
        return await answer(notification)
    except CommitUnknownError:
        return commit_unknown(request)
    except DatabaseUnavailableError:
        return _unavailable(request, retry_after=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """What somebody did with a genuine link. `language_of` is the page's language for a reader of that own one."""

    notification: UUID
    method: Method
    language_of: Callable[[str | None], str]

    def statement(self, language: str) -> bytes:
        """The JCS of it, to be sealed; `language` is the one in which it was asked and answered."""
        return canonical_json(
            {
                "act": "unsubscribe",
                "channel": Channel.EMAIL,
                "language": language,
                "method": self.method,
                "notification": str(self.notification),
            }
        )


async def _withdraw(tx: Tx, act: _Act, surroundings: Surroundings) -> Found | None:
    """How things stand after the act; None when no notification has that id."""
    found = await _find(tx, act.notification)
    if found is None or found.recipient is None:
        return found
    await withdraw_consent(
        tx,
        found.recipient.id,
        Channel.EMAIL,
        found.notification.contact,
        method=act.method,
        statement=act.statement(act.language_of(found.language)),
        surroundings=surroundings,
    )
    return await _find(tx, act.notification)


async def _find(tx: Tx, notification_id: UUID) -> Found | None:
    notification = await outbox.by_id(tx, notification_id)
    if notification is None:
        return None
    records = await recipient_store.by_ids(tx, [notification.recipient])
    record = records.get(notification.recipient)
    return Found(notification=notification, recipient=record.recipient if record else None)


def method_of(content_type: str, body: bytes) -> Method:
    """How the person asked, by the form that was posted, in either of the two encodings that RFC 8058 §3.2 allows."""
    if content_type.strip().lower().startswith("multipart/form-data"):
        fields = _multipart_fields(content_type, body)
    else:
        fields = set(parse_qsl(body.decode("utf-8", "replace")))
    if ("List-Unsubscribe", "One-Click") in fields:
        return "one_click"
    return "page" if ("from", "page") in fields else "post"


def _multipart_fields(content_type: str, body: bytes) -> set[tuple[str, str]]:
    head = f"Content-Type: {' '.join(content_type.split())}\r\n\r\n"
    form = message_from_bytes(head.encode("latin-1", "replace") + body)
    return {
        (str(part.get_param("name", header="content-disposition")), str(part.get_payload()).strip())
        for part in form.walk()
        if not part.is_multipart()
    }


def _answer(request: Request, found: Found, *, acted: bool) -> Response:
    recipient = found.recipient
    standing = _standing(recipient, found.notification) if recipient else None
    template = "unsubscribe.html" if standing and standing.sent else "unsubscribed.html"
    return page(request, template, language=found.language, standing=standing, acted=acted)


def _standing(recipient: Recipient, notification: Notification) -> Standing:
    consents = [consent for consent in recipient.consents if consent.channel is Channel.EMAIL]
    ended = [consent for consent in consents if not consent.granted and consent.version]
    contact = recipient.contact(notification.contact)
    return Standing(
        operator=OPERATORS.get(recipient.operator, recipient.operator),
        address=masked(contact.channel, contact.value) if contact else None,
        other_addresses=any(other is not contact for other in _active(recipient, Channel.EMAIL)),
        sent=_purposes(consent for consent in consents if consent.granted),
        ended=_purposes(ended),
        ended_at=max((consent.at for consent in ended), default=None),
        sms=bool(_active(recipient, Channel.SMS))
        and any(consent.granted for consent in recipient.consents if consent.channel is Channel.SMS),
        zone=zone(recipient.time_zone),
    )


def _purposes(consents: Iterable[Consent]) -> tuple[str, ...]:
    """The messages that name these consents' purposes, in the order of the table."""
    named = {consent.purpose for consent in consents}
    return tuple(words for purpose, words in PURPOSES.items() if purpose in named)


def _active(recipient: Recipient, channel: Channel) -> list[ContactPoint]:
    return [
        point for point in recipient.contact_points if point.channel is channel and point.state is ContactState.ACTIVE
    ]


def _unknown(request: Request) -> Response:
    """The same for a token that is damaged, forged, or of a notification that is no more."""
    return message_page(
        request,
        404,
        marked("This link does not work"),
        marked("Nothing has changed."),
        marked("Part of the address may be missing. Open the link in the e-mail once more, from the message itself."),
        marked("You can also ask the operator that delivers your items to stop the e-mails."),
    )


def _unavailable(request: Request, *, retry_after: int) -> Response:
    return message_page(
        request,
        503,
        marked("We cannot record your choice right now"),
        marked("Nothing has changed."),
        marked("Try again in a few minutes. The link from the e-mail stays valid."),
        headers={"Retry-After": str(retry_after)},
    )
