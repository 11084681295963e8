"""Notifications found for auditors: each page walks an index from the newest on, for a bounded stretch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Select, select, union

from app.domain.channel import Channel
from app.domain.notification import Notification, Status
from app.domain.retention import first_id_at
from app.storage.database import Tx
from app.storage.notifications import notification_of
from app.storage.sql import one_of
from app.storage.tables import contact_points, notification_items, notifications, recipients

# How many notifications one page may look at before it says how far it came.
STRETCH_MAX = 2_000

# An id is made beside `created_at`, and no transaction lasts so long.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for; None means anything. Times bound `created_at` as [from, to).

    `shipment`, `recipient` and `contact` need exactly one operator: the names are that operator's.
    """

    operators: tuple[str, ...] | None = None
    shipment: str | None = field(default=None, repr=False)
    recipient: str | None = field(default=None, repr=False)
    contact: tuple[Channel, str] | None = field(default=None, repr=False)
    kind: str | None = None
    channel: Channel | None = None
    status: Status | None = None
    status_reason: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    @property
    def names_somebody(self) -> bool:
        """Whether it asks after a person or a contact."""
        return self.recipient is not None or self.contact is not None

    @property
    def operator(self) -> str:
        """The one operator whose names it uses."""
        (operator,) = self.operators or ()
        return operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page, newest first. `following`: where the next one goes on, None when there is nothing more.

    A page can have fewer notifications than were asked for, or none, and yet be followed by another.
    """

    notifications: Sequence[Notification]
    following: UUID | None


async def people(tx: Tx, search: Search) -> set[UUID]:
    """Whom a search names: the recipient, and everybody who has or had the contact with that operator."""
    found: set[UUID] = set()
    if search.recipient is not None:
        found |= {id_ for id_ in [await _recipient_id(tx, search)] if id_}
    if search.contact is not None:
        found |= {owner for _, owner in await _contacts(tx, search)}
    return found


async def page(tx: Tx, search: Search, *, before: UUID | None, limit: int) -> Found:
    """Up to `limit` notifications older than the id `before`. What is written meanwhile moves none of them."""
    walked = await _walked(tx, search, before)
    if walked is None:
        return Found(notifications=(), following=None)
    stretch = walked.order_by(notifications.c.id.desc()).limit(STRETCH_MAX)
    rows = stretch.subquery()
    query = select(rows).order_by(rows.c.id.desc()).limit(limit + 1)
    for name, value in _exact(search).items():
        query = query.where(rows.c[name] == value)
    if search.operators is not None and len(search.operators) != 1:
        query = query.where(one_of(tx, rows.c.operator, search.operators))
    if search.created_from is not None:
        query = query.where(rows.c.created_at >= search.created_from)
    if search.created_to is not None:
        query = query.where(rows.c.created_at < search.created_to)
    found = [notification_of(row) for row in await tx.execute(query)]
    if len(found) > limit:
        return Found(notifications=found[:limit], following=found[limit - 1].id)
    ended_at = stretch.with_only_columns(notifications.c.id).offset(STRETCH_MAX - 1).limit(1)
    return Found(notifications=found, following=(await tx.execute(ended_at)).scalar_one_or_none())


def _exact(search: Search) -> Mapping[str, object]:
    wanted = {
        "kind": search.kind,
        "channel": search.channel,
        "status": search.status,
        "reason": search.status_reason,
    }
    return {name: value for name, value in wanted.items() if value is not None}


async def _walked(tx: Tx, search: Search, before: UUID | None) -> Select[Any] | None:
    """The rows that an index leads to, without their order; None when it leads nowhere."""
    column = notifications.c
    query = select(notifications)
    if before is not None:
        query = query.where(column.id < before)
    if search.created_from is not None:
        query = query.where(column.id >= first_id_at(search.created_from - _SLACK))
    if search.created_to is not None:
        query = query.where(column.id < first_id_at(search.created_to + _SLACK))
    if search.operators is not None and len(search.operators) == 1:
        query = query.where(column.operator == search.operator)
    if search.recipient is not None:
        recipient = await _recipient_id(tx, search)
        if recipient is None:
            return None
        query = query.where(column.recipient_id == recipient)
    if search.contact is not None:
        contacts = await _contacts(tx, search)
        if not contacts:
            return None
        query = query.where(column.id.in_(select(_sent_to(tx, contacts).c.id)))
    if search.shipment is not None:
        query = query.where(
            column.id.in_(select(_about(tx.vault.index("shipment", search.operator, search.shipment)).c.id))
        )
    return query


async def _recipient_id(tx: Tx, search: Search) -> UUID | None:
    index = tx.vault.index("recipient", search.operator, search.recipient or "")
    return (await tx.execute(select(recipients.c.id).where(recipients.c.name_index == index))).scalar_one_or_none()


async def _contacts(tx: Tx, search: Search) -> list[tuple[UUID, UUID]]:
    """The contact points with that value, removed ones too, each with the person who has it."""
    channel, value = search.contact or (Channel.SMS, "")
    query = (
        select(contact_points.c.id, contact_points.c.recipient_id)
        .join(recipients, recipients.c.id == contact_points.c.recipient_id)
        .where(
            contact_points.c.value_index == tx.vault.index("contact", channel, value),
            recipients.c.operator == search.operator,
        )
    )
    return [(row.id, row.recipient_id) for row in await tx.execute(query)]


def _sent_to(tx: Tx, contacts: Sequence[tuple[UUID, UUID]]) -> CTE:
    """The notifications to these contact points, by way of the people: there is an index of their notifications."""
    query = select(notifications.c.id).where(
        one_of(tx, notifications.c.recipient_id, {owner for _, owner in contacts}),
        one_of(tx, notifications.c.contact_id, [contact for contact, _ in contacts]),
    )
    return _apart(query.cte("sent_to"))


def _about(shipment: bytes) -> CTE:
    """The notifications about a shipment, alone or among several."""
    ids = union(
        select(notifications.c.id).where(notifications.c.shipment_index == shipment),
        select(notification_items.c.notification_id.label("id")).where(notification_items.c.shipment_index == shipment),
    )
    return _apart(ids.cte("about"))


def _apart(few: CTE) -> CTE:
    """Found first and by itself: a planner that hopes to meet them soon would walk everything from the newest on."""
    return few.prefix_with("MATERIALIZED")
