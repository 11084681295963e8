"""Which facilities incidents keep shut, and since and until when. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from app.domain.event import Area, AreaKind, Facility, Outage
from app.domain.incident import areas_of

WHOLE_OPERATOR = Area(kind=AreaKind.OPERATOR)


def shipment_area(shipment_index: bytes) -> Area:
    """One shipment, named by its blind index."""
    return Area(kind=AreaKind.SHIPMENT, value=shipment_index.hex())


def areas_around(facility: Facility | None, shipment_index: bytes | None) -> tuple[Area, ...]:
    """Every area by which an incident can touch that facility, or what waits there under that shipment's index."""
    around = [WHOLE_OPERATOR]
    if shipment_index is not None:
        around.append(shipment_area(shipment_index))
    if facility is not None:
        around += _areas_of_place(facility.id, facility.post_code or "")
    return tuple(around)


@lru_cache(maxsize=4096)  # what waits at one place is asked about one after the other
def _areas_of_place(facility: str, post_code: str) -> tuple[Area, ...]:
    codes = (Area(kind=AreaKind.POST_CODE, value=area) for area in areas_of(post_code))
    return (Area(kind=AreaKind.FACILITY, value=facility), *codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """What is shut, by operator and area, as the newest revision of each incident says."""

    by_area: Mapping[tuple[str, Area], tuple[Outage, ...]] = field(default_factory=dict)

    def touching(self, operator: str, facility: Facility, shipment_index: bytes | None) -> Facility:
        """The facility with the outages that keep it shut for that shipment, the earliest first."""
        if not self.by_area:
            return facility
        found: Iterable[Outage] = {
            outage
            for area in areas_around(facility, shipment_index)
            for outage in self.by_area.get((operator, area), ())
        }
        return replace(facility, outages=tuple(sorted(found, key=lambda each: (each.starts, str(each.until)))))


NO_OUTAGES = Outages()
