"""Incidents of areas: their revisions, what they keep shut, and how far those whom they touch were gone through."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from app.domain.event import Area, AreaKind, Outage
from app.domain.incident import CLOSING_KIND, ENDING_KIND
from app.domain.outages import Outages
from app.storage.database import Tx
from app.storage.shipments import lock_shipments
from app.storage.sql import Lookup, insert_rows, locked, one_of
from app.storage.tables import RUNNING_ROWS, incident_areas, incidents

# Among the areas of an incident: whoever was told of an earlier revision, which is named by its event's id.
TOLD = "told"
# One person, by their id, who is to be come by once more.
PERSON = "person"


class State(StrEnum):
    """Whether the people are still being gone through, were all, or are not because another revision came first."""

    RUNNING = "running"
    DONE = "done"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an incident is told: how many `people` were looked at, and how many notifications `planned`."""

    state: State
    planned: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision of an incident, by the id and the leaf hash of its event.

    `starts` and `until` are moments; `newest`: no other counts more. `areas` is whom it touches, shipments by their
    blind index; only there when it is new.
    """

    event: UUID
    event_fact: bytes = field(repr=False)
    operator: str
    name: str
    revision: int
    kind: str
    starts: datetime | None
    until: datetime | None
    reason: str | None
    received_at: datetime
    newest: bool = True
    areas: tuple[Area, ...] = field(default=(), repr=False)

    @property
    def order(self) -> tuple[int, bool]:
        """Of two, the higher counts; the end of an incident counts more than what else has its number."""
        return self.revision, self.kind == ENDING_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of whom an incident touches; of earlier revisions' when `inherited`."""

    position: int
    kind: str
    value: str = field(repr=False)
    inherited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An incident that is being told: at which step, after whom of it, and what came of it so far."""

    revision: Revision
    position: int
    passed: str | None
    people: int
    planned: int


_PROGRESS = Lookup(
    select(incidents.c.event_id, incidents.c.state, incidents.c.planned, incidents.c.people), incidents.c.event_id
)


async def progress(tx: Tx, events: Iterable[UUID]) -> dict[UUID, Progress]:
    """How far each of these events is told that are incidents of areas."""
    return {
        row.event_id: Progress(state=State(row.state), planned=row.planned, people=row.people)
        for row in await _PROGRESS.rows(tx, events)
    }


async def lock_names(tx: Tx, named: Iterable[tuple[str, str]]) -> None:
    """Until `tx` ends, nobody else takes in revisions of these incidents (operator, name)."""
    await lock_shipments(tx, {tx.vault.index("incident", *each) for each in named})


async def newest(tx: Tx, named: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Revision]:
    """The revision of each of these incidents (operator, name) that counts, without its areas."""
    wanted = set(named)
    operators, names = {operator for operator, _ in wanted}, {name for _, name in wanted}
    query = select(incidents).where(
        one_of(tx, incidents.c.operator, operators), one_of(tx, incidents.c.name, names), incidents.c.newest
    )
    found = [_revision(row) for row in await tx.execute(query)]
    return {place: each for each in found if (place := (each.operator, each.name)) in wanted}


async def insert(tx: Tx, new: Revision, *, before: Revision | None) -> Progress:
    """Write a revision that counts from now on, in the place of the one `before`."""
    if before is not None:
        await _supersede(tx, before.event)
    await insert_rows(tx, incidents, [_row(new, state=State.RUNNING)])
    own = [(area.kind.value, area.value) for area in new.areas]
    inherited = await _inherited(tx, before.event, set(own)) if before is not None else []
    rows = [
        {
            "event_id": new.event,
            "position": position,
            "operator": new.operator,
            "kind": kind,
            "value": value,
            "inherited": position >= len(own),
        }
        for position, (kind, value) in enumerate([*own, *inherited])
    ]
    await insert_rows(tx, incident_areas, rows)
    return Progress(state=State.RUNNING)


async def insert_superseded(tx: Tx, late: Revision) -> Progress:
    """Write a revision that came after one that counts more: nobody is told of it."""
    await insert_rows(tx, incidents, [_row(late, state=State.SUPERSEDED)])
    return Progress(state=State.SUPERSEDED)


async def _supersede(tx: Tx, event: UUID) -> None:
    row = incidents.c.event_id == event
    await tx.execute(update(incidents).where(row).values(newest=False))
    await tx.execute(update(incidents).where(row, RUNNING_ROWS).values(state=State.SUPERSEDED))


async def _inherited(tx: Tx, event: UUID, own: set[tuple[str, str]]) -> list[tuple[str, str]]:
    query = select(incident_areas.c.kind, incident_areas.c.value).where(incident_areas.c.event_id == event)
    rows = await tx.execute(query.order_by(incident_areas.c.position))
    return [*((row.kind, row.value) for row in rows if (row.kind, row.value) not in own), (TOLD, str(event))]


async def outages(tx: Tx, around: Mapping[str, Iterable[Area]]) -> Outages:
    """What incidents keep shut, by operator, in these of its areas."""
    found: dict[tuple[str, Area], tuple[Outage, ...]] = defaultdict(tuple)
    for operator, areas in around.items():
        query = (
            select(
                incident_areas.c.kind,
                incident_areas.c.value,
                incidents.c.starts,
                incidents.c.until,
                incidents.c.reason,
            )
            .join(incidents, incidents.c.event_id == incident_areas.c.event_id)
            .where(
                incident_areas.c.operator == operator,
                _is_one_of(tx, set(areas)),
                ~incident_areas.c.inherited,
                incidents.c.newest,
                incidents.c.kind == CLOSING_KIND,
                incidents.c.starts.is_not(None),
            )
        )
        for row in await tx.execute(query):
            if row.until is None or row.until > row.starts:
                outage = Outage(starts=row.starts, until=row.until, reason=row.reason)
                found[operator, Area(kind=AreaKind(row.kind), value=row.value)] += (outage,)
    return Outages(by_area=found)


async def touched(tx: Tx, revision: Revision, among: Iterable[Area]) -> dict[Area, bool]:
    """Those of these areas that the revision touches (True), or only an earlier one touched (False)."""
    query = select(incident_areas.c.kind, incident_areas.c.value, incident_areas.c.inherited).where(
        incident_areas.c.event_id == revision.event,
        incident_areas.c.operator == revision.operator,
        _is_one_of(tx, set(among)),
    )
    return {Area(kind=AreaKind(row.kind), value=row.value): not row.inherited for row in await tx.execute(query)}


def _is_one_of(tx: Tx, areas: set[Area]) -> ColumnElement[bool]:
    by_kind: dict[AreaKind, list[str]] = defaultdict(list)
    for area in areas:
        by_kind[area.kind].append(area.value)
    return or_(
        *(
            and_(incident_areas.c.kind == kind.value, one_of(tx, incident_areas.c.value, sorted(values)))
            for kind, values in sorted(by_kind.items())
        )
    )


async def take_running(tx: Tx) -> Job | None:
    """The incident whose last turn of being told was longest ago, locked; those that others are at are left out.

    So a large one keeps no other from being told.
    """
    query = select(incidents).where(RUNNING_ROWS).order_by(incidents.c.turn_at, incidents.c.event_id).limit(1)
    row = (await tx.execute(locked(tx, query, skip=True))).one_or_none()
    if row is None:
        return None
    return Job(revision=_revision(row), position=row.part, passed=row.passed, people=row.people, planned=row.planned)


async def steps(tx: Tx, job: Job, *, limit: int) -> Sequence[Step]:
    """What comes next: one entry, or up to `limit` shipments in a row; none at the end."""
    query = (
        select(incident_areas)
        .where(incident_areas.c.event_id == job.revision.event, incident_areas.c.position >= job.position)
        .order_by(incident_areas.c.position)
        .limit(limit)
    )
    found = [
        Step(position=row.position, kind=row.kind, value=row.value, inherited=row.inherited)
        for row in await tx.execute(query)
    ]
    shipments = list(takewhile(lambda step: step.kind == AreaKind.SHIPMENT, found))
    return shipments or found[:1]


async def save(tx: Tx, job: Job, *, now: datetime, is_done: bool = False) -> None:
    """Write how far the job is, or that it is done; others have their turn."""
    done = {"state": State.DONE, "ended_at": now} if is_done else {}
    await tx.execute(
        update(incidents)
        .where(incidents.c.event_id == job.revision.event)
        .values(part=job.position, passed=job.passed, people=job.people, planned=job.planned, turn_at=now, **done)
    )


async def put_off(tx: Tx, *, until: datetime) -> None:
    """Let the one whose turn it is have none before others that wait until then."""
    job = await take_running(tx)
    if job is not None:
        await tx.execute(update(incidents).where(incidents.c.event_id == job.revision.event).values(turn_at=until))


async def come_by_again(tx: Tx, untold: Iterable[tuple[UUID, UUID]]) -> None:
    """Have each of these people (event, person) come by once more for the newest revision of that incident."""
    by_event: dict[UUID, list[UUID]] = defaultdict(list)
    for event, person in sorted(set(untold)):
        by_event[event].append(person)
    for revision in (await by_events(tx, by_event)).values():
        place = revision.operator, revision.name
        await lock_names(tx, [place])
        now = (await newest(tx, [place]))[place].event
        await tx.execute(
            update(incidents).where(incidents.c.event_id == now).values(state=State.RUNNING, ended_at=None)
        )
        last = select(func.max(incident_areas.c.position)).where(incident_areas.c.event_id == now)
        position = (await tx.execute(last)).scalar_one()
        rows = [
            {
                "event_id": now,
                "position": position + number,
                "operator": revision.operator,
                "kind": PERSON,
                "value": str(person),
                "inherited": True,
            }
            for number, person in enumerate(by_event[revision.event], start=1)
        ]
        await insert_rows(tx, incident_areas, rows)


async def revisions(tx: Tx, operator: str, name: str) -> dict[UUID, Revision]:
    """Every revision of one incident, by its event's id, without areas."""
    query: Select[Any] = select(incidents).where(incidents.c.operator == operator, incidents.c.name == name)
    return {row.event_id: _revision(row) for row in await tx.execute(query)}


async def by_events(tx: Tx, events: Iterable[UUID]) -> dict[UUID, Revision]:
    """The revisions that these events are, without areas."""
    query = select(incidents).where(one_of(tx, incidents.c.event_id, set(events)))
    return {row.event_id: _revision(row) for row in await tx.execute(query)}


def _row(revision: Revision, *, state: State) -> dict[str, Any]:
    return {
        "event_id": revision.event,
        "event_fact": revision.event_fact,
        "operator": revision.operator,
        "name": revision.name,
        "revision": revision.revision,
        "kind": revision.kind,
        "starts": revision.starts,
        "until": revision.until,
        "reason": revision.reason,
        "newest": state is State.RUNNING,
        "state": state,
        "part": 0,
        "people": 0,
        "planned": 0,
        "received_at": revision.received_at,
        "turn_at": revision.received_at,
    }


def _revision(row: Any) -> Revision:
    return Revision(
        event=row.event_id,
        event_fact=row.event_fact,
        operator=row.operator,
        name=row.name,
        revision=row.revision,
        kind=row.kind,
        starts=row.starts,
        until=row.until,
        reason=row.reason,
        received_at=row.received_at,
        newest=row.newest,
    )
