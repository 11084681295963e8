"""Incidents of areas as they are accepted: which revision counts from now on, and that the people are to be told."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from app.domain.event import Area, AreaKind, Event
from app.domain.incident import first_moment, last_moment
from app.domain.outages import shipment_area
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage.database import Tx
from app.storage.incidents import Progress, Revision
from app.usecases.plan_notifications import Keeping

# An incident that was accepted, and the leaf hash of its event's fact.
Accepted = tuple[Keeping, bytes]


async def lock_incidents(tx: Tx, events: Iterable[Event]) -> None:
    """Until `tx` ends, nobody else takes in revisions of the incidents that these events are about."""
    if named := {(event.operator, event.incident.name) for event in events if event.incident is not None}:
        await incident_store.lock_names(tx, named)


async def keep_incidents(tx: Tx, accepted: Sequence[Accepted]) -> dict[UUID, Progress]:
    """Have people told of each, unless a revision that counts more is known; how far that is, by event.

    Of several revisions in one list only the one that counts most is told. The incidents are locked.
    """
    if not accepted:
        return {}
    revisions = [_revision(tx, item, event_fact) for item, event_fact in accepted]
    known = await incident_store.newest(tx, {_place(each) for each in revisions})
    newest = dict(known)
    for each in revisions:
        before = newest.get(_place(each))
        if before is None or each.order > before.order:
            newest[_place(each)] = each
    for each in revisions:
        if each is newest[_place(each)]:
            await incident_store.insert(tx, each, before=known.get(_place(each)))
        else:
            await incident_store.insert_superseded(tx, each)
    return await incident_store.progress(tx, [each.event for each in revisions])


def _place(revision: Revision) -> tuple[str, str]:
    return revision.operator, revision.name


def _revision(tx: Tx, item: Keeping, event_fact: bytes) -> Revision:
    event, incident = item.event, item.event.incident
    if incident is None:
        raise ValueError("the event is no incident of an area")
    return Revision(
        event=item.id,
        event_fact=event_fact,
        operator=event.operator,
        name=incident.name,
        revision=incident.revision,
        kind=event.kind,
        starts=first_moment(incident.starts) if incident.starts is not None else None,
        until=last_moment(incident.until) if incident.until is not None else None,
        reason=event.reason,
        received_at=item.received_at,
        areas=tuple(_indexed(tx, event.operator, area) for area in incident.scope),
    )


def _indexed(tx: Tx, operator: str, area: Area) -> Area:
    if area.kind is not AreaKind.SHIPMENT:
        return area
    return shipment_area(event_store.shipment_index(tx, operator, area.value))
