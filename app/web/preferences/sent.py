"""What was sent and what was not, with the reason in words, and the proof of it to keep."""

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.calendar import zone
from app.domain.contact_value import masked
from app.domain.notification import Notification, Status
from app.rendering.catalog import marked
from app.storage import notifications as outbox
from app.storage.notifications import NotificationFilter
from app.usecases.prove_notification import NothingPublished, prove_notification
from app.web.pages import message_page
from app.web.preferences.visits import HOME, Visit, not_found, redirect, seeing, shown
from app.web.preferences.words import CHANNELS
from app.web.status_view import OTHER_REASON, REASONS
from app.web.transport import transport_headers

router = APIRouter(include_in_schema=False)

PAGE = 20

_CLOSED = marked("News of a closure or disruption")
KINDS = {
    "out_for_delivery": marked("The courier has an item today"),
    "attempt_failed": marked("An item could not be handed over"),
    "notice_left": marked("A paper notice was left"),
    "ready_for_pickup": marked("An item can be collected"),
    "terms_changed": marked("New place or day for collecting"),
    "delivered": marked("An item was handed over"),
    "refused": marked("An item was refused"),
    "pickup_expired": marked("The time for collecting is over"),
    "returned": marked("An item goes back to its sender"),
    "corrected": marked("An earlier message was wrong"),
    "delayed": marked("An item is late"),
    "damaged": marked("An item is damaged"),
    "lost": marked("An item cannot be found"),
    "address_problem": marked("An address is not clear"),
    "item_held": marked("An item is held"),
    "facility_unavailable": _CLOSED,
    "service_disruption": _CLOSED,
    "maintenance_planned": _CLOSED,
    "resolved": marked("A closure or disruption is over"),
    "reminder": marked("Reminder"),
    "last_day": marked("Tomorrow is the last day"),
    "confirmation": marked("Code to confirm a contact"),
    "sign_in": marked("Code to sign in"),
    "contact_changed": marked("Contacts were changed"),
}
OTHER_KIND = marked("Message")

STATUSES = {
    Status.HELD: marked("Waits for its time"),
    Status.QUEUED: marked("Is about to be sent"),
    Status.SENDING: marked("Is being sent"),
    Status.SENT: marked("Sent; there is no report yet"),
    Status.DELIVERED: marked("Delivered: a report says so"),
    Status.FAILED: marked("Could not be delivered"),
    Status.UNKNOWN: marked("Unknown whether it left"),
    Status.EXPIRED: marked("Not sent: its time had passed"),
    Status.CANCELLED: marked("Not sent: it was no longer true"),
}
NOT_SENT = marked("Not sent: %(reason)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message. `kind`, `channel`, `status` and `reason` are messages of the catalogs; `tone` a class of boxes."""

    id: UUID
    kind: str
    channel: str
    contact: str | None
    at: datetime
    status: str
    reason: str | None
    is_here: bool


@router.api_route("/preferences/sent", methods=["GET", "HEAD"])
async def sent(request: Request, before: str = "") -> Response:
    """Messages, newest first, a page at a time."""

    async def show(visit: Visit) -> Response:
        wanted = NotificationFilter(
            recipient=(visit.record.operator, visit.person.name), before=_position(before), limit=PAGE + 1
        )
        async with visit.services.database.read() as tx:
            found = await outbox.newest(tx, wanted)
        older = _cursor(found[PAGE - 1].id) if len(found) > PAGE else None
        return shown(
            visit,
            "sent.html",
            lines=tuple(_line(visit, each) for each in found[:PAGE]),
            older=older,
            is_first=not before,
            zone=zone(visit.person.time_zone),
        )

    return await seeing(request, show)


@router.api_route("/preferences/sent/{notification:uuid}/proof", methods=["GET", "HEAD"])
async def proof(request: Request, notification: UUID) -> Response:
    """The proof of a message, to check anywhere; of what went elsewhere, once a code was given that was sent there."""

    async def show(visit: Visit) -> Response:
        services = visit.services
        async with services.database.read() as tx:
            found = await outbox.by_id(tx, notification)
            if found is None or found.recipient != visit.record.id:
                return not_found(request)
            if not _is_here(visit, found):
                return redirect(request, f"{HOME}/again", then="sent")
            bundle = await prove_notification(
                tx,
                notification,
                opened=None,
                keys=services.keys,
                surroundings=services.surroundings,
                witnesses=services.witness_policy,
                quorum=services.witness_quorum,
            )
        if isinstance(bundle, NothingPublished):
            return message_page(
                request,
                409,
                marked("The proof is not ready yet"),
                marked("It will be in a few seconds. Go back and try once more."),
                headers={"Retry-After": "2"},
            )
        headers = {
            "Content-Disposition": f'attachment; filename="awizo-{notification}.json"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **transport_headers(request),
        }
        return Response(bundle.data, headers=headers, media_type="application/json")

    return await seeing(request, show)


def _is_here(visit: Visit, notification: Notification) -> bool:
    """Whether a message went, or would have gone, to the contact point by which the person is known just now."""
    contact = visit.visitor.contact
    return contact is not None and notification.contact in {contact.id, None}


def _line(visit: Visit, notification: Notification) -> Line:
    contact = visit.person.contact(notification.contact)
    reason, status = None, STATUSES.get(notification.status, NOT_SENT)
    if notification.status is Status.SUPPRESSED:
        reason = REASONS.get(notification.reason or "", OTHER_REASON)
    return Line(
        id=notification.id,
        kind=KINDS.get(notification.kind, OTHER_KIND),
        channel=CHANNELS[notification.channel],
        contact=masked(contact.channel, contact.value) if contact else None,
        at=notification.not_before or notification.created_at,
        status=status,
        reason=reason,
        is_here=_is_here(visit, notification),
    )


def _cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def _position(cursor: str) -> UUID | None:
    """The place that a link names; the first page for one that none of our pages has."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"==")) if cursor else None
    except ValueError:
        return None
