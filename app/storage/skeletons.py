"""What proofs stand on, removed once it is too old: documents, salts, states. The log keeps its hashes for ever.

Always the oldest first, and nothing before what names it: notifications with their chains, then events, then all
other facts. The facts of the log itself stay, and so does the newest fact about each consent: somebody may name it.
"""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.evidence.catalogue import CONSENT_FACTS
from app.storage import stays
from app.storage.database import Tx
from app.storage.retention import move_cursor, take_cursor
from app.storage.sql import locked, one_of
from app.storage.tables import (
    attempts,
    events,
    facts,
    incident_areas,
    incidents,
    leaves,
    legal_holds,
    notification_items,
    notifications,
    receipts,
    recipients,
    retired_entries,
    statements,
)

_ERASED = "recipient.erased"


async def retire_notifications(tx: Tx, *, before: UUID, limit: int) -> int:
    """Remove up to `limit` notifications with all that was recorded of them; how many.

    The fact of a statement that came years later outlives its notification: it is removed once it is too old itself.
    """
    query = (
        select(notifications.c.id)
        .where(
            notifications.c.id < before,
            notifications.c.due_at.is_(None),
            ~exists().where(legal_holds.c.recipient_id == notifications.c.recipient_id),
        )
        .order_by(notifications.c.id)
        .limit(limit)
    )
    old = list((await tx.execute(locked(tx, query, of=notifications, skip=True))).scalars())
    if not old:
        return 0
    tried = select(attempts.c.id).where(one_of(tx, attempts.c.notification_id, old))
    await tx.execute(delete(receipts).where(receipts.c.attempt_id.in_(tried)))
    await tx.execute(delete(attempts).where(one_of(tx, attempts.c.notification_id, old)))
    chains = select(facts.c.id).where(one_of(tx, facts.c.notification_id, old), facts.c.id < before)
    await _remove_facts(tx, list((await tx.execute(chains)).scalars()))
    await tx.execute(delete(statements).where(one_of(tx, statements.c.notification_id, old)))
    await tx.execute(delete(notification_items).where(one_of(tx, notification_items.c.notification_id, old)))
    await tx.execute(delete(notifications).where(one_of(tx, notifications.c.id, old)))
    return len(old)


async def retire_events(tx: Tx, *, before: UUID, limit: int) -> int:
    """Remove up to `limit` events; how many. None while notifications of their age are there.

    What was set aside and replayed much later has younger ones, and waits for their end.
    """
    if await _is_any(tx, exists().where(notifications.c.id < before)):
        return 0
    unnamed = ~exists().where(notifications.c.event_id == events.c.id)
    query = select(events.c.id).where(events.c.id < before, unnamed).order_by(events.c.id).limit(limit)
    old = list((await tx.execute(locked(tx, query, skip=True))).scalars())
    if old:
        await stays.forget_events(tx, old)
        await tx.execute(delete(incident_areas).where(one_of(tx, incident_areas.c.event_id, old)))
        await tx.execute(delete(incidents).where(one_of(tx, incidents.c.event_id, old)))
        await tx.execute(delete(events).where(one_of(tx, events.c.id, old)))
    return len(old)


async def retire_facts(tx: Tx, *, before: UUID, limit: int) -> int:
    """Go through up to `limit` facts and remove those that nothing names any more; how many were gone through.

    None while events of their age are there. With the fact of an erasure goes what was left of the person.
    """
    if await _is_any(tx, exists().where(events.c.id < before) | exists().where(notifications.c.id < before)):
        return 0
    passed = await take_cursor(tx, "facts")
    if passed is None:
        return 0
    query = select(facts.c.id, facts.c.type, facts.c.recipient_id).where(facts.c.id > passed, facts.c.id < before)
    rows = list(await tx.execute(query.order_by(facts.c.id).limit(limit)))
    if not rows:
        return 0
    last = rows[-1].id
    gone = {row.id for row in rows if row.type not in CONSENT_FACTS and not row.type.startswith("log.")}
    gone |= await _superseded(tx, {row.recipient_id for row in rows if row.type in CONSENT_FACTS}, last)
    erased = {row.recipient_id for row in rows if row.type == _ERASED}
    gone |= {row.id for row in await tx.execute(_facts_until(tx, erased, last))}
    await _remove_facts(tx, gone)
    await _remove_people(tx, erased)
    await move_cursor(tx, "facts", last)
    return len(rows)


async def _is_any(tx: Tx, condition: ColumnElement[bool]) -> bool:
    return bool((await tx.execute(select(condition))).scalar_one())


async def _superseded(tx: Tx, people: Collection[UUID], last: UUID) -> set[UUID]:
    """The facts about consents of these people up to `last`, but for the newest on each channel and purpose."""
    about_consents = _facts_until(tx, people, last).where(facts.c.type.in_(CONSENT_FACTS)).order_by(facts.c.id)
    newest: dict[tuple[UUID, str, str], UUID] = {}
    superseded = set()
    for row in await tx.execute(about_consents):
        data = json.loads(row.document)["data"]
        place = (row.recipient_id, data["channel"], data["purpose"])
        if place in newest:
            superseded.add(newest[place])
        newest[place] = row.id
    return superseded


def _facts_until(tx: Tx, people: Collection[UUID], last: UUID) -> Select[Any]:
    query = select(facts.c.id, facts.c.recipient_id, facts.c.document)
    return query.where(one_of(tx, facts.c.recipient_id, people), facts.c.id <= last)


async def _remove_facts(tx: Tx, gone: Collection[UUID]) -> None:
    """Remove facts, and note below which index of each shard some may be missing from now on."""
    places = (
        select(leaves.c.shard, func.max(leaves.c.leaf_index).label("newest"))
        .where(one_of(tx, leaves.c.fact_id, gone))
        .group_by(leaves.c.shard)
    )
    for row in list(await tx.execute(places)):
        statement = (postgresql if tx.is_postgres else sqlite).insert(retired_entries)
        farther = statement.excluded.below_index
        await tx.execute(
            statement.values(shard=row.shard, below_index=row.newest + 1).on_conflict_do_update(
                index_elements=["shard"],
                set_={"below_index": farther},
                where=farther > retired_entries.c.below_index,
            )
        )
    await tx.execute(delete(facts).where(one_of(tx, facts.c.id, gone)))


async def _remove_people(tx: Tx, erased: Collection[UUID]) -> None:
    own = recipients.c.id
    await tx.execute(
        delete(recipients).where(
            one_of(tx, own, erased),
            *(~exists().where(table.c.recipient_id == own) for table in (facts, events, notifications)),
        )
    )
