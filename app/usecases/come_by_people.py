"""Go through the people whom an incident of an area may touch, a batch at a time, in an order that never changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.event import AreaKind
from app.domain.shipment import ENDING_KINDS, picture_of
from app.storage import events as event_store
from app.storage import incident_messages, recipient_areas
from app.storage import incidents as incident_store
from app.storage import recipients as recipient_store
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.incidents import TOLD, Job, Step

# Where something waits comes before where people live.
_AT_HOME = "home"
_OVER = ENDING_KINDS | {"lost"}


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
    """Up to `limit` people, perhaps none; None once everybody was come by."""
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
    """The people of shipments that the incident names, without those that are over."""
    indexes = {bytes.fromhex(step.value) for step in steps}
    known = await event_store.milestones(tx, indexes)
    shipments: dict[UUID, list[bytes]] = defaultdict(list)
    for index, milestones in sorted(known.items()):
        if picture_of(milestones).state not in _OVER:
            for person in {one.recipient for one in milestones if one.recipient is not None}:
                shipments[person].append(index)
    return ComeBy(people=sorted(shipments), position=steps[-1].position + 1, shipments=shipments)


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
