"""What each type of incident of an area may say, and what the domain gets of it."""

from datetime import UTC, date, datetime

import pytest

from app.api.problems import Fault
from app.domain.event import AREA_INCIDENT_KINDS, Area, AreaKind, Facility, Incident
from tests.unit.api.events import faults, pointers, said, typed
from tests.wire import Json

KINDS = [f"incident.{kind}" for kind in AREA_INCIDENT_KINDS]
NEEDED: dict[str, tuple[str, ...]] = {
    "incident.facility_unavailable": ("from",),
    "incident.service_disruption": ("from",),
    "incident.maintenance_planned": ("from", "until"),
    "incident.resolved": (),
}
TIMES = {"from": "2026-11-30T08:00:00+01:00", "until": "2026-12-02"}
SUBSTITUTE = {"id": "UP-00-004", "name": "UP Warszawa 4"}


def incident(kind: str, *, without: str = "", **members: object) -> Json:
    """The least that such an event must say, and these members; `without` leaves one out."""
    whole = {"incident": "I-7", "revision": 1, "scope": {"facilities": ["UP-1"]}}
    whole |= {name: TIMES[name] for name in NEEDED[kind]}
    event = typed(kind, **(whole | members))
    data = event["data"]
    assert isinstance(data, dict)
    for name in {"shipment", without} - members.keys():
        data.pop(name, None)
    return event


def told(kind: str, **members: object) -> Incident:
    """What the event says as an incident."""
    read = said(incident(kind, **members)).incident
    assert read is not None
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_that_a_type_needs_is_understood(kind: str) -> None:
    event = said(incident(kind))
    assert (event.shipments, event.recipient, event.quarantine) == ((), None, None)
    assert event.incident is not None
    assert (event.incident.name, event.incident.revision) == ("I-7", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_type_needs_is_asked_for(kind: str) -> None:
    needed = ("operator", "incident", "revision", "scope", *NEEDED[kind])
    assert [pointers(incident(kind, without=name)) for name in needed] == [[f"/data/{name}"] for name in needed]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("member", ["unheard_of", "shipment", "recipient", "notice", "facility", "pickup", "severity"])
def test_a_member_that_a_type_does_not_know_is_refused(kind: str, member: str) -> None:
    detail = "Has a member that is not known here"
    assert faults(incident(kind, **{member: "x"})) == (Fault(pointer="/data", detail=detail),)


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("incident.facility_unavailable", "announced_at"),
        ("incident.service_disruption", "planned"),
        ("incident.service_disruption", "substitute_facility"),
        ("incident.maintenance_planned", "planned"),
        ("incident.resolved", "substitute_facility"),
        ("incident.resolved", "announced_at"),
    ],
)
def test_what_another_type_of_incident_says_is_refused(kind: str, member: str) -> None:
    assert pointers(incident(kind, **{member: None})) == ["/data"]


def test_an_incident_that_shuts_a_facility_is_read_whole() -> None:
    times = {"from": "2026-11-30T08:00:00+01:00", "until": "2026-12-02T20:00:00+01:00"}
    event = said(
        incident("incident.facility_unavailable", **times, planned=True, reason="power", substitute_facility=SUBSTITUTE)
    )
    assert event.reason == "power"
    assert event.incident == Incident(
        name="I-7",
        revision=1,
        starts=datetime(2026, 11, 30, 7, tzinfo=UTC),
        until=datetime(2026, 12, 2, 19, tzinfo=UTC),
        planned=True,
        substitute=Facility(id="UP-00-004", name="UP Warszawa 4"),
        scope=(Area(kind=AreaKind.FACILITY, value="UP-1"),),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_times_are_moments_in_utc_or_local_days(kind: str) -> None:
    read = told(kind, **TIMES)
    assert (read.starts, read.until) == (datetime(2026, 11, 30, 7, tzinfo=UTC), date(2026, 12, 2))
    assert read.starts is not None
    assert getattr(read.starts, "tzinfo", None) is UTC


@pytest.mark.parametrize("kind", KINDS)
def test_no_incident_ends_before_it_begins(kind: str) -> None:
    reversed_ = {"from": "2026-12-02", "until": "2026-12-01"}
    assert faults(incident(kind, **reversed_)) == (Fault(pointer="/data", detail="`until` lies before `from`"),)
    assert said(incident(kind, **{"from": "2026-12-02", "until": "2026-12-02"})).incident is not None


def test_maintenance_is_always_planned_and_says_when_it_was_announced() -> None:
    read = told("incident.maintenance_planned", announced_at="2026-11-29T18:00:00+01:00")
    assert (read.planned, read.announced_at) == (True, datetime(2026, 11, 29, 17, tzinfo=UTC))


@pytest.mark.parametrize("kind", ["incident.facility_unavailable", "incident.service_disruption", "incident.resolved"])
def test_nothing_else_is_planned_unless_it_says_so(kind: str) -> None:
    assert told(kind).planned is False


@pytest.mark.parametrize(
    ("scope", "areas"),
    [
        ({"shipments": ["S-2", "S-1", "S-2"]}, [(AreaKind.SHIPMENT, "S-2"), (AreaKind.SHIPMENT, "S-1")]),
        ({"facilities": ["UP-2", "UP-1", "UP-2"]}, [(AreaKind.FACILITY, "UP-2"), (AreaKind.FACILITY, "UP-1")]),
        (
            {"post_codes": ["03-7*", "03-729", "03729", "037*", "sw1a 1aa"]},
            [(AreaKind.POST_CODE, "037*"), (AreaKind.POST_CODE, "03729"), (AreaKind.POST_CODE, "SW1A1AA")],
        ),
        ({"operator_wide": True}, [(AreaKind.OPERATOR, "")]),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_scope_is_its_areas_once_each_in_order(kind: str, scope: Json, areas: list[tuple[AreaKind, str]]) -> None:
    event = said(incident(kind, scope=scope))
    assert event.incident is not None
    assert [(area.kind, area.value) for area in event.incident.scope] == areas
    assert list(event.shipments) == [value for kind_, value in areas if kind_ is AreaKind.SHIPMENT]


def test_of_a_list_of_names_the_first_bad_one_is_told() -> None:
    event = incident("incident.resolved", scope={"shipments": ["S-1", "", ""]})
    assert pointers(event) == ["/data/scope/shipments/1"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_operators_own_record_comes_along_and_decides_nothing(kind: str) -> None:
    raw = {"vocabulary": "poczta-polska", "code": "P_A", "canceled": True, "more": [1]}
    event = said(incident(kind, raw=raw))
    assert (event.quarantine, event.mapped_type, event.record) == (None, None, None)


def test_nobody_can_read_from_a_repr_whom_an_incident_touches() -> None:
    event = said(incident("incident.resolved", scope={"shipments": ["canary-1"]}))
    assert "canary-1" not in repr(event.incident)
