"""How an incident of an area touches people: what waits for them where it says, and where they live."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.event import Area, AreaKind, Event, Facility
from app.domain.incident import areas_of
from app.domain.incident_news import Touch
from app.domain.outages import WHOLE_OPERATOR, areas_around, shipment_area
from app.domain.stay import PersonalStay
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage.database import Tx
from app.storage.incidents import Revision
from app.storage.recipients import RecipientRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A recipient, all that waits for them, and the blind indexes of other items of theirs that are under way."""

    record: RecipientRecord
    stays: Sequence[PersonalStay] = ()
    shipments: Sequence[bytes] = field(default=(), repr=False)

    @property
    def post_codes(self) -> tuple[str, ...]:
        """Where they say that they live."""
        return self.record.recipient.post_codes if self.record.recipient else ()


async def touched_people(tx: Tx, revision: Revision, people: Iterable[Person]) -> dict[UUID, Touch]:
    """How that revision touches each of these people."""
    people = list(people)
    around = {area for person in people for area in _around(person)}
    touched = await incident_store.touched(tx, revision, around) if around else {}
    return {person.record.id: _touch(person, touched) for person in people}


def _around(person: Person) -> Iterable[Area]:
    yield WHOLE_OPERATOR
    for stay in person.stays:
        yield from _areas_of_stay(stay)
    for shipment in person.shipments:
        yield shipment_area(shipment)
    for code in person.post_codes:
        yield from _areas_of_home(code)


def _touch(person: Person, touched: Mapping[Area, bool]) -> Touch:
    by_place: dict[bool, list[PersonalStay]] = defaultdict(list)
    for stay in person.stays:
        found = [touched[area] for area in _areas_of_stay(stay) if area in touched]
        if found:
            by_place[any(found)].append(stay)
    return Touch(
        places=tuple(by_place[True]),
        former=tuple(by_place[False]),
        shipments=tuple(each for each in person.shipments if touched.get(shipment_area(each))),
        post_codes=tuple(code for code in person.post_codes if any(touched.get(area) for area in _areas_of_home(code))),
        as_any=touched.get(WHOLE_OPERATOR, False),
    )


def _areas_of_stay(stay: PersonalStay) -> tuple[Area, ...]:
    return areas_around(facility_of(stay), stay.shipment_index)


def _areas_of_home(post_code: str) -> tuple[Area, ...]:
    return tuple(Area(kind=AreaKind.POST_CODE, value=area) for area in areas_of(post_code))


def facility_of(stay: PersonalStay) -> Facility | None:
    """Where the item waits."""
    return stay.known.stay.facility if stay.known.stay else None


def names_of(tx: Tx, incident: Event, events: Mapping[UUID, Event], stays: Iterable[PersonalStay]) -> dict[bytes, str]:
    """The names of the shipments that wait, from `events` that told of them, and of those that the incident names."""
    named = {event_store.shipment_index(tx, incident.operator, name): name for name in incident.shipments}
    waiting = {stay.shipment_index: events[stay.event].shipments for stay in stays if stay.event in events}
    return named | {index: shipments[0] for index, shipments in waiting.items() if shipments}
