"""One example of each event type, as an operator's system would post it; openapi.yaml shows them."""

from collections.abc import Mapping
from typing import Any

from app.domain.event import TYPE_PREFIX, TYPE_SUFFIX

_LETTER = "00759007734123456789"
_PARCEL = "520000012680041086770098"

_POST_OFFICE: Mapping[str, Any] = {
    "id": "UP-00-032",
    "name": "UP Warszawa 32",
    "street": "Targowa 73",
    "post_code": "03-729",
    "city": "Warszawa",
    "hours": {
        "mon": "08:00-20:00",
        "tue": "08:00-20:00",
        "wed": "08:00-12:00,13:00-18:00",
        "thu": "08:00-20:00",
        "fri": "08:00-20:00",
        "sat": None,
        "sun": None,
    },
    "closures": [{"from": "2026-12-01", "until": "2026-12-02", "reason": "stocktaking"}],
}
_OTHER_POST_OFFICE: Mapping[str, Any] = {
    "id": "UP-00-004",
    "name": "UP Warszawa 4",
    "street": "Ząbkowska 31",
    "post_code": "03-736",
    "city": "Warszawa",
}
_LOCKER: Mapping[str, Any] = {
    "id": "WAW142M",
    "name": "Paczkomat WAW142M",
    "street": "Jagiellońska 20",
    "post_code": "03-719",
    "city": "Warszawa",
    "hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"),
}


def _post(name: str, number: int, time: str, **said: Any) -> dict[str, Any]:
    """An event of the postal operator about a registered letter."""
    data = {"operator": "poczta-polska", "shipment": _LETTER, "recipient": "customer-4711"}
    return _event(name, f"wer-1-{number:06}", "/poczta-polska/wer-warszawa", time, data | said)


def _courier(name: str, number: int, time: str, **said: Any) -> dict[str, Any]:
    """An event of the locker operator about a parcel."""
    data = {"operator": "inpost", "shipment": _PARCEL, "recipient": "c-92817"}
    return _event(name, f"evt-{number}", "/inpost/tracking", time, data | said)


def _area(name: str, number: int, time: str, **said: Any) -> dict[str, Any]:
    """An event of the postal operator's network."""
    return _event(name, f"inc-{number}", "/poczta-polska/siec", time, {"operator": "poczta-polska"} | said)


def _event(name: str, event_id: str, source: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}",
        "time": time,
        "data": data,
    }


def _period(starts: str, until: str | None = None) -> dict[str, Any]:
    return {"from": starts} | ({"until": until} if until else {})


def _raw(code: str, time: str, **more: Any) -> dict[str, Any]:
    return {"vocabulary": "poczta-polska", "code": code, "time": time, **more}


_ALL = (
    _post(
        *("delivery.registered", 100, "2026-11-20T16:05:00+01:00"),
        service="registered_letter",
        stage="accepted",
        posted_on="2026-11-20",
        raw=_raw("P_NAD", "2026-11-20T16:05:00", name="Nadanie"),
    ),
    _post(
        *("delivery.in_transit", 110, "2026-11-23T06:20:00+01:00"),
        stage="at_delivery_office",
        posted_on="2026-11-20",
        raw=_raw("P_RUD", "2026-11-23T06:20:00"),
    ),
    _post(
        *("delivery.out_for_delivery", 120, "2026-11-23T08:10:00+01:00"),
        service="registered_letter",
        window={"from": "2026-11-23T10:00:00+01:00", "until": "2026-11-23T14:00:00+01:00"},
    ),
    _courier(
        *("delivery.attempt_failed", 130, "2026-11-23T12:31:00+01:00"),
        service="parcel",
        reason="absent",
        next_attempt="next_working_day",
        raw={"vocabulary": "inpost", "code": "pickup_reminder_sent_address"},
    ),
    _post(
        *("delivery.notice_left", 123, "2026-11-23T11:42:00+01:00"),
        service="registered_letter",
        legal_regime="kpa",
        notice={"ordinal": 1, "left_at": "2026-11-23T11:40:00+01:00", "place": "letterbox", "courier": "K-0421"},
        facility=_POST_OFFICE,
        pickup={"from": "2026-11-24", "until": "2026-12-07"},
        raw=_raw("P_A", "2026-11-23T11:42:00", name="Awizo"),
    ),
    _courier(
        *("delivery.ready_for_pickup", 140, "2026-11-24T09:00:00+01:00"),
        service="parcel",
        legal_regime="courier",
        place="locker",
        facility=_LOCKER,
        pickup={"from": "2026-11-24T09:00:00+01:00", "hours": 48},
        raw={"vocabulary": "inpost", "code": "ready_to_pickup"},
    ),
    _courier(
        *("delivery.terms_changed", 150, "2026-11-25T18:00:00+01:00"),
        change="extended",
        facility=_LOCKER,
        pickup={"until": "2026-11-27T09:00:00+01:00"},
    ),
    _post(
        *("delivery.delivered", 160, "2026-11-26T17:21:00+01:00"),
        service="registered_letter",
        mode="collected",
        delivered_at="2026-11-26T17:20:00+01:00",
        receiver_role="addressee",
        raw=_raw("P_OWU", "2026-11-26T17:20:00"),
    ),
    _post(
        *("delivery.refused", 170, "2026-11-23T11:44:00+01:00"),
        service="registered_letter",
        reason="refused_by_addressee",
    ),
    _post(
        *("delivery.pickup_expired", 180, "2026-12-08T08:05:00+01:00"),
        service="registered_letter",
        reason="unclaimed",
        last_chance="2026-12-08T18:00:00+01:00",
    ),
    _post(
        *("delivery.returned", 190, "2026-12-08T15:30:00+01:00"),
        service="registered_letter",
        stage="started",
        reason="unclaimed",
        last_chance=False,
        raw=_raw("ZW", "2026-12-08T15:30:00"),
    ),
    _post(*("delivery.operator_notified", 200, "2026-11-23T12:00:00+01:00"), channel="sms", about="waiting"),
    _post(
        *("delivery.corrected", 210, "2026-11-26T18:10:00+01:00"),
        corrects={"source": "/poczta-polska/wer-warszawa", "id": "wer-1-000160"},
        action="cancel",
        raw=_raw("P_OWUK", "2026-11-26T18:10:00", canceled=True),
    ),
    _courier(
        *("incident.delayed", 220, "2026-11-23T20:00:00+01:00"),
        service="parcel",
        reason="weather",
        new_eta="2026-11-25",
    ),
    _courier(*("incident.damaged", 230, "2026-11-23T20:10:00+01:00"), service="parcel", severity="contents_unknown"),
    _courier(*("incident.lost", 240, "2026-12-01T09:00:00+01:00"), service="parcel", reason="not_found"),
    _courier(
        *("incident.address_problem", 250, "2026-11-23T14:00:00+01:00"),
        service="parcel",
        reason="incomplete",
        action_until="2026-11-26",
    ),
    _courier(
        *("incident.item_held", 260, "2026-11-23T15:00:00+01:00"),
        service="parcel",
        reason="customs_hold",
        action_until="2026-12-03T16:00:00+01:00",
    ),
    _area(
        *("incident.facility_unavailable", 7, "2026-11-29T18:00:00+01:00"),
        incident="I-7",
        revision=1,
        scope={"facilities": ["UP-00-032"]},
        **_period("2026-11-30T08:00:00+01:00", "2026-12-02T20:00:00+01:00"),
        planned=False,
        reason="power",
        substitute_facility=_OTHER_POST_OFFICE,
    ),
    _area(
        *("incident.service_disruption", 8, "2026-11-29T18:00:00+01:00"),
        incident="I-8",
        revision=1,
        scope={"post_codes": ["03-*", "04-*"]},
        **_period("2026-11-29T18:00:00+01:00"),
        reason="flood",
    ),
    _area(
        *("incident.maintenance_planned", 9, "2026-11-29T18:00:00+01:00"),
        incident="I-9",
        revision=1,
        scope={"operator_wide": True},
        **_period("2026-12-05T22:00:00+01:00", "2026-12-06T04:00:00+01:00"),
        reason="it_maintenance",
        announced_at="2026-11-29T18:00:00+01:00",
    ),
    _area(
        *("incident.resolved", 10, "2026-12-02T12:00:00+01:00"),
        incident="I-7",
        revision=2,
        scope={"facilities": ["UP-00-032"]},
    ),
    _post(
        *("tracking", 300, "2026-11-23T11:42:00+01:00"),
        facility=_POST_OFFICE,
        raw=_raw("P_A", "2026-11-23T11:42:00", name="Awizo", notice_left=True),
    ),
)

EXAMPLES: Mapping[str, dict[str, Any]] = {example["type"]: example for example in _ALL}
