"""Events that are not about one shipment: incidents of an area, and what nobody can interpret."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.event_fields import Instant, Moment, Name, PostCodeArea, Revision, Text
from app.api.event_models.structures import FacilityData, RawData, Whole, check_order, facility_of, in_utc, wrong
from app.domain.event import Area, AreaKind, Incident
from app.domain.incident import area_code


class ScopeData(Whole):
    """Whom an area incident touches: exactly one of these.

    Of a list only the first bad entry is told: a body of nothing but bad entries would cost seconds to list.
    """

    shipments: Annotated[list[Name], Field(min_length=1, fail_fast=True)] | None = None
    facilities: Annotated[list[Name], Field(min_length=1, fail_fast=True)] | None = None
    post_codes: Annotated[list[PostCodeArea], Field(min_length=1, fail_fast=True)] | None = None
    operator_wide: bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = self.model_fields_set
        if len(given) != 1 or not getattr(self, next(iter(given))):
            raise wrong("Must have exactly one of shipments, facilities, post_codes and operator_wide: true")
        return self


class AreaIncidentData(Whole):
    """What every incident of an area, a facility or a whole operator may say."""

    operator: Name
    incident: Name = Field(description="The operator's own name for the incident, the same in all its revisions")
    revision: Revision = Field(description="Higher than all before it; a lower or equal one tells nobody")
    scope: ScopeData
    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, description="A date counts to its end; left out, nobody knows")
    reason: Text | None = Field(default=None, description="As `power`, `flood`, `strike`, `it_maintenance`")
    raw: RawData | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.starts, self.until)
        return self

    def incident_said(self) -> Incident:
        """What it says, times in UTC."""
        return Incident(
            name=self.incident,
            revision=self.revision,
            starts=in_utc(self.starts),
            until=in_utc(self.until),
            scope=_areas(self.scope),
        )


class FacilityUnavailableData(AreaIncidentData):
    """`incident.facility_unavailable`: an office is shut, or a locker is out of order."""

    starts: Moment = Field(alias="from")
    planned: bool | None = None
    substitute_facility: FacilityData | None = Field(default=None, description="Where to go meanwhile")

    def incident_said(self) -> Incident:
        substitute = facility_of(self.substitute_facility) if self.substitute_facility else None
        return replace(super().incident_said(), planned=self.planned is True, substitute=substitute)


class ServiceDisruptionData(AreaIncidentData):
    """`incident.service_disruption`: an area, or the whole operator, is not served as usual."""

    starts: Moment = Field(alias="from")
    announced_at: Instant | None = None

    def incident_said(self) -> Incident:
        return replace(super().incident_said(), announced_at=_announced(self.announced_at))


class MaintenancePlannedData(AreaIncidentData):
    """`incident.maintenance_planned`: planned work; best told at least 24 hours ahead."""

    starts: Moment = Field(alias="from")
    until: Moment
    announced_at: Instant | None = None

    def incident_said(self) -> Incident:
        return replace(super().incident_said(), planned=True, announced_at=_announced(self.announced_at))


class ResolvedData(AreaIncidentData):
    """`incident.resolved`: the incident of that name is over; those who were told of it are told so."""


def _announced(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None


def _areas(scope: ScopeData) -> tuple[Area, ...]:
    """Each once, in the order given."""
    named = {
        AreaKind.SHIPMENT: scope.shipments,
        AreaKind.FACILITY: scope.facilities,
        AreaKind.POST_CODE: [area_code(each) for each in scope.post_codes or ()],
        AreaKind.OPERATOR: [""] if scope.operator_wide else None,
    }
    return tuple(
        Area(kind=kind, value=value) for kind, values in named.items() for value in dict.fromkeys(values or ())
    )


class OperatorData(BaseModel):
    """Of an event that nobody can interpret: whose it is. It may bring whatever else."""

    model_config = ConfigDict(strict=True, extra="ignore")

    operator: Name
    shipment: object = None
    recipient: object = None
