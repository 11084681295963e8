"""Personal values that have grown too old, found in the order of their ids (UUIDv7: the order of time).

A cursor says up to which id each kind of row was gone through, so that no run looks at history again. Only one
worker at a time goes on from a cursor; others leave it alone. Whoever is under a legal hold keeps everything, and
what a cursor passed over meanwhile is made up for when the hold is lifted.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select, update

from app.domain.event import AreaKind
from app.evidence.catalogue import CONSENT_FACTS
from app.storage import legal_holds, stays
from app.storage.database import Tx
from app.storage.erasure import NO_CONTENT_MAC
from app.storage.recipients import NOBODY
from app.storage.sql import locked, one_of
from app.storage.tables import (
    attempts,
    consents,
    events,
    facts,
    incident_areas,
    notification_items,
    notifications,
    receipts,
    recipients,
    retention_cursors,
)
from app.storage.tables import legal_holds as holds


async def forget_events(tx: Tx, *, before: UUID, limit: int) -> tuple[int, set[UUID]]:
    """Destroy the content of up to `limit` events; how many were gone through, and whose they were."""
    rows = await _next(tx, "event_values", events, before=before, limit=limit)
    owners = {row.recipient_id for row in rows}
    held = await legal_holds.held(tx, owners) if owners else set()
    await _empty_events(tx, [row.id for row in rows if row.recipient_id not in held])
    return len(rows), owners


async def forget_facts(tx: Tx, *, before: UUID, limit: int) -> int:
    """Destroy the sealed values of up to `limit` facts; how many were gone through.

    What a consent that still stands was given with stays as long as it stands, and goes when the consent after it
    is too old.
    """
    rows = await _next(tx, "fact_values", facts, before=before, limit=limit)
    if not rows:
        return 0
    agreed = {row.recipient_id for row in rows if row.type in CONSENT_FACTS}
    for found in (
        one_of(tx, facts.c.id, [row.id for row in rows]),
        one_of(tx, facts.c.recipient_id, agreed) & facts.c.type.in_(CONSENT_FACTS) & (facts.c.id <= rows[-1].id),
    ):
        await tx.execute(
            update(facts).where(found, _may_go(facts.c.recipient_id), ~_STANDS, _SEALED).values(sealed=None)
        )
    return len(rows)


async def forget_receipts(tx: Tx, *, before: UUID, limit: int) -> int:
    """Destroy the raw bodies of up to `limit` receipts; how many were gone through."""
    rows = await _next(tx, "receipt_values", receipts, before=before, limit=limit)
    if rows:
        mine = one_of(tx, receipts.c.id, [row.id for row in rows])
        await tx.execute(update(receipts).where(mine, receipts.c.attempt_id.not_in(_HELD_ATTEMPTS)).values(raw=None))
    return len(rows)


async def forget_notifications(tx: Tx, *, before: UUID, limit: int) -> int:
    """Forget to which contact, of which shipments and whose notices up to `limit` notifications were; how many."""
    rows = await _next(tx, "notification_values", notifications, before=before, limit=limit)
    if rows:
        ids = [row.id for row in rows]
        mine = one_of(tx, notifications.c.id, ids)
        await tx.execute(update(notifications).where(mine, _may_go(notifications.c.recipient_id)).values(_UNADDRESSED))
        items = one_of(tx, notification_items.c.notification_id, ids)
        await tx.execute(delete(notification_items).where(items, _may_go(notification_items.c.recipient_id)))
    return len(rows)


async def aged_recipients(tx: Tx, *, before: UUID, limit: int) -> set[UUID]:
    """Up to `limit` recipients that became known too long ago, each once."""
    return {row.id for row in await _next(tx, "recipients", recipients, before=before, limit=limit)}


async def forgotten_strangers(tx: Tx, people: set[UUID], *, before: UUID) -> list[UUID]:
    """Those of these people whom nobody registered and no younger event names, locked for changing."""
    query = (
        select(recipients.c.id, recipients.c.operator, recipients.c.name_index)
        .where(
            one_of(tx, recipients.c.id, people),
            recipients.c.registered_at.is_(None),
            recipients.c.erased_at.is_(None),
            _may_go(recipients.c.id),
            ~_named_since(before),
        )
        .order_by(recipients.c.id)
    )
    rows = list(await tx.execute(locked(tx, query, of=recipients)))
    # Asked again now that the rows are locked: an event may have come while we waited.
    still = select(recipients.c.id).where(one_of(tx, recipients.c.id, [row.id for row in rows]), ~_named_since(before))
    unnamed = set((await tx.execute(still)).scalars()) if rows else set()
    return [
        row.id
        for row in rows
        if row.id in unnamed and row.name_index != tx.vault.index("recipient", row.operator, NOBODY)
    ]


def _named_since(moment: UUID) -> ColumnElement[bool]:
    return exists().where(events.c.recipient_id == recipients.c.id, events.c.id >= moment)


async def forget_passed(tx: Tx, recipient: UUID) -> None:
    """Destroy what the cursors passed over while that person was under a hold, which has just been lifted."""
    query = select(retention_cursors).order_by(retention_cursors.c.name)
    passed = {row.name: row.passed for row in await tx.execute(locked(tx, query))}
    old = select(events.c.id).where(events.c.recipient_id == recipient, events.c.id <= passed["event_values"])
    await _empty_events(tx, list((await tx.execute(old)).scalars()))
    await tx.execute(
        update(facts)
        .where(facts.c.recipient_id == recipient, facts.c.id <= passed["fact_values"], ~_STANDS, _SEALED)
        .values(sealed=None)
    )
    own = notifications.c.recipient_id == recipient
    sent = select(attempts.c.id).join(notifications, notifications.c.id == attempts.c.notification_id).where(own)
    await tx.execute(
        update(receipts)
        .where(receipts.c.attempt_id.in_(sent), receipts.c.id <= passed["receipt_values"])
        .values(raw=None)
    )
    await tx.execute(
        update(notifications).where(own, notifications.c.id <= passed["notification_values"]).values(_UNADDRESSED)
    )
    await tx.execute(
        delete(notification_items).where(
            notification_items.c.recipient_id == recipient,
            notification_items.c.notification_id <= passed["notification_values"],
        )
    )


_UNADDRESSED = {"contact_id": None, "shipment_index": None, "facility": None, "courier_index": None}
_SEALED = facts.c.sealed.is_not(None)
_STANDS = exists().where(consents.c.recipient_id == facts.c.recipient_id, consents.c.fact_leaf == facts.c.leaf)
_HELD_ATTEMPTS = (
    select(attempts.c.id)
    .join(notifications, notifications.c.id == attempts.c.notification_id)
    .join(holds, holds.c.recipient_id == notifications.c.recipient_id)
)


def _may_go(person: ColumnElement[UUID | None]) -> ColumnElement[bool]:
    return ~exists().where(holds.c.recipient_id == person)


async def _empty_events(tx: Tx, ids: Sequence[UUID]) -> None:
    """Forget their content, by what they were recognised when they were sent again, and what followed from them."""
    if not ids:
        return
    await stays.forget_events(tx, ids)
    named = one_of(tx, incident_areas.c.event_id, ids), incident_areas.c.kind == AreaKind.SHIPMENT
    await tx.execute(delete(incident_areas).where(*named))
    statement = (
        update(events)
        .where(events.c.id == bindparam("_id"))
        .values(
            payload=None,
            decoded=None,
            shipment_index=None,
            code=None,
            corrects=None,
            content_mac=NO_CONTENT_MAC,
            dedupe_key=bindparam("_nothing"),  # unique, and means no more than the id
        )
    )
    await tx.execute(statement, [{"_id": each, "_nothing": each.bytes} for each in ids])


async def _next(tx: Tx, name: str, table: Table, *, before: UUID, limit: int) -> list[Any]:
    """The next rows after the cursor, which moves on to the last of them; none while another worker has it."""
    passed = await take_cursor(tx, name)
    if passed is None:
        return []
    columns = [table.c[column] for column in ("id", "recipient_id", "type") if column in table.c]
    query = select(*columns).where(table.c.id > passed, table.c.id < before).order_by(table.c.id).limit(limit)
    rows = list(await tx.execute(query))
    if rows:
        await move_cursor(tx, name, rows[-1].id)
    return rows


async def take_cursor(tx: Tx, name: str) -> UUID | None:
    """Where to go on, locked until `tx` ends; None while another worker has it."""
    query = select(retention_cursors.c.passed).where(retention_cursors.c.name == name)
    passed: UUID | None = (await tx.execute(locked(tx, query, skip=True))).scalar_one_or_none()
    return passed


async def move_cursor(tx: Tx, name: str, passed: UUID) -> None:
    """Everything up to and with this id is done."""
    await tx.execute(update(retention_cursors).where(retention_cursors.c.name == name).values(passed=passed))
