"""What the page of a notice shows: what was told, how it stands now, and what was said about it. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import partial
from uuid import UUID

from app.domain.channel import Channel
from app.domain.event import AREA_INCIDENT_KINDS, Event
from app.domain.notification import Notification
from app.domain.recipient import Recipient
from app.domain.statement import Statement, StatementKind, statements_about
from app.domain.stay import Known, as_it_stands
from app.rendering.notice import Notice
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import statements as statement_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.incident_contexts import incident_contexts
from app.usecases.message_contexts import MessageContext, message_contexts
from app.usecases.read_outages import places_of, read_outages
from app.usecases.render_message import notice_of
from app.usecases.say_about_notice import items_of, kinds_of


class Unreadable(Enum):
    """Why there is nothing to show."""

    UNKNOWN = "unknown"  # there never was such a page, or nothing at all is left of it
    GONE = "gone"  # the person was erased, or what was told is kept no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeNow:
    """A notification and how what it told of stands now.

    `notice` is what a message would say now; `told_place` the id of the place that was named when the news came.
    `known` is None of what is no news of a single shipment. `untrue`: news of an incident that is no longer so.
    `answers` are what can be said about it, `said` what was.
    """

    notification: Notification
    recipient: Recipient
    notice: Notice
    known: Known | None = field(repr=False)
    told_place: str | None
    untrue: bool
    answers: tuple[StatementKind, ...]
    said: Mapping[StatementKind, Statement]


async def read_notice(tx: Tx, notification_id: UUID, *, now: datetime) -> NoticeNow | Unreadable:
    """The page of a notification that was sent by e-mail."""
    notification = await outbox.by_id(tx, notification_id)
    if notification is None or notification.channel is not Channel.EMAIL or notification.event is None:
        return Unreadable.UNKNOWN
    record = (await recipient_store.by_ids(tx, [notification.recipient])).get(notification.recipient)
    if record is None or record.recipient is None:
        return Unreadable.GONE
    keys = {record.id: record.key}
    event = (await event_store.decoded(tx, [notification.event], keys)).get(notification.event)
    if event is None:
        return Unreadable.GONE
    items = await items_of(tx, notification)
    milestones = await event_store.milestones(tx, items.keys(), keys)
    own = milestones.get(notification.shipment_index or b"", [])
    outages = await read_outages(tx, places_of(milestones))
    touched = partial(outages.touching, notification.operator, shipment_index=notification.shipment_index)
    known = as_it_stands(own, now=now, touched=touched) if own else None
    context, untrue = await _context(tx, notification, record, known, now=now)
    said = (await statement_store.of_notifications(tx, [notification.id])).get(notification.id, [])
    return NoticeNow(
        notification=notification,
        recipient=record.recipient,
        notice=_notice(notification, event, record.recipient, context, now=now),
        known=known,
        told_place=event.facility.id if event.facility else None,
        untrue=untrue,
        answers=statements_about(notification.kind, kinds_of(milestones)),
        said={statement.kind: statement for statement in said},
    )


async def _context(
    tx: Tx, notification: Notification, record: RecipientRecord, known: Known | None, *, now: datetime
) -> tuple[MessageContext, bool]:
    """What a message would be made of now, and whether its news of an incident is no longer so."""
    if notification.kind in AREA_INCIDENT_KINDS:
        found = (await incident_contexts(tx, [notification], {record.id: record})).get(notification.id)
        news = found.news if found else ()
        return MessageContext(incidents=news), not news or (found is not None and found.untrue is not None)
    contexts = await message_contexts(tx, [notification], {record.id: record.key}, now=now)
    return replace(contexts.get(notification.id, MessageContext()), known=known), False


def _notice(
    notification: Notification, event: Event, recipient: Recipient, context: MessageContext, *, now: datetime
) -> Notice:
    """A reminder names the day that was safe when it was sent; the page names the one that is safe now."""
    return notice_of(replace(notification, collect_by=None), event, recipient, context=context, now=now)
