"""What people were told of incidents of areas, and which shipments a message is about that is about several."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select

from app.domain.notification import UNTOLD, Notification
from app.storage.database import Tx
from app.storage.notifications import notification_of
from app.storage.sql import insert_rows, locked, one_of
from app.storage.tables import notification_items, notifications


async def of_people_about(
    tx: Tx, people: Iterable[UUID], events: Iterable[UUID], *, lock: bool = False
) -> list[Notification]:
    """The notifications about one of these events to one of these people, in the order of their ids.

    Without those for which another one was to speak that was not sent either.
    """
    speaker = notifications.alias()
    silent = select(speaker.c.id).where(speaker.c.id == notifications.c.merged_into, speaker.c.status.in_(UNTOLD))
    query = (
        select(notifications)
        .where(
            one_of(tx, notifications.c.event_id, list(events)),
            one_of(tx, notifications.c.recipient_id, list(people)),
            ~silent.exists(),
        )
        .order_by(notifications.c.id)
    )
    return [notification_of(row) for row in await tx.execute(locked(tx, query) if lock else query)]


async def of_people_since(
    tx: Tx, people: Iterable[UUID], since: UUID, *, kinds: Collection[str]
) -> dict[UUID, list[Notification]]:
    """The notifications of these kinds to each of these people whose ids are no older than `since`."""
    query = select(notifications).where(
        one_of(tx, notifications.c.recipient_id, list(people)),
        notifications.c.id >= since,
        notifications.c.kind.in_(sorted(kinds)),
    )
    found: dict[UUID, list[Notification]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.recipient_id].append(notification_of(row))
    return found


async def told_of(tx: Tx, event: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
    """Up to `limit` people with a notification about that event, in the order of their ids, after that one."""
    person = notifications.c.recipient_id
    query = select(person).distinct().where(notifications.c.event_id == event)
    query = query if after is None else query.where(person > after)
    return list((await tx.execute(query.order_by(person).limit(limit))).scalars())


async def insert_items(tx: Tx, items: Iterable[tuple[Notification, Iterable[bytes]]]) -> None:
    """Write which shipments messages are about that are about several."""
    rows = [
        {"notification_id": n.id, "shipment_index": shipment, "recipient_id": n.recipient}
        for n, shipments in items
        for shipment in sorted(set(shipments))
    ]
    await insert_rows(tx, notification_items, rows)


async def items_of(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, set[bytes]]:
    """The shipments that each of these messages is about that are about several."""
    query = select(notification_items).where(one_of(tx, notification_items.c.notification_id, list(ids)))
    found: dict[UUID, set[bytes]] = defaultdict(set)
    for row in await tx.execute(query):
        found[row.notification_id].add(row.shipment_index)
    return found
