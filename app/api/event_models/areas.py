"""Events that are not about one shipment: incidents of an area, and what nobody can interpret."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.event_fields import Instant, Moment, Name, PostCodeArea, Revision, Text
from app.api.event_models.structures import FacilityData, Whole, check_order, wrong


class _Open(BaseModel):
    """A structure that may bring more than its members."""

    model_config = ConfigDict(strict=True, extra="ignore")


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


class AreaIncidentData(_Open):
    """An incident of an area, a facility or a whole operator."""

    operator: Name
    incident: Name
    revision: Revision
    scope: ScopeData
    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    planned: bool | None = None
    reason: Text | None = None
    announced_at: Instant | None = None
    substitute_facility: FacilityData | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.starts, self.until)
        return self


class OperatorData(_Open):
    """Of an event that nobody can interpret: whose it is."""

    operator: Name
    shipment: object = None
    recipient: object = None
