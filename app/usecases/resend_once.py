"""Send an unknown message once more, with the very bytes of the first time, where a deployment allows that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel
from app.domain.decision import last_check
from app.domain.notification import Attempt, Notification
from app.domain.quiet_hours import quiet_until
from app.domain.recipient import Consent, Recipient
from app.storage import events as event_store
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.overtaken_news import overtaken_news
from app.usecases.read_sent import Sent
from app.usecases.settle_attempts import Book
from app.usecases.start_attempt import Claimed, Sender, Starting


async def resend_once(
    tx: Tx, book: Book, unknown: Mapping[UUID, Attempt], sent: Mapping[UUID, Sent], *, sender: Sender
) -> list[Claimed]:
    """Start the one further attempt of each of these notifications that may still be sent; the others are left out.

    The book holds their locks. Consent, contact, time, quiet hours and truth are asked for as at the first time; the
    provider is the same, and so are the bytes.
    """
    candidates = [book.notifications[id_] for id_ in unknown if id_ in sent]
    permitted = await _permitted(tx, book, candidates, sent)
    starting = Starting(
        sheet=book.sheet,
        sender=sender,
        vault=tx.vault,
        surroundings=book.surroundings,
        lease=book.surroundings.new_id(),
        now=book.now,
    )
    claimed = []
    for notification in candidates:
        if notification.id in permitted:
            before = sent[notification.id]
            again = starting.start(
                replace(notification, resent=True),
                provider=unknown[notification.id].provider,
                to=before.to,
                consent=permitted[notification.id],
                content=before.content,
                key=book.keys[notification.id],
            )
            book.start(again)
            claimed.append(again)
    return claimed


async def _permitted(
    tx: Tx, book: Book, candidates: list[Notification], sent: Mapping[UUID, Sent]
) -> dict[UUID, Consent | None]:
    """Those that may be sent again, each with the consent that allows it."""
    records, _ = await recipient_store.sound_by_ids(tx, {n.recipient for n in candidates})
    keys = {record.id: record.key for record in records.values()}
    events = await event_store.decoded(tx, (n.event for n in candidates if n.event), keys)
    untrue = await overtaken_news(tx, candidates, events, keys, now=book.now)
    permitted = {}
    for notification in candidates:
        record = records.get(notification.recipient)
        recipient = record.recipient if record else None
        contact = recipient.contact(notification.contact) if recipient else None
        may_leave = (
            recipient is not None
            and last_check(recipient, notification, now=book.now) is None
            and contact is not None
            and contact.value == sent[notification.id].to
            and notification.expires_at > book.now
            and not _is_quiet(notification, recipient, book.now)
            and notification.id not in untrue
        )
        if may_leave and recipient is not None:
            permitted[notification.id] = recipient.consent(notification.channel, notification.purpose)
    return permitted


def _is_quiet(notification: Notification, recipient: Recipient, now: datetime) -> bool:
    """Whether an SMS would come at night: by the time that ends, the re-send would be no use."""
    if notification.channel is not Channel.SMS:
        return False
    return quiet_until(now, recipient.quiet_hours, recipient.time_zone) is not None
