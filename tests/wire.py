"""Events as producers send them: the examples of the contract, and the three HTTP modes of CloudEvents."""

import copy
import json
from collections.abc import Mapping
from urllib.parse import quote

OPERATOR = "poczta-polska"

STRUCTURED = b"application/cloudevents+json"
BATCH = b"application/cloudevents-batch+json"
JSON = b"application/json"

ABSENT = object()

Headers = tuple[tuple[bytes, bytes], ...]
Json = dict[str, object]

FACILITY: Json = {
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
NOTICE_LEFT: Json = {
    "specversion": "1.0",
    "id": "wer-1-000123",
    "source": "/poczta-polska/wer-warszawa",
    "type": "pl.awizo.delivery.notice_left.v1",
    "time": "2026-11-23T11:42:00+01:00",
    "subject": "shipment/00759007734123456789",
    "datacontenttype": "application/json",
    "data": {
        "operator": OPERATOR,
        "shipment": "00759007734123456789",
        "recipient": "customer-4711",
        "service": "registered_letter",
        "legal_regime": "kpa",
        "notice": {
            "ordinal": 1,
            "left_at": "2026-11-23T11:40:00+01:00",
            "place": "letterbox",
            "courier": "K-0421",
        },
        "facility": FACILITY,
        "pickup": {"from": "2026-11-24", "until": "2026-12-07"},
        "raw": {"vocabulary": "poczta-polska", "code": "P_A", "name": "Awizo", "time": "2026-11-23T11:42:00"},
    },
}
INCIDENT: Json = {
    "specversion": "1.0",
    "id": "inc-7-1",
    "source": "/poczta-polska/siec",
    "type": "pl.awizo.incident.facility_unavailable.v1",
    "time": "2026-11-29T18:00:00+01:00",
    "data": {
        "operator": OPERATOR,
        "incident": "I-7",
        "revision": 1,
        "scope": {"facilities": ["UP-00-032"]},
        "from": "2026-11-30T08:00:00+01:00",
        "until": "2026-12-02T20:00:00+01:00",
        "planned": False,
        "reason": "power",
        "substitute_facility": FACILITY,
    },
}
TRACKING: Json = {
    **NOTICE_LEFT,
    "type": "pl.awizo.tracking.v1",
    "data": {
        "operator": OPERATOR,
        "shipment": "00759007734123456789",
        "raw": {"vocabulary": "poczta-polska", "code": "P_A"},
    },
}
OUT_FOR_DELIVERY: Json = {
    **NOTICE_LEFT,
    "type": "pl.awizo.delivery.out_for_delivery.v1",
    "data": {
        "operator": OPERATOR,
        "shipment": "00759007734123456789",
        "window": {"from": "2026-11-23T10:00:00+01:00", "until": "2026-11-23T12:00:00+01:00"},
        "raw": {"vocabulary": "poczta-polska", "code": "P_WD", "more": None},
    },
}


def with_value(event: Json, path: str, value: object) -> Json:
    """Give a copy of the event with the value at the dotted path (list positions are numbers); ABSENT removes it."""
    changed = copy.deepcopy(event)
    *parents, last = path.split(".") if path else [""]
    place: object = changed
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]  # type: ignore[index]
    assert isinstance(place, dict)
    if value is ABSENT:
        place.pop(last, None)
    else:
        place[last] = value
    return changed


def structured(event: object) -> tuple[Headers, bytes]:
    """Give headers and body of the event in structured mode."""
    return ((b"content-type", STRUCTURED),), json.dumps(event, ensure_ascii=False).encode()


def batch(events: list[object]) -> tuple[Headers, bytes]:
    """Give headers and body of the events in one batch."""
    return ((b"content-type", BATCH),), json.dumps(events, ensure_ascii=False).encode()


def binary(event: Mapping[str, object]) -> tuple[Headers, bytes]:
    """Give headers and body of the event in binary mode, percent-encoded (HTTP binding §3.1.3.2)."""
    headers = tuple(
        (f"ce-{name}".encode(), quote(str(value), safe="!#$&'()*+,/:;<=>?@[\\]^_`{|}~").encode())
        for name, value in event.items()
        if name not in ("data", "datacontenttype")
    )
    content_type = str(event.get("datacontenttype", "application/json")).encode()
    return ((b"content-type", content_type), *headers), json.dumps(event["data"], ensure_ascii=False).encode()
