"""What incidents keep shut of the places at which shipments wait."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from app.domain.event import Area, Event, Facility
from app.domain.outages import Outages, areas_around
from app.domain.shipment import Milestone
from app.domain.stay import Known, known_of
from app.storage import incidents as incident_store
from app.storage.database import Tx

# A shipment's blind index, its operator, and a facility at which it may wait.
Place = tuple[bytes, str, Facility]


async def read_outages(tx: Tx, places: Iterable[Place]) -> Outages:
    """What is shut of these places."""
    around: dict[str, set[Area]] = defaultdict(set)
    for shipment, operator, facility in places:
        around[operator].update(areas_around(facility, shipment))
    return await incident_store.outages(tx, around)


def places_in(events: Iterable[tuple[bytes, Event]]) -> list[Place]:
    """The places that these events name, each with the index of its shipment."""
    return [(shipment, event.operator, event.facility) for shipment, event in events if event.facility is not None]


def places_of(known: Mapping[bytes, Iterable[Milestone]]) -> list[Place]:
    """The places that were named when something was heard of shipments."""
    return places_in((shipment, one.event) for shipment, many in known.items() for one in many if one.event is not None)


def known_at(milestones: Iterable[Milestone], outages: Outages, shipment: bytes, *, as_of: datetime) -> Known:
    """What the events of one shipment come to, at a facility that is shut as `outages` have it."""
    milestones = list(milestones)
    operator = next((one.event.operator for one in milestones if one.event is not None), "")
    return known_of(milestones, as_of=as_of, touched=partial(outages.touching, operator, shipment_index=shipment))
