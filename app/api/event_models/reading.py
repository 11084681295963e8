"""Which model the `data` of an event must fit, and what the domain takes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from pydantic import ValidationError

from app.api.event_models import areas, deliveries
from app.api.event_models.areas import AreaIncidentData, OperatorData
from app.api.event_models.members import ShipmentMembers
from app.api.event_models.structures import facility_of, pickup_of, record_of
from app.api.problems import Fault, faults_of
from app.domain.event import TYPE_PREFIX, TYPE_SUFFIX, Event
from app.domain.names import is_name

TRACKING_TYPE = f"{TYPE_PREFIX}tracking{TYPE_SUFFIX}"

EventData = ShipmentMembers | AreaIncidentData | OperatorData

# By the type without its prefix and suffix.
_MODELS: Mapping[str, type[ShipmentMembers | AreaIncidentData]] = {
    "delivery.registered": deliveries.RegisteredData,
    "delivery.in_transit": deliveries.InTransitData,
    "delivery.out_for_delivery": deliveries.OutForDeliveryData,
    "delivery.attempt_failed": deliveries.AttemptFailedData,
    "delivery.notice_left": deliveries.NoticeLeftData,
    "delivery.ready_for_pickup": deliveries.ReadyForPickupData,
    "delivery.terms_changed": deliveries.TermsChangedData,
    "delivery.delivered": deliveries.DeliveredData,
    "delivery.refused": deliveries.RefusedData,
    "delivery.pickup_expired": deliveries.PickupExpiredData,
    "delivery.returned": deliveries.ReturnedData,
    "delivery.operator_notified": deliveries.OperatorNotifiedData,
    "delivery.corrected": deliveries.CorrectedData,
    "incident.delayed": deliveries.DelayedData,
    "incident.damaged": deliveries.DamagedData,
    "incident.lost": deliveries.LostData,
    "incident.address_problem": deliveries.AddressProblemData,
    "incident.item_held": deliveries.ItemHeldData,
    "incident.facility_unavailable": areas.FacilityUnavailableData,
    "incident.service_disruption": areas.ServiceDisruptionData,
    "incident.maintenance_planned": areas.MaintenancePlannedData,
    "incident.resolved": areas.ResolvedData,
}
MODELS: Mapping[str, type[ShipmentMembers | AreaIncidentData]] = {
    **{f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}": model for name, model in _MODELS.items()},
    TRACKING_TYPE: deliveries.TrackingData,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What surrounds the data, checked: the producer's attributes, `time` in UTC, and the canonical form."""

    id: str
    source: str
    type: str
    time: datetime
    canonical: bytes = field(repr=False)


def read_data(event_type: str, data: Mapping[str, object]) -> EventData | tuple[Fault, ...]:
    """Check `data` against the model of the type, or list every fault, with pointers that begin with `/data`.

    A type that is not known needs only a valid operator.
    """
    try:
        return MODELS.get(event_type, OperatorData).model_validate(data)
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False, include_context=False), "/data")


def event_of(data: EventData, envelope: Envelope) -> Event:
    """The event that `data` of the envelope's type says, times in UTC.

    It happened at `notice.left_at` or `delivered_at`, else at the envelope's time; a correction happens when it is
    made. What nobody can interpret is marked: `unknown_type` (its shipment and recipient are taken when they are names)
    and `unmapped_code` (`tracking`). A typed event is what its type says, whatever its own `raw` says.
    """
    match data:
        case ShipmentMembers():
            return _of_shipment(data, envelope)
        case AreaIncidentData():
            return _of_area(data, envelope)
        case OperatorData():
            return _uninterpreted(data, envelope)
        case _:
            assert_never(data)


def _of_shipment(data: ShipmentMembers, envelope: Envelope) -> Event:
    happened_at = data.happened_at() or envelope.time
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        time=envelope.time,
        effective_at=happened_at,
        operator=data.operator,
        canonical=envelope.canonical,
        shipments=(data.shipment,),
        recipient=data.recipient,
        service=data.service,
        legal_regime=data.legal_regime,
        facility=facility_of(data.facility) if data.facility else None,
        pickup=pickup_of(data.pickup, happened_at) if data.pickup else None,
        reason=data.reason,
        record=record_of(data.raw) if data.raw else None,
        quarantine="unmapped_code" if envelope.type == TRACKING_TYPE else None,
        **data.own(happened_at),
    )


def _of_area(data: AreaIncidentData, envelope: Envelope) -> Event:
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        time=envelope.time,
        effective_at=envelope.time,
        operator=data.operator,
        canonical=envelope.canonical,
        shipments=tuple(dict.fromkeys(data.scope.shipments or ())),
        reason=data.reason,
        incident=data.incident_said(),
    )


def _uninterpreted(data: OperatorData, envelope: Envelope) -> Event:
    return Event(
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        time=envelope.time,
        effective_at=envelope.time,
        operator=data.operator,
        canonical=envelope.canonical,
        shipments=(data.shipment,) if isinstance(data.shipment, str) and is_name(data.shipment) else (),
        recipient=data.recipient if isinstance(data.recipient, str) and is_name(data.recipient) else None,
        quarantine="unknown_type",
    )
