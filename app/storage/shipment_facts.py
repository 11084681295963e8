"""The facts about one shipment, found by its blind index, and what that index cannot find."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CompoundSelect, exists, func, select, union

from app.domain.event import AreaKind
from app.evidence.shipment_statement import Unlinked
from app.storage import facts as fact_store
from app.storage import log
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.sql import one_of
from app.storage.tables import (
    UNLINKED_EVENTS,
    UNLINKED_NOTIFICATIONS,
    events,
    facts,
    incident_areas,
    incidents,
    notifications,
    recipients,
    retention_cursors,
    tree_heads,
)

_TIME_BITS = 48  # with which a UUIDv7 begins: milliseconds since 1970 (RFC 9562 §5.7)


class ChainFact(NamedTuple):
    """One fact of a notification's chain, without its document."""

    id: UUID
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """From when on a shipment's name leads to all that was recorded about it, but for what is `unlinked`.

    `since` is the first moment after the newest event whose content was removed because of its age, after the last
    recovery that found facts lost, and not before the log was opened.
    """

    since: datetime
    unlinked: Unlinked


async def people(tx: Tx, operator: str, shipment: bytes) -> set[UUID]:
    """Everybody whom events about that shipment name; also the record under which those are kept that name nobody."""
    query = select(events.c.recipient_id).distinct().where(events.c.id.in_(_naming(operator, shipment)))
    return set((await tx.execute(query)).scalars())


async def event_facts(tx: Tx, operator: str, shipment: bytes, *, limit: int) -> list[StoredFact]:
    """Up to `limit` facts of events that name that shipment, alone or among the areas of an incident."""
    of_events = facts.c.event_id.is_not(None), facts.c.event_id.in_(_naming(operator, shipment))
    query = select(facts.c.id).where(*of_events)
    found = await fact_store.by_ids(tx, (await tx.execute(query.limit(limit))).scalars())
    return [found[fact] for fact in sorted(found)]


def _naming(operator: str, shipment: bytes) -> CompoundSelect[UUID]:
    """The ids of events that name that shipment."""
    as_area = (
        incident_areas.c.operator == operator,
        incident_areas.c.kind == AreaKind.SHIPMENT,
        incident_areas.c.value == shipment.hex(),
        ~incident_areas.c.inherited,
    )
    return union(
        select(events.c.id).where(events.c.shipment_index == shipment),
        select(incident_areas.c.event_id).where(*as_area),
    )


async def chains(tx: Tx, shipment: bytes, *, limit: int) -> dict[UUID, list[ChainFact]]:
    """Up to `limit` notifications about that shipment, alone or among several, each with its facts in order of `n`."""
    about = select(notifications.c.id).where(outbox.about_shipment(shipment)).limit(limit)
    ids = list((await tx.execute(about)).scalars())
    query = (
        select(facts.c.notification_id, facts.c.id, facts.c.leaf)
        .where(one_of(tx, facts.c.notification_id, ids))
        .order_by(facts.c.notification_id, facts.c.n)
    )
    found: dict[UUID, list[ChainFact]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.notification_id].append(ChainFact(row.id, row.leaf))
    return found


async def horizon(tx: Tx, operator: str) -> Horizon:
    """How far back names lead. Asked after the facts: what is forgotten meanwhile is then counted, never missed."""
    cursors = select(retention_cursors.c.name, retention_cursors.c.passed)
    passed = {row.name: row.passed for row in await tx.execute(cursors)}
    of_events, of_notifications = passed["event_values"], passed["notification_values"]
    opened: datetime = (await tx.execute(select(func.min(tree_heads.c.opened_at)))).scalar_one()
    lost = await log.last_loss_at(tx)
    ended = [_time(of_events), _time(of_notifications), *([lost] if lost else [])]
    return Horizon(
        since=max(opened, *map(_after, ended)),
        unlinked=Unlinked(
            events=await _unlinked_events(tx, operator, of_events),
            notifications=await _unlinked_notifications(tx, operator, of_notifications),
        ),
    )


def _time(id_: UUID) -> datetime:
    return datetime.fromtimestamp((id_.int >> (128 - _TIME_BITS)) / 1000, UTC)


def _after(moment: datetime) -> datetime:
    return moment + timedelta(milliseconds=1)


async def _unlinked_events(tx: Tx, operator: str, after: UUID) -> int:
    """Events erased with a person, and those of which nobody could read what they are about."""
    is_kept = exists().where(incidents.c.event_id == events.c.id)  # an incident's areas say whom it is about
    query = select(func.count()).where(UNLINKED_EVENTS, events.c.operator == operator, events.c.id > after, ~is_kept)
    return int((await tx.execute(query.select_from(events))).scalar_one())


async def _unlinked_notifications(tx: Tx, operator: str, after: UUID) -> int:
    """Those of people who were erased; messages about several shipments, or about a whole area, are not meant."""
    is_erased = exists().where(recipients.c.id == notifications.c.recipient_id, recipients.c.erased_at.is_not(None))
    query = select(func.count()).where(
        UNLINKED_NOTIFICATIONS, notifications.c.operator == operator, notifications.c.id > after, is_erased
    )
    return int((await tx.execute(query.select_from(notifications))).scalar_one())
