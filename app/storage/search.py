"""Notifications found for auditors: each page walks an index from the newest on, for a bounded stretch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, ScalarSelect, Select, select, union
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.domain.channel import Channel
from app.domain.notification import Notification, Status
from app.domain.retention import first_id_at
from app.storage import grades
from app.storage.database import Tx
from app.storage.notifications import notification_of
from app.storage.sql import one_of
from app.storage.tables import contact_points, notification_items, notifications, recipients

# How many notifications one page may look at before it says how far it came.
STRETCH_MAX = 2_000

# An id is made beside `created_at`, and no transaction lasts so long.
_SLACK = timedelta(hours=1)

Columns = ReadOnlyColumnCollection[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for; None means anything. Times bound `created_at` as [from, to).

    `shipment`, `recipient`, `contact`, `facility` and `courier` need exactly one operator: the names are that
    operator's. `grade` is what the facts of a notification show at best.
    """

    operators: tuple[str, ...] | None = None
    shipment: str | None = field(default=None, repr=False)
    recipient: str | None = field(default=None, repr=False)
    contact: tuple[Channel, str] | None = field(default=None, repr=False)
    facility: str | None = None
    courier: str | None = field(default=None, repr=False)
    kind: str | None = None
    channel: Channel | None = None
    status: Status | None = None
    status_reason: str | None = None
    grade: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    @property
    def names_somebody(self) -> bool:
        """Whether it asks after a person: a recipient, whoever has a contact, or a courier."""
        return self.recipient is not None or self.contact is not None or self.courier is not None

    @property
    def operator(self) -> str:
        """The one operator whose names it uses."""
        (operator,) = self.operators or ()
        return operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page, newest first. `following`: where the next one goes on, None when there is nothing more.

    A page can have fewer notifications than were asked for, or none, and yet be followed by another. `grades`: what
    the facts of each show at best, where that was looked for.
    """

    notifications: Sequence[Notification]
    following: UUID | None
    grades: Mapping[UUID, int] | None = None


_NOTHING = Found(notifications=(), following=None)
_FIRST, _LAST = UUID(int=0), UUID(int=(1 << 128) - 1)


async def people(tx: Tx, search: Search) -> set[UUID]:
    """Whom a search names: the recipient, and everybody who has or had the contact with that operator.

    A courier is none of them: couriers are known by nothing but the code that is looked for.
    """
    found: set[UUID] = set()
    if search.recipient is not None:
        found |= {id_ for id_ in [await _recipient_id(tx, search)] if id_}
    if search.contact is not None:
        found |= {owner for _, owner in await _contacts(tx, search)}
    return found


async def page(tx: Tx, search: Search, *, before: UUID | None, limit: int) -> Found:
    """Up to `limit` notifications older than the id `before`. What is written meanwhile moves none of them."""
    if search.operators is not None and not search.operators:  # where a stretch ends would tell of others' messages
        return _NOTHING
    named = await _named(tx, search)
    if named is None:
        return _NOTHING
    span = _span(search, before)
    ways = _ways(tx, search, named)
    ends = (await tx.execute(select(*(way.end(tx, span) for way in ways)))).one()
    # The way that leads farthest back: to the beginning, else the one that passes over the most. Its end is fixed now,
    # because rows come and change between two statements.
    end, way = min(zip(ends, ways, strict=True), key=lambda each: each[0] or _FIRST)
    query = _narrowed(tx, way, replace(span, first=end or span.first), search, named, limit=limit + 1)
    found = [notification_of(row) for row in await tx.execute(query)]
    if len(found) > limit:
        end, found = found[limit - 1].id, found[:limit]
    if search.grade is None:
        return Found(notifications=found, following=end)
    shown = await grades.of_notifications(tx, [n.id for n in found])  # whatever their rows say
    of_grade = [n for n in found if shown[n.id] == search.grade]
    return Found(notifications=of_grade, following=end, grades=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Ids from `first` on, and before `end`."""

    first: UUID
    end: UUID


def _span(search: Search, before: UUID | None) -> _Span:
    since, until = search.created_from, search.created_to
    return _Span(
        first=first_id_at(since - _SLACK) if since else _FIRST,
        end=min(first_id_at(until + _SLACK) if until else _LAST, before or _LAST),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """An index that leads to what is looked for: what its entries begin with, before the id, or a few `ids`."""

    begins: Mapping[str, object] = field(default_factory=dict)
    ids: CTE | None = None

    def order(self, column: Columns) -> list[ColumnElement[Any]]:
        """Newest first. That all have the same first value goes without saying, and yet only this index has it."""
        return [column[name].desc() for name in (*list(self.begins)[:1], "id")]

    def end(self, tx: Tx, span: _Span) -> ScalarSelect[UUID]:
        """Where a stretch of it ends; NULL when it leads to the beginning."""
        return self.walk(tx, span, notifications.c.id).offset(STRETCH_MAX - 1).limit(1).scalar_subquery()

    def walk(self, tx: Tx, span: _Span, *columns: ColumnElement[Any]) -> Select[Any]:
        """These columns of the notifications of a span to which it leads, newest first.

        The first value stands in a list of one: were it equal, a planner that takes it to be frequent could walk all
        notifications in the order of their ids, past everything that is not looked for.
        """
        column = notifications.c
        query = select(*columns).where(column.id >= span.first, column.id < span.end)
        if self.ids is not None:
            query = query.where(column.id.in_(select(self.ids.c.id)))
        for place, (name, value) in enumerate(self.begins.items()):
            query = query.where(column[name] == value if place else one_of(tx, column[name], [value]))
        return query.order_by(*self.order(column))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What the names in a search stand for."""

    recipient: UUID | None
    contacts: Sequence[UUID]
    owners: frozenset[UUID]
    shipment: bytes | None = field(repr=False)
    courier: bytes | None = field(repr=False)


async def _named(tx: Tx, search: Search) -> _Named | None:
    """None when a name stands for nobody."""
    recipient = await _recipient_id(tx, search) if search.recipient is not None else None
    contacts = await _contacts(tx, search) if search.contact is not None else []
    owners = frozenset(owner for _, owner in contacts)
    if search.recipient is not None and recipient is None:
        return None
    if search.contact is not None and (not owners or recipient not in {None, *owners}):
        return None
    return _Named(
        recipient=recipient,
        contacts=[contact for contact, _ in contacts],
        owners=owners,
        shipment=tx.vault.index("shipment", search.operator, search.shipment) if search.shipment is not None else None,
        courier=tx.vault.index("courier", search.operator, search.courier) if search.courier is not None else None,
    )


def _ways(tx: Tx, search: Search, named: _Named) -> list[_Way]:
    """The indexes that lead to everything that is looked for; which of them is the best is unknown."""
    if named.shipment is not None:
        return [_Way(ids=_about(named.shipment))]
    person = named.recipient or (next(iter(named.owners)) if len(named.owners) == 1 else None)
    if person is not None:
        return [_Way(begins={"recipient_id": person})]
    if named.owners:
        return [_Way(ids=_sent_to(tx, named))]
    if search.operators is None or len(search.operators) != 1:
        return [_Way()]
    own = {"operator": search.operator}
    return [_Way(begins=own | {name: value}) for name, value in _wanted(search, named).items()] or [_Way(begins=own)]


def _wanted(search: Search, named: _Named) -> dict[str, object]:
    """What is looked for in columns that are indexed, the rarest things first."""
    wanted = {
        "recipient_id": named.recipient,
        "courier_index": named.courier,
        "reason": search.status_reason,
        "grade": search.grade,
        "facility": search.facility,
        "status": search.status,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _narrowed(tx: Tx, way: _Way, span: _Span, search: Search, named: _Named, *, limit: int) -> Select[Any]:
    """The newest of what is looked for among what a way leads to.

    What other indexes know is asked of rows that OFFSET keeps apart: a planner that knew both could take the other way.
    """
    wanted = {name: value for name, value in _wanted(search, named).items() if name not in way.begins}
    operators = search.operators if "operator" not in way.begins else None
    unindexed = _unindexed(tx, search, named)
    if not wanted and operators is None:
        return way.walk(tx, span, *notifications.c).where(*unindexed).limit(limit)
    known = dict.fromkeys(["id", "operator", *way.begins, *wanted])  # making columns of a subquery takes its time
    rows = way.walk(tx, span, *(notifications.c[name] for name in known)).where(*unindexed).offset(0).subquery()
    ids = (
        select(rows.c.id).where(*(rows.c[name] == value for name, value in wanted.items())).order_by(*way.order(rows.c))
    )
    if operators is not None:
        ids = ids.where(one_of(tx, rows.c.operator, operators))
    return select(notifications).where(notifications.c.id.in_(ids.limit(limit))).order_by(notifications.c.id.desc())


def _unindexed(tx: Tx, search: Search, named: _Named) -> list[ColumnElement[bool]]:
    column = notifications.c
    conditions = [
        column[name] == value
        for name, value in (("kind", search.kind), ("channel", search.channel))
        if value is not None
    ]
    if named.contacts:
        conditions.append(one_of(tx, column.contact_id, named.contacts))
    if search.created_from is not None:
        conditions.append(column.created_at >= search.created_from)
    if search.created_to is not None:
        conditions.append(column.created_at < search.created_to)
    return conditions


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


def _sent_to(tx: Tx, named: _Named) -> CTE:
    """The notifications to contacts of several people, by way of these: there is an index of their notifications."""
    query = select(notifications.c.id).where(
        one_of(tx, notifications.c.recipient_id, named.owners),
        one_of(tx, notifications.c.contact_id, named.contacts),
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
