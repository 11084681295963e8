"""Notifications, their attempts and receipts: the outbox and its history."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, exists, func, select, text, union_all

from app.domain.channel import Channel, Purpose
from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.notification import WAITING, Attempt, AttemptStatus, Failure, Notification, Status
from app.domain.reminder import Step
from app.domain.shipment import Milestone
from app.storage.database import Tx
from app.storage.lanes import lane_of
from app.storage.sql import Lookup, insert_rows, locked, one_of
from app.storage.tables import (
    WAITING_ROWS,
    attempts,
    events,
    notification_items,
    notifications,
    recipients,
    support_acts,
)
from app.storage.updates import update_rows

_MADE_BY_SUPPORT = exists().where(support_acts.c.made_id == notifications.c.id)
_BY_EVENT = Lookup(
    select(notifications).where(notifications.c.step.is_(None), ~_MADE_BY_SUPPORT).order_by(notifications.c.id),
    notifications.c.event_id,
)

_OF_SHIPMENTS = Lookup(select(notifications).order_by(notifications.c.id), notifications.c.shipment_index)
_BY_ID = Lookup(select(notifications), notifications.c.id)
_MERGED_INTO = Lookup(
    select(notifications).where(notifications.c.merged_into.is_not(None)).order_by(notifications.c.id),
    notifications.c.merged_into,
)


async def insert_all(tx: Tx, new: Sequence[Notification]) -> None:
    """Write new notifications."""
    await insert_rows(tx, notifications, [_row(n) | _sought(tx, n) for n in new])


async def save_all(tx: Tx, changed: Sequence[Notification]) -> None:
    """Write the present state of notifications whose rows the caller has locked."""
    rows = [_row(n) for n in changed]
    await update_rows(tx, notifications, [{name: row[name] for name in _CHANGING} for row in rows])


_CHANGING = (
    "id",
    "status",
    "reason",
    "failure",
    "unresolved",
    "not_before",
    "due_at",
    "lease",
    "attempts",
    "looks",
    "resent",
    "merged_into",
    "chain_length",
    "chain_leaf",
    "grade",
)


def _row(n: Notification) -> dict[str, Any]:
    return {
        "id": n.id,
        "operator": n.operator,
        "event_id": n.event,
        "kind": n.kind,
        "channel": n.channel,
        "purpose": n.purpose,
        "recipient_id": n.recipient,
        "contact_id": n.contact,
        "shipment_index": n.shipment_index,
        "status": n.status,
        "reason": n.reason,
        "failure": n.failure,
        "unresolved": n.unresolved,
        "created_at": n.created_at,
        "not_before": n.not_before,
        "expires_at": n.expires_at,
        "due_at": n.due_at,
        "lease": n.lease,
        "attempts": n.attempts,
        "looks": n.looks,
        "resent": n.resent,
        "step": n.step,
        "collect_by": n.collect_by,
        "merged_into": n.merged_into,
        "chain_length": n.chain_length,
        "chain_leaf": n.chain_leaf,
        "grade": n.grade,
    }


def _sought(tx: Tx, n: Notification) -> dict[str, Any]:
    """What is written once, for searches and turns only."""
    courier = tx.vault.index("courier", n.operator, n.courier) if n.courier else None
    return {"facility": n.facility, "courier_index": courier, "lane": lane_of(tx.vault, n.operator, n.source)}


def notification_of(row: Any) -> Notification:
    """The notification that a whole row is."""
    return Notification(
        id=row.id,
        operator=row.operator,
        event=row.event_id,
        kind=row.kind,
        channel=Channel(row.channel),
        purpose=Purpose(row.purpose),
        recipient=row.recipient_id,
        contact=row.contact_id,
        shipment_index=row.shipment_index,
        status=Status(row.status),
        reason=row.reason,
        failure=Failure(row.failure) if row.failure else None,
        unresolved=row.unresolved,
        created_at=row.created_at,
        not_before=row.not_before,
        expires_at=row.expires_at,
        due_at=row.due_at,
        lease=row.lease,
        attempts=row.attempts,
        looks=row.looks,
        resent=row.resent,
        step=Step(row.step) if row.step else None,
        collect_by=row.collect_by,
        merged_into=row.merged_into,
        chain_length=row.chain_length,
        chain_leaf=row.chain_leaf,
        facility=row.facility,
        grade=row.grade,
    )


async def by_id(tx: Tx, notification: UUID) -> Notification | None:
    """One notification, or None."""
    row = (await tx.execute(select(notifications).where(notifications.c.id == notification))).one_or_none()
    return notification_of(row) if row else None


async def by_ids(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Notification]:
    """Those of these notifications that exist."""
    return {row.id: notification_of(row) for row in await _BY_ID.rows(tx, ids)}


async def by_events(tx: Tx, event_ids: Iterable[UUID]) -> dict[UUID, list[Notification]]:
    """The notifications that each of these events was answered with, in their order.

    Reminders came later, and so did what support had sent again.
    """
    found: dict[UUID, list[Notification]] = defaultdict(list)
    for row in await _BY_EVENT.rows(tx, event_ids):
        found[row.event_id].append(notification_of(row))
    return found


async def of_recipient(tx: Tx, recipient: UUID, *, after: UUID, limit: int) -> list[Notification]:
    """Up to `limit` notifications to one person, oldest first, after the one with the id `after`."""
    query = select(notifications).where(notifications.c.recipient_id == recipient, notifications.c.id > after)
    return [notification_of(row) for row in await tx.execute(query.order_by(notifications.c.id).limit(limit))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFilter:
    """What a list of notifications is narrowed to; None means anything. Times bound `created_at` as [from, to)."""

    operators: tuple[str, ...] | None = None
    shipment: tuple[str, str] | None = None
    recipient: tuple[str, str] | None = None
    status: Status | None = None
    channel: Channel | None = None
    kind: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    before: UUID | None = None
    limit: int = 50


async def newest(tx: Tx, wanted: NotificationFilter) -> list[Notification]:
    """Notifications, newest first, at most `limit`, older than the id `before` (keyset pagination)."""
    column = notifications.c
    query = select(notifications).order_by(column.id.desc()).limit(wanted.limit)
    if wanted.operators is not None:
        query = query.where(one_of(tx, column.operator, wanted.operators))
    if wanted.shipment is not None:
        query = query.where(about_shipment(tx.vault.index("shipment", *wanted.shipment)))
    if wanted.recipient is not None:
        query = query.where(column.recipient_id == await _recipient_id(tx, wanted.recipient))
    for name in ("status", "channel", "kind"):
        value = getattr(wanted, name)
        query = query if value is None else query.where(column[name] == value)
    query = query if wanted.created_from is None else query.where(column.created_at >= wanted.created_from)
    query = query if wanted.created_to is None else query.where(column.created_at < wanted.created_to)
    query = query if wanted.before is None else query.where(column.id < wanted.before)
    return [notification_of(row) for row in await tx.execute(query)]


def about_shipment(shipment: bytes) -> ColumnElement[bool]:
    """Is about that shipment, alone or among several."""
    alone = notifications.alias()
    ids = union_all(
        select(alone.c.id).where(alone.c.shipment_index == shipment),
        select(notification_items.c.notification_id).where(notification_items.c.shipment_index == shipment),
    )
    return notifications.c.id.in_(ids)


async def _recipient_id(tx: Tx, named: tuple[str, str]) -> UUID | None:
    index = tx.vault.index("recipient", *named)
    return (await tx.execute(select(recipients.c.id).where(recipients.c.name_index == index))).scalar_one_or_none()


async def of_shipments(tx: Tx, shipments: Iterable[bytes]) -> list[Notification]:
    """Every notification about one of these shipments, in the order in which they were planned."""
    return [notification_of(row) for row in await _OF_SHIPMENTS.rows(tx, shipments)]


async def merged_into(tx: Tx, speakers: Iterable[UUID]) -> dict[UUID, list[Notification]]:
    """The notifications for which each of these speaks, too."""
    found: dict[UUID, list[Notification]] = defaultdict(list)
    for row in await _MERGED_INTO.rows(tx, speakers):
        found[row.merged_into].append(notification_of(row))
    return found


async def waiting_of_shipments(tx: Tx, shipments: Iterable[bytes]) -> list[tuple[Notification, Milestone]]:
    """Notifications that have not left yet, locked, each with the event it tells of; without those of incidents.

    Those are no news of a shipment: nothing that is heard of it ends them.
    """
    query = (
        select(
            notifications,
            events.c.kind.label("event_kind"),
            events.c.ordinal,
            events.c.effective_at,
            events.c.dedupe_key,
        )
        .join(events, events.c.id == notifications.c.event_id)
        .where(one_of(tx, notifications.c.shipment_index, list(shipments)), notifications.c.status.in_(WAITING))
        .where(notifications.c.kind.not_in(AREA_INCIDENT_KINDS))
        .order_by(notifications.c.id)
    )
    return [
        (
            notification_of(row),
            Milestone(kind=row.event_kind, ordinal=row.ordinal, effective_at=row.effective_at, key=row.dedupe_key),
        )
        for row in await tx.execute(locked(tx, query, of=notifications))
    ]


async def waiting_of_recipient(tx: Tx, recipient: UUID) -> list[Notification]:
    """Notifications to one person that have not left yet, locked."""
    query = (
        select(notifications)
        .where(notifications.c.recipient_id == recipient, notifications.c.status.in_(WAITING))
        .order_by(notifications.c.id)
    )
    return [notification_of(row) for row in await tx.execute(locked(tx, query))]


async def overdue(tx: Tx, *, now: datetime, limit: int) -> list[Notification]:
    """Up to `limit` waiting notifications whose news has expired, locked; those that are being claimed are left out."""
    query = (
        select(notifications)
        .where(WAITING_ROWS, notifications.c.expires_at <= now)
        .order_by(notifications.c.expires_at)
        .limit(limit)
    )
    return [notification_of(row) for row in await tx.execute(locked(tx, query, skip=True))]


async def out_of_lease(tx: Tx, *, now: datetime, limit: int) -> list[Notification]:
    """Up to `limit` notifications being sent whose lease has run out; locked in the same way."""
    return await _due(tx, text("status = 'sending'"), now=now, limit=limit)


async def due_to_follow(tx: Tx, *, now: datetime, limit: int) -> list[Notification]:
    """Up to `limit` notifications of unknown outcome about which something is to be done; locked in the same way."""
    return await _due(tx, text("status = 'unknown' AND NOT unresolved"), now=now, limit=limit)


async def due_to_close(tx: Tx, *, now: datetime, limit: int) -> list[Notification]:
    """Up to `limit` notifications whose chain is to be closed; locked in the same way."""
    sent = await _due(tx, text("status = 'sent'"), now=now, limit=limit)
    return sent or await _due(tx, text("status = 'unknown' AND unresolved"), now=now, limit=limit)


async def _due(tx: Tx, of_these: TextClause, *, now: datetime, limit: int) -> list[Notification]:
    # Written out, because an index over some rows is used only by a query that plainly asks for those rows.
    query = (
        select(notifications)
        .where(of_these, notifications.c.due_at.is_not(None), notifications.c.due_at <= now)
        .order_by(notifications.c.due_at)
        .limit(limit)
    )
    return [notification_of(row) for row in await tx.execute(locked(tx, query, skip=True))]


UNFINISHED = (Status.HELD, Status.QUEUED, Status.SENDING, Status.SENT, Status.UNKNOWN)


async def unfinished_counts(tx: Tx) -> dict[Status, int]:
    """How many notifications of each status still wait for something."""
    column = notifications.c
    query = (
        select(column.status, func.count().label("number")).where(column.due_at.is_not(None)).group_by(column.status)
    )
    counted = {Status(row.status): int(row.number) for row in await tx.execute(query)}
    return {status: counted.get(status, 0) for status in UNFINISHED}


async def lock(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Notification]:
    """These notifications, locked, in one order for everybody."""
    query = select(notifications).where(one_of(tx, notifications.c.id, list(ids))).order_by(notifications.c.id)
    return {row.id: notification_of(row) for row in await tx.execute(locked(tx, query))}


async def insert_attempts(tx: Tx, started: Sequence[Attempt]) -> None:
    """Write attempts that are about to be made."""
    await insert_rows(tx, attempts, [_attempt_row(a) for a in started])


async def save_attempts(tx: Tx, ended: Sequence[Attempt]) -> None:
    """Write what became of attempts."""
    rows = [{"id": a.id, "status": a.status, "code": a.code, "ended_at": a.ended_at} for a in ended]
    await update_rows(tx, attempts, rows)


async def attempts_of(tx: Tx, notification_ids: Iterable[UUID]) -> dict[UUID, list[Attempt]]:
    """The attempts of each of these notifications, in their order."""
    query = (
        select(attempts)
        .where(one_of(tx, attempts.c.notification_id, list(notification_ids)))
        .order_by(attempts.c.notification_id, attempts.c.number)
    )
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.notification_id].append(_attempt(row))
    return found


async def attempts_by_id(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Attempt]:
    """Those of these attempts that exist."""
    query = select(attempts).where(one_of(tx, attempts.c.id, list(ids)))
    return {row.id: _attempt(row) for row in await tx.execute(query)}


def _attempt_row(a: Attempt) -> dict[str, Any]:
    return {
        "id": a.id,
        "notification_id": a.notification,
        "number": a.number,
        "provider": a.provider,
        "status": a.status,
        "code": a.code,
        "started_at": a.started_at,
        "ended_at": a.ended_at,
    }


def _attempt(row: Any) -> Attempt:
    return Attempt(
        id=row.id,
        notification=row.notification_id,
        number=row.number,
        provider=row.provider,
        status=AttemptStatus(row.status),
        code=row.code,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
