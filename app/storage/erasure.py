"""Everything that is destroyed when people are erased, in one place: who adds a table about people adds it here."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from app.domain.recipient import ContactState
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import (
    anomalies,
    attempts,
    codes,
    complaints,
    consents,
    contact_failures,
    contact_points,
    events,
    facts,
    former_stays,
    legal_holds,
    notification_items,
    notifications,
    receipts,
    recipient_areas,
    recipient_keys,
    recipients,
    sessions,
    statements,
    stays,
    support_acts,
)

_OF_A_PERSON = (
    recipient_keys,
    contact_points,
    consents,
    contact_failures,
    legal_holds,
    anomalies,
    former_stays,
    stays,
    notification_items,
    recipient_areas,
    codes,
    sessions,
    statements,
    support_acts,
    complaints,
)

# What an event's row says in its place once the content is gone: nothing can be compared with it any more.
NO_CONTENT_MAC = b""


async def destroy(tx: Tx, people: Collection[UUID], *, now: datetime) -> None:
    """Destroy the keys of these people and all that the keys protected, with names and blind indexes.

    The skeleton stays: documents and their salts, states, times. Their rows are locked by the caller.
    """
    theirs = select(contact_points.c.value_index).where(
        one_of(tx, contact_points.c.recipient_id, people), contact_points.c.state != ContactState.UNCONFIRMED
    )
    for table in (codes, sessions):  # also what names nobody but has their contact points, if they had shown them
        await tx.execute(delete(table).where(table.c.contact_index.in_(theirs)))
    for table in _OF_A_PERSON:
        await tx.execute(delete(table).where(one_of(tx, table.c.recipient_id, people)))
    await tx.execute(
        update(facts).where(one_of(tx, facts.c.recipient_id, people), facts.c.sealed.is_not(None)).values(sealed=None)
    )
    own_attempts = (
        select(attempts.c.id)
        .join(notifications, notifications.c.id == attempts.c.notification_id)
        .where(one_of(tx, notifications.c.recipient_id, people))
    )
    await tx.execute(update(receipts).where(receipts.c.attempt_id.in_(own_attempts)).values(raw=None))
    await tx.execute(
        update(notifications)
        .where(one_of(tx, notifications.c.recipient_id, people))
        .values(contact_id=None, shipment_index=None, facility=None, courier_index=None)
    )
    # The dedupe key stays until it is too old: a message sent again must not bring the person back.
    await tx.execute(
        update(events)
        .where(one_of(tx, events.c.recipient_id, people))
        .values(payload=None, decoded=None, shipment_index=None, code=None, corrects=None, content_mac=NO_CONTENT_MAC)
    )
    await tx.execute(update(recipients).where(one_of(tx, recipients.c.id, people)).values(**_NOBODY, erased_at=now))


_NOBODY = {
    "name_index": None,
    "profile": None,
    "language": None,
    "time_zone": None,
    "quiet_rule": None,
    "quiet_from": None,
    "quiet_to": None,
    "chosen_by_person": "",
    "paused_until": None,
    "erasure_asked_at": None,
    "erasure_asked_by": None,
}
