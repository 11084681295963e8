"""What the `data` of each event type must look like, and what the domain takes of it.

The four types that messages depend on most are modelled whole and refuse unknown members; the others are checked in
the members they share, and what else they bring is kept in the event's canonical form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.api.event_fields import (
    Code,
    DayHours,
    Instant,
    LastChance,
    LocalDate,
    Moment,
    Name,
    Ordinal,
    PostCode,
    PostCodeArea,
    Revision,
    Text,
    VerbatimText,
    parse_hours,
)
from app.api.problems import OWN_ERROR, Fault, faults_of
from app.domain.event import (
    AREA_INCIDENT_KINDS,
    DELIVERY_KINDS,
    SHIPMENT_INCIDENT_KINDS,
    TYPE_PREFIX,
    TYPE_SUFFIX,
    Closure,
    Facility,
    Handover,
    LegalRegime,
    PaperNotice,
    Pickup,
)
from app.domain.names import is_name

TRACKING_TYPE = f"{TYPE_PREFIX}tracking{TYPE_SUFFIX}"


class _Whole(BaseModel):
    """A structure of our own: nothing but its members."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _Open(BaseModel):
    """A structure that may bring more than its members."""

    model_config = ConfigDict(strict=True, extra="ignore")


class HoursData(_Whole):
    """Opening hours of a week: every day is stated, null means closed. A day left out would have to be guessed."""

    mon: DayHours | None
    tue: DayHours | None
    wed: DayHours | None
    thu: DayHours | None
    fri: DayHours | None
    sat: DayHours | None
    sun: DayHours | None


class ClosureData(_Whole):
    """Days on which a facility stays shut, both included."""

    first_on: LocalDate = Field(alias="from")
    last_on: LocalDate = Field(alias="until")
    reason: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_on < self.first_on:
            raise PydanticCustomError(OWN_ERROR, "`until` lies before `from`")
        return self


class FacilityData(_Whole):
    """A post office, collection point or locker."""

    id: Name
    name: Text
    street: Text | None = None
    post_code: PostCode | None = None
    city: Text | None = None
    hours: HoursData | None = None
    closures: Annotated[list[ClosureData], Field(max_length=400)] = []


class PickupData(_Whole):
    """From when until when an item can be collected."""

    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_order(self.starts, self.until)
        return self


class NoticeData(_Whole):
    """The paper notice that was left."""

    ordinal: Ordinal
    left_at: Instant
    place: Text | None = None
    courier: Text | None = None


class RawData(_Open):
    """The operator's own record, kept verbatim."""

    vocabulary: VerbatimText
    code: VerbatimText
    name: VerbatimText | None = None
    time: VerbatimText | None = None


class ScopeData(_Whole):
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
            raise PydanticCustomError(
                OWN_ERROR, "Must have exactly one of shipments, facilities, post_codes and operator_wide: true"
            )
        return self


class OperatorData(_Open):
    """Of an event that nobody can interpret: whose it is."""

    operator: Name
    shipment: object = None
    recipient: object = None


class _ShipmentMembers(BaseModel):
    operator: Name
    shipment: Name
    recipient: Name | None = None
    service: Code | None = None
    legal_regime: Annotated[LegalRegime, Strict(strict=False)] | None = None
    facility: FacilityData | None = None
    pickup: PickupData | None = None
    reason: Text | None = None
    raw: RawData | None = None


class NoticeLeftData(_ShipmentMembers, _Whole):
    """`delivery.notice_left`; without a facility people are told in general words."""

    notice: NoticeData


class ReadyForPickupData(_ShipmentMembers, _Whole):
    """`delivery.ready_for_pickup`; without a facility people are told in general words."""


class DeliveredData(_ShipmentMembers, _Whole):
    """`delivery.delivered`; `receiver_role` is a code, so that no name gets in."""

    mode: Code | None = None
    delivered_at: Instant | None = None
    receiver_role: Code | None = None


class ReturnedData(_ShipmentMembers, _Whole):
    """`delivery.returned`; `last_chance` says whether, or until when, it can still be had."""

    last_chance: LastChance | None = None


class ShipmentData(_ShipmentMembers, _Open):
    """Every other event about one shipment."""


class TrackingData(_ShipmentMembers, _Open):
    """`tracking`: the operator's own code, to be mapped."""

    raw: RawData


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
        _check_order(self.starts, self.until)
        return self


def _check_order(starts: date | datetime | None, until: date | datetime | None) -> None:
    """Refuse a reversed period; a date and a date-time are compared by the local date as written."""
    if starts is None or until is None:
        return
    if isinstance(starts, datetime) and isinstance(until, datetime):
        reversed_ = until < starts
    else:
        reversed_ = _day(until) < _day(starts)
    if reversed_:
        raise PydanticCustomError(OWN_ERROR, "`until` lies before `from`")


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


_WHOLE_MODELS: Mapping[str, type[_ShipmentMembers]] = {
    "notice_left": NoticeLeftData,
    "ready_for_pickup": ReadyForPickupData,
    "delivered": DeliveredData,
    "returned": ReturnedData,
}
_Model = _ShipmentMembers | AreaIncidentData | OperatorData
_MODELS: Mapping[str, type[_Model]] = {
    **{f"{TYPE_PREFIX}delivery.{kind}{TYPE_SUFFIX}": _WHOLE_MODELS.get(kind, ShipmentData) for kind in DELIVERY_KINDS},
    **{f"{TYPE_PREFIX}incident.{kind}{TYPE_SUFFIX}": ShipmentData for kind in SHIPMENT_INCIDENT_KINDS},
    **{f"{TYPE_PREFIX}incident.{kind}{TYPE_SUFFIX}": AreaIncidentData for kind in AREA_INCIDENT_KINDS},
    TRACKING_TYPE: TrackingData,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """What the domain takes of an event's `data`; times in UTC. `happened_at` is None when only the envelope knows."""

    operator: str
    shipments: tuple[str, ...] = ()
    recipient: str | None = None
    service: str | None = None
    legal_regime: LegalRegime | None = None
    notice: PaperNotice | None = None
    facility: Facility | None = None
    pickup: Pickup | None = None
    handover: Handover | None = None
    reason: str | None = None
    happened_at: datetime | None = None
    quarantine: str | None = None


def read_data(event_type: str, data: Mapping[str, object]) -> EventData | tuple[Fault, ...]:
    """Check `data` against the model of the type and take what the domain needs, or list every fault.

    Pointers begin with `/data`. A type that is not known needs only a valid operator and is marked
    `unknown_type`; its shipment and recipient are taken when they are names. A `tracking` event is checked like
    other shipment events and marked `unmapped_code`.
    """
    try:
        model: _Model = _MODELS.get(event_type, OperatorData).model_validate(data)
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False, include_context=False), "/data")
    match model:
        case AreaIncidentData():
            shipments = tuple(dict.fromkeys(model.scope.shipments or ()))
            return EventData(operator=model.operator, shipments=shipments, reason=model.reason)
        case _ShipmentMembers():
            return _of_shipment(model)
        case OperatorData():
            return _uninterpreted(model)
        case _:
            assert_never(model)


def _of_shipment(model: _ShipmentMembers) -> EventData:
    notice = _notice(model.notice) if isinstance(model, NoticeLeftData) else None
    handover = _handover(model) if isinstance(model, DeliveredData) else None
    return EventData(
        operator=model.operator,
        shipments=(model.shipment,),
        recipient=model.recipient,
        service=model.service,
        legal_regime=model.legal_regime,
        notice=notice,
        facility=_facility(model.facility) if model.facility else None,
        pickup=_pickup(model.pickup) if model.pickup else None,
        handover=handover,
        reason=model.reason,
        happened_at=notice.left_at if notice else handover.delivered_at if handover else None,
        quarantine="unmapped_code" if isinstance(model, TrackingData) else None,
    )


def _uninterpreted(model: OperatorData) -> EventData:
    return EventData(
        operator=model.operator,
        shipments=(model.shipment,) if isinstance(model.shipment, str) and is_name(model.shipment) else (),
        recipient=model.recipient if isinstance(model.recipient, str) and is_name(model.recipient) else None,
        quarantine="unknown_type",
    )


def _notice(model: NoticeData) -> PaperNotice:
    return PaperNotice(
        ordinal=model.ordinal,
        left_at=model.left_at.astimezone(UTC),
        place=model.place,
        courier=model.courier,
    )


def _handover(model: DeliveredData) -> Handover:
    return Handover(
        mode=model.mode,
        delivered_at=model.delivered_at.astimezone(UTC) if model.delivered_at else None,
        receiver_role=model.receiver_role,
    )


def _facility(model: FacilityData) -> Facility:
    hours = model.hours
    week = (hours.mon, hours.tue, hours.wed, hours.thu, hours.fri, hours.sat, hours.sun) if hours else None
    return Facility(
        id=model.id,
        name=model.name,
        street=model.street,
        post_code=model.post_code,
        city=model.city,
        hours=tuple(parse_hours(day) if day else () for day in week) if week else None,
        closures=tuple(
            Closure(first_on=each.first_on, last_on=each.last_on, reason=each.reason) for each in model.closures
        ),
    )


def _pickup(model: PickupData) -> Pickup:
    return Pickup(starts=_in_utc(model.starts), until=_in_utc(model.until))


def _in_utc(moment: date | datetime | None) -> date | datetime | None:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment
