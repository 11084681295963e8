"""Find the one record that an id, a leaf hash or a shipment's name leads an auditor to; none of them names a person."""

import json
from uuid import UUID

from app.domain.access import Caller
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import timeline as timeline_store
from app.storage.database import Tx


async def operator_of(tx: Tx, record: UUID) -> str | None:
    """Whose notification or event that is; None when there is none."""
    notification = await outbox.by_id(tx, record)
    if notification is not None:
        return notification.operator
    event = await event_store.by_id(tx, record)
    return event.operator if event else None


async def record_by_leaf(tx: Tx, leaf: bytes) -> UUID | None:
    """The notification or event whose fact has that leaf hash; None when it is no fact of such a record."""
    for fact in await fact_store.by_leaves(tx, [leaf]):
        document = json.loads(fact.document)
        named = document["notification"] or document["data"].get("event")
        if named is not None:
            return UUID(named)
    return None


async def record_of_shipment(tx: Tx, operator: str, shipment: str) -> UUID | None:
    """The newest event, else notification, about that operator's shipment."""
    index = event_store.shipment_index(tx, operator, shipment)
    reported = await timeline_store.newest_events(tx, index, limit=1)
    if reported:
        return reported[0].entry.id
    told = await timeline_store.newest_notifications(tx, index, limit=1)
    return told[0].id if told else None


async def owned(tx: Tx, record: UUID | None, caller: Caller) -> UUID | None:
    """The record, if the caller may act for its operator: what is foreign looks like what does not exist."""
    operator = await operator_of(tx, record) if record is not None else None
    return record if operator is not None and caller.may_act_for(operator) else None
