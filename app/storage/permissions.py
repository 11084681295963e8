"""What people allow right now, read without any of their values: the last question before a message leaves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select

from app.domain.channel import Channel, Purpose
from app.domain.recipient import ContactState
from app.storage.database import Tx
from app.storage.sql import Lookup
from app.storage.tables import consents, contact_points, recipients

_NOW = Lookup(
    select(
        recipients.c.id,
        recipients.c.paused_until,
        contact_points.c.id.label("contact_id"),
        contact_points.c.state,
        consents.c.channel,
        consents.c.purpose,
        consents.c.granted,
        consents.c.version,
    )
    .outerjoin(contact_points, contact_points.c.recipient_id == recipients.c.id)
    .outerjoin(
        consents, and_(consents.c.recipient_id == recipients.c.id, consents.c.channel == contact_points.c.channel)
    )
    .where(
        recipients.c.registered_at.is_not(None),
        recipients.c.erased_at.is_(None),
        recipients.c.erasure_asked_at.is_(None),
    ),
    recipients.c.id,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """The states of one person's contact points, of each consent whether it is granted and its version, and a pause."""

    contacts: Mapping[UUID, ContactState] = field(default_factory=dict)
    consents: Mapping[tuple[Channel, Purpose], tuple[bool, int]] = field(default_factory=dict)
    paused_until: datetime | None = None


async def of_people(tx: Tx, people: Iterable[UUID]) -> dict[UUID, Permissions]:
    """What each of these people allows; nothing for those who are erased, or about to be, or never registered."""
    contacts: dict[UUID, dict[UUID, ContactState]] = defaultdict(dict)
    agreed: dict[UUID, dict[tuple[Channel, Purpose], tuple[bool, int]]] = defaultdict(dict)
    paused: dict[UUID, datetime | None] = {}
    for row in await _NOW.rows(tx, set(people)):
        own = contacts[row.id]
        paused[row.id] = row.paused_until
        if row.contact_id is not None:
            own[row.contact_id] = ContactState(row.state)
        if row.channel is not None:
            agreed[row.id][Channel(row.channel), Purpose(row.purpose)] = (row.granted, row.version)
    return {
        person: Permissions(contacts=own, consents=agreed[person], paused_until=paused[person])
        for person, own in contacts.items()
    }
