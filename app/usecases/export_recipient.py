"""Everything that is known of a person, for that person (GDPR art. 15, 20): found once, then read page by page."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.complaint import Complaint
from app.domain.hold import Hold
from app.domain.notification import Attempt, Notification
from app.domain.service_message import closed_fields
from app.evidence.fact import Opening
from app.ports import Surroundings
from app.storage import complaints as complaint_store
from app.storage import contact_failures, legal_holds
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.contact_failures import KeptFailure
from app.storage.database import Database, Tx
from app.storage.events import AcceptedEvent
from app.storage.facts import StoredFact
from app.storage.receipts import StoredReceipt
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import new_fact_sheet

PAGE = 50

CONSENTS = ("consent.granted", "consent.withdrawn")
CONTACTS = ("contact.added", "contact.verified", "contact.disabled", "contact.removed")
SETTINGS = ("preference.changed",)
HOLDS = ("hold.placed", "hold.lifted")
SUPPORT = ("support.acted",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFact:
    """One fact: its document, and what it sealed as far as it can still be opened."""

    document: Mapping[str, Any]
    values: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedEvent:
    """An event as it was posted; without its content once that was too old."""

    event: AcceptedEvent
    content: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNotification:
    """A notification with everything that became of it; `chain` holds its facts, oldest first."""

    notification: Notification
    attempts: Sequence[Attempt]
    receipts: Sequence[StoredReceipt]
    chain: Sequence[OpenFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is kept of a person besides what happened: the record, and a legal hold."""

    record: RecipientRecord
    hold: Hold | None
    asked_at: datetime


async def begin_export(tx: Tx, operator: str, name: str, *, actor: str, surroundings: Surroundings) -> Known | None:
    """The person, and the fact that everything was asked for; None when there is nobody of that name.

    Also somebody whose erasure a legal hold defers: what is kept can be asked for.
    """
    record = await recipient_store.find(tx, operator, name, everything=True)
    if record is None:
        return None
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    sheet.record(
        "access.read",
        at=now,
        recipient=record.id,
        data={"actor": actor, "act": "export", "legal_basis": "gdpr_15"},
    )
    await sheet.write(tx)
    return Known(record=record, hold=await legal_holds.of_recipient(tx, record.id, record.key), asked_at=now)


async def acts_after(
    database: Database, recipient: UUID, types: Sequence[str], last: UUID
) -> list[tuple[UUID, OpenFact]]:
    """The next facts of these types about a person, by id; none once the person was erased."""
    async with database.read() as tx:
        record = (await recipient_store.by_ids(tx, [recipient])).get(recipient)
        if record is None:
            return []
        found = await fact_store.of_recipient(tx, recipient, types=types, after=last, limit=PAGE)
    return [(fact.id, _opened(fact, record)) for fact in found]


async def failures_after(database: Database, recipient: UUID, last: UUID) -> list[tuple[UUID, KeptFailure]]:
    """The next messages that a person's contact points did not take, by id; none once the person was erased."""
    async with database.read() as tx:
        found = await contact_failures.of_recipient(tx, recipient, after=last, limit=PAGE)
    return [(kept.id, kept) for kept in found]


async def complaints_after(database: Database, recipient: UUID, last: UUID) -> list[tuple[UUID, Complaint]]:
    """The next complaints of a person, by id; none once the person was erased."""
    async with database.read() as tx:
        found = await complaint_store.of_recipient(tx, recipient, after=last, limit=PAGE)
    return [(complaint.id, complaint) for complaint in found]


async def events_after(database: Database, recipient: UUID, last: UUID) -> list[tuple[UUID, PostedEvent]]:
    """The next events that name a person, by id; none once the person was erased."""
    async with database.read() as tx:
        record = (await recipient_store.by_ids(tx, [recipient])).get(recipient)
        if record is None:
            return []
        found = await event_store.of_recipient(tx, recipient, after=last, limit=PAGE)
        contents = [await event_store.payload(tx, event.id, record.key) for event in found]
    return [
        (event.id, PostedEvent(event=event, content=content)) for event, content in zip(found, contents, strict=True)
    ]


async def notifications_after(
    database: Database, recipient: UUID, last: UUID, *, now: datetime
) -> list[tuple[UUID, SentNotification]]:
    """The next notifications to a person, by id; none once the person was erased. Codes that still hold are closed."""
    async with database.read() as tx:
        record = (await recipient_store.by_ids(tx, [recipient])).get(recipient)
        if record is None:
            return []
        found = await outbox.of_recipient(tx, recipient, after=last, limit=PAGE)
        ids = [notification.id for notification in found]
        attempts = await outbox.attempts_of(tx, ids)
        receipts = await receipt_store.of_notifications(tx, ids)
        chains = {each: await fact_store.of_notification(tx, each) for each in ids}
    return [
        (
            notification.id,
            SentNotification(
                notification=notification,
                attempts=attempts.get(notification.id, ()),
                receipts=receipts.get(notification.id, ()),
                chain=[_opened(fact, record, _closed(notification, now)) for fact in chains[notification.id]],
            ),
        )
        for notification in found
    ]


def _closed(notification: Notification, now: datetime) -> Collection[str]:
    return closed_fields(notification.kind, expires_at=notification.expires_at, now=now)


def _opened(fact: StoredFact, record: RecipientRecord, closed: Collection[str] = ()) -> OpenFact:
    openings: Mapping[str, Opening] = fact.openings(record.key)
    return OpenFact(
        document=json.loads(fact.document),
        values={name: opening.value for name, opening in openings.items() if name not in closed},
    )
