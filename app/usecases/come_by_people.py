"""Go through the people whom an incident of an area may touch, a batch at a time, in an order that never changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from app.domain.event import AreaKind
from app.domain.shipment import Milestone, is_under_way
from app.storage import events as event_store
from app.storage import incident_messages, recipient_areas
from app.storage import incidents as incident_store
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.incidents import PERSON, TOLD, Job, Step

# Where something waits comes before where people live.
_AT_HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComeBy:
    """The next people, and where to go on after them.

    `shipments` are the blind indexes of those that the incident itself names and that are under way, by person.
    """

    people: Sequence[UUID]
    position: int
    passed: str | None = None
    shipments: Mapping[UUID, Sequence[bytes]] = field(default_factory=dict, repr=False)


async def come_by(tx: Tx, job: Job, *, limit: int) -> ComeBy | None:
    """Up to `limit` people, perhaps none; None once everybody was come by.

    As many areas in which nobody is are passed at once: an operator may name thousands of places.
    """
    found = await _people(tx, job, limit)
    for _ in range(limit):
        if found is None or found.people:
            break
        following = await _people(tx, replace(job, position=found.position, passed=found.passed), limit)
        if following is None:
            break
        found = following
    return found


async def _people(tx: Tx, job: Job, limit: int) -> ComeBy | None:
    steps = await incident_store.steps(tx, job, limit=limit)
    if not steps:
        return None
    match steps[0].kind:
        case AreaKind.SHIPMENT:
            return await _named(tx, steps)
        case AreaKind.POST_CODE:
            return await _around(tx, job, steps[0], limit)
        case AreaKind.FACILITY:
            people = await stay_store.waiting_at(
                tx, job.revision.operator, steps[0].value, after=_after(job.passed), limit=limit
            )
        case AreaKind.OPERATOR:
            people = await recipient_store.registered(tx, job.revision.operator, after=_after(job.passed), limit=limit)
        case kind if kind == TOLD:
            people = await incident_messages.told_of(tx, UUID(steps[0].value), after=_after(job.passed), limit=limit)
        case kind if kind == PERSON:
            return ComeBy(people=[UUID(steps[0].value)], position=steps[0].position + 1)
        case kind:
            raise ValueError(f"incidents have no areas of the kind {kind}")
    return _next(people, steps[0], limit)


def _after(passed: str | None) -> UUID | None:
    return UUID(passed) if passed else None


def _next(people: Sequence[UUID], step: Step, limit: int, *, prefix: str = "") -> ComeBy:
    if len(people) < limit:
        return ComeBy(people=people, position=step.position + 1)
    return ComeBy(people=people, position=step.position, passed=f"{prefix}{people[-1]}")


async def _named(tx: Tx, steps: Sequence[Step]) -> ComeBy:
    """The people of shipments that the incident names, each with all of theirs: it may name others further on.

    Only those who are registered: all others are told nothing, and whoever stands for nobody has no end of shipments.
    """
    indexes = {bytes.fromhex(step.value) for step in steps}
    people = await recipient_store.registered_among(tx, _under_way(await event_store.milestones(tx, indexes)))
    own = await event_store.shipments_of(tx, people)
    shipments = _under_way(await event_store.milestones(tx, own))
    return ComeBy(
        people=sorted(people),
        position=steps[-1].position + 1,
        shipments={person: found for person, found in shipments.items() if person in people},
    )


def _under_way(known: Mapping[bytes, Sequence[Milestone]]) -> dict[UUID, list[bytes]]:
    """By person, the shipments that are not over."""
    shipments: dict[UUID, list[bytes]] = defaultdict(list)
    for index, milestones in sorted(known.items()):
        if is_under_way(milestones):
            for person in {one.recipient for one in milestones if one.recipient is not None}:
                shipments[person].append(index)
    return shipments


async def _around(tx: Tx, job: Job, step: Step, limit: int) -> ComeBy:
    """Those for whom something waits in a post code's area, then those who live there."""
    phase, _, passed = (job.passed or "").rpartition(" ")
    operator = job.revision.operator
    if phase == _AT_HOME:
        people = await recipient_areas.living_in(tx, operator, step.value, after=_after(passed), limit=limit)
        return _next(people, step, limit, prefix=f"{_AT_HOME} ")
    pairs = await stay_store.waiting_around(
        tx, operator, step.value, after=(phase, UUID(passed)) if passed else None, limit=limit
    )
    people = list(dict.fromkeys(person for _, person in pairs))
    last = " ".join(map(str, pairs[-1])) if len(pairs) == limit else f"{_AT_HOME} "
    return ComeBy(people=people, position=step.position, passed=last)
