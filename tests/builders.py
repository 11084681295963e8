"""Events and people for tests, in the form in which the world sends them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from app.api.cloudevents import Single, decode_request
from app.domain.event import AREA_INCIDENT_KINDS, SHIPMENT_INCIDENT_KINDS, TYPE_PREFIX, TYPE_SUFFIX, Event

OPERATOR = "poczta-polska"
RECIPIENT = "customer-4711"
SHIPMENT = "00759007734123456789"
PHONE = "+48600100200"
EMAIL = "jan@example.com"
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)

FACILITY = {
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
    "closures": [],
}


def rfc3339(moment: datetime) -> str:
    return moment.isoformat()


def cloud_event(kind: str = "notice_left", *, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """A structured CloudEvent. Members of `data` may be given as `data={...}`, attributes by their names."""
    data: dict[str, Any] = {
        "operator": OPERATOR,
        "shipment": SHIPMENT,
        "recipient": RECIPIENT,
        "service": "registered_letter",
    }
    if kind == "notice_left":
        data["notice"] = {"ordinal": 1, "left_at": rfc3339(at), "place": "letterbox", "courier": "K-0421"}
        data["legal_regime"] = "kpa"
    if kind in {"notice_left", "ready_for_pickup"}:
        data["facility"] = FACILITY
        until = (at + timedelta(days=14)).date().isoformat()
        data["pickup"] = {"from": (at + timedelta(days=1)).date().isoformat(), "until": until}
    if kind == "delivered":
        data |= {"mode": "counter", "delivered_at": rfc3339(at), "receiver_role": "addressee"}
    if kind == "terms_changed":
        data["change"] = "extended"
    data |= changes.pop("data", {})
    return {
        "specversion": "1.0",
        "id": f"{kind}-1",
        "source": "/poczta-polska/wer-warszawa",
        "type": _type_of(kind),
        "time": rfc3339(at),
        "subject": f"shipment/{SHIPMENT}",
        "datacontenttype": "application/json",
        "data": data,
    } | changes


def area_cloud_event(
    kind: str = "facility_unavailable", *, revision: int = 1, at: datetime = NOON, **changes: Any
) -> dict[str, Any]:
    """A revision of the incident I-7 of the facility; members of `data` and attributes may be given as above.

    Unless something else is said, it lasts from an hour after `at` until two days later.
    """
    data: dict[str, Any] = {
        "operator": OPERATOR,
        "incident": "I-7",
        "revision": revision,
        "scope": {"facilities": [FACILITY["id"]]},
    }
    if kind != "resolved":
        data |= {"from": rfc3339(at + timedelta(hours=1)), "until": rfc3339(at + timedelta(days=2)), "reason": "power"}
    data |= changes.pop("data", {})
    return {
        "specversion": "1.0",
        "id": f"{data['incident']}-{kind}-{revision}",
        "source": "/poczta-polska/siec",
        "type": _type_of(kind),
        "time": rfc3339(at),
        "data": data,
    } | changes


def _type_of(kind: str) -> str:
    incidents = (*SHIPMENT_INCIDENT_KINDS, *AREA_INCIDENT_KINDS)
    group = "incident." if kind in incidents else "" if kind == "tracking" else "delivery."
    return f"{TYPE_PREFIX}{group}{kind}{TYPE_SUFFIX}"


def event(kind: str = "notice_left", *, at: datetime = NOON, **changes: Any) -> Event:
    """The same as the edge decodes it."""
    return _decoded(cloud_event(kind, at=at, **changes))


def area_event(kind: str = "facility_unavailable", *, revision: int = 1, at: datetime = NOON, **changes: Any) -> Event:
    """The same of an incident of an area."""
    return _decoded(area_cloud_event(kind, revision=revision, at=at, **changes))


def _decoded(posted: dict[str, Any]) -> Event:
    decoded = decode_request(content_type="application/cloudevents+json", headers=[], body=json.dumps(posted).encode())
    assert isinstance(decoded, Single)
    return decoded.event
