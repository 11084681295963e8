"""Incidents of areas to render: an office that is shut, a strike, planned work, their changes and their ends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from app.domain.event import Facility, Outage
from app.rendering.notice import IncidentNews, Item, Notice, PlaceTouched
from tests.unit.rendering.samples import (
    LOCKER,
    NUMBER,
    OFFICE,
    OTHERS,
    SAFE,
    SAMPLES,
    WARSAW,
    Sample,
    event,
    told,
    week,
)
from tests.unit.rendering.service_samples import SERVICE_SAMPLES

TOLD_ON = date(2026, 11, 29)
STARTS = datetime(2026, 11, 30, 8, tzinfo=WARSAW)
UNTIL = datetime(2026, 12, 2, 20, tzinfo=WARSAW)
LETTER = Item(shipment=NUMBER, service="registered_letter", since=datetime(2026, 11, 23, 11, 40, tzinfo=WARSAW))
SUBSTITUTE = Facility(
    id="UP-00-004",
    name="UP Warszawa 4",
    street="Ząbkowska 31",
    post_code="03-736",
    city="Warszawa",
    hours=week(*["8:00-20:00"] * 5, "9:00-13:00", ""),
)


def shut(facility: Facility, starts: datetime = STARTS, until: datetime | None = UNTIL) -> Facility:
    """The facility with that outage."""
    return replace(facility, outages=(Outage(starts=starts, until=until),))


AT_OFFICE = PlaceTouched(facility=shut(OFFICE), items=(LETTER,), collect_by=SAFE)
AT_LOCKER = PlaceTouched(
    facility=shut(LOCKER),
    items=(Item(shipment="620000000000000012345678", service="locker_parcel"),),
    has_no_open_day=True,
)
AT_THIRD = PlaceTouched(
    facility=shut(replace(OFFICE, id="UP-00-050", name="UP Warszawa 50", street="Brechta 3")),
    items=OTHERS,
    collect_by=date(2026, 12, 4),
)
CLOSURE = IncidentNews(
    kind="facility_unavailable",
    operator="poczta-polska",
    starts=STARTS,
    until=UNTIL,
    reason="technical",
    places=(AT_OFFICE,),
)
INSTEAD = replace(CLOSURE, substitute=SUBSTITUTE, places=(replace(AT_OFFICE, substitute_by=SAFE),))
LONGER_UNTIL = datetime(2026, 12, 4, 20, tzinfo=WARSAW)
LONGER = replace(
    CLOSURE, until=LONGER_UNTIL, places=(replace(AT_OFFICE, facility=shut(OFFICE, until=LONGER_UNTIL)),), before=CLOSURE
)
STRIKE = IncidentNews(
    kind="service_disruption",
    operator="poczta-polska",
    starts=date(2026, 11, 30),
    until=date(2026, 12, 4),
    reason="strike",
    places=(replace(AT_OFFICE, facility=OFFICE),),
    post_codes=("03-7*",),
)
WORK = IncidentNews(
    kind="maintenance_planned",
    operator="inpost",
    starts=datetime(2026, 12, 1, 22, tzinfo=WARSAW),
    until=datetime(2026, 12, 2, 2, tzinfo=WARSAW),
    planned=True,
    reason="maintenance",
    items=(Item(shipment="620000000000000012345678", service="parcel"),),
)
OVER = replace(CLOSURE, kind="resolved", places=(replace(AT_OFFICE, facility=OFFICE),), before=CLOSURE, is_over=True)
RENOVATED = shut(OFFICE, datetime(2026, 12, 1, tzinfo=WARSAW), None)
NO_MORE = date(2026, 12, 1)


def incident(*news: IncidentNews, kind: str | None = None, told_on: date = TOLD_ON, **more: object) -> Sample:
    """A notice of these incidents, the first of which is its own."""
    kind = kind or news[0].kind
    at = datetime(told_on.year, told_on.month, told_on.day, 18, tzinfo=WARSAW)
    own = event(
        kind,
        type=f"pl.awizo.incident.{kind}.v1",
        operator=news[0].operator,
        service=None,
        effective_at=at,
    )
    return told(own, kind=kind, incidents=news, told_on=told_on, **more)


def _later(days: int) -> IncidentNews:
    """The same at another office, days later."""
    office = replace(OFFICE, id=f"UP-{days}", name=f"UP Warszawa {days}")
    starts, until = date(2026, 12, days), date(2026, 12, days + 1)
    place = replace(AT_OFFICE, facility=office, items=OTHERS[1:])
    return replace(CLOSURE, starts=starts, until=until, reason="stocktaking", places=(place,))


AREA_SAMPLES: Mapping[str, Sample] = {
    "facility_unavailable": incident(CLOSURE),
    "facility_unavailable_instead": incident(INSTEAD),
    "facility_unavailable_planned_instead": incident(
        replace(
            INSTEAD,
            planned=True,
            reason="renovation",
            starts=date(2026, 12, 1),
            until=None,
            places=(replace(INSTEAD.places[0], facility=RENOVATED, collect_by=date(2026, 11, 30)),),
        ),
        safety_phrase="zielony czajnik",
    ),
    "facility_unavailable_no_end": incident(
        replace(
            CLOSURE,
            until=None,
            reason="x-unknown",
            places=(PlaceTouched(facility=shut(OFFICE, until=None), items=(LETTER,), has_no_open_day=True),),
        )
    ),
    "facility_unavailable_some_hours": incident(
        replace(
            CLOSURE,
            starts=datetime(2026, 12, 1, 12, tzinfo=WARSAW),
            until=datetime(2026, 12, 1, 16, tzinfo=WARSAW),
            reason="power",
            places=(
                replace(
                    AT_OFFICE,
                    facility=shut(
                        OFFICE,
                        datetime(2026, 12, 1, 12, tzinfo=WARSAW),
                        datetime(2026, 12, 1, 16, tzinfo=WARSAW),
                    ),
                ),
            ),
        )
    ),
    "facility_unavailable_several_items": incident(
        replace(INSTEAD, places=(replace(INSTEAD.places[0], items=(LETTER, *OTHERS)),))
    ),
    "facility_unavailable_several_places": incident(
        replace(CLOSURE, reason="weather", places=(AT_OFFICE, AT_LOCKER, AT_THIRD))
    ),
    "facility_unavailable_without_a_date": incident(
        replace(CLOSURE, places=(PlaceTouched(facility=AT_OFFICE.facility, items=(Item(),)),))
    ),
    "facility_unavailable_longer": incident(LONGER),
    "facility_unavailable_other_place": incident(replace(INSTEAD, before=CLOSURE, reason="fire")),
    "facility_unavailable_narrowed": incident(replace(CLOSURE, places=(), before=CLOSURE, is_over=True)),
    "facility_unavailable_digest": incident(INSTEAD, _later(3)),
    "facility_unavailable_digest_of_kinds": incident(LONGER, STRIKE, WORK),
    "facility_unavailable_of_items": incident(
        replace(CLOSURE, places=(), items=(Item(shipment=NUMBER, service="parcel"),))
    ),
    "service_disruption": incident(STRIKE),
    "service_disruption_operator_wide": incident(replace(STRIKE, until=None, places=(), post_codes=())),
    "service_disruption_shorter": incident(replace(STRIKE, until=date(2026, 12, 2), before=STRIKE)),
    "service_disruption_other_reason": incident(replace(STRIKE, reason="weather", before=STRIKE)),
    "service_disruption_narrowed": incident(replace(STRIKE, before=STRIKE, is_over=True)),
    "maintenance_planned": incident(WORK),
    "maintenance_planned_narrowed": incident(replace(WORK, before=WORK, is_over=True)),
    "resolved": incident(OVER, told_on=NO_MORE),
    "resolved_before_it_began": incident(OVER),
    "resolved_without_items": incident(replace(OVER, places=()), told_on=NO_MORE),
    "resolved_of_several_closures": incident(
        replace(OVER, places=(replace(AT_OFFICE, facility=shut(OFFICE, until=LONGER_UNTIL)),)), told_on=NO_MORE
    ),
    "resolved_disruption": incident(replace(STRIKE, kind="resolved", before=STRIKE, is_over=True), told_on=NO_MORE),
    "resolved_disruption_before_it_began": incident(replace(STRIKE, kind="resolved", before=STRIKE, is_over=True)),
    "resolved_work": incident(replace(WORK, kind="resolved", before=WORK, is_over=True), told_on=date(2026, 12, 2)),
    "resolved_work_before_it_began": incident(replace(WORK, kind="resolved", before=WORK, is_over=True)),
}
EVERY_SAMPLE: Mapping[str, Sample | Notice] = {**SAMPLES, **AREA_SAMPLES, **SERVICE_SAMPLES}
