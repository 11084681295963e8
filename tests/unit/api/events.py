"""What the edge makes of the data of one event."""

from dataclasses import replace
from datetime import UTC, datetime

from app.api.event_models import Envelope, event_of, read_data
from app.api.problems import Fault
from app.domain.event import Event
from tests.wire import Json

# A Monday; in Poland it is noon.
SENT = Envelope(
    id="1", source="/poczta-polska", type="", time=datetime(2026, 11, 23, 11, tzinfo=UTC), canonical=b"as it came"
)


def typed(kind: str, **members: object) -> Json:
    """An event of `delivery.…`, `incident.…` or `tracking`, with these members of its data beside the required two."""
    data = {"operator": "poczta-polska", "shipment": "S-1", **members}
    return {"type": f"pl.awizo.{kind}.v1", "data": data}


def said(event: Json, sent: Envelope = SENT) -> Event:
    """What the event says, in an envelope of its type."""
    read = read_data(str(event["type"]), _data(event))
    assert not isinstance(read, tuple), read
    return event_of(read, replace(sent, type=str(event["type"])))


def faults(event: Json) -> tuple[Fault, ...]:
    """Everything that is wrong with it."""
    read = read_data(str(event["type"]), _data(event))
    assert isinstance(read, tuple), read
    return read


def pointers(event: Json) -> list[str]:
    """Where something is wrong with it."""
    return [fault.pointer for fault in faults(event)]


def _data(event: Json) -> Json:
    data = event["data"]
    assert isinstance(data, dict)
    return data
