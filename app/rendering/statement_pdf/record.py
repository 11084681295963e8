"""One record of the log, as a statement shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any


class Lane(Enum):
    """Who did, or said, what a record is about; in the order in which a picture has them."""

    COURIER = auto()
    AWIZO = auto()
    PROVIDER = auto()
    RECIPIENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A fact: when we knew it, when somebody says that it happened, and what of its sealed fields is open.

    `originals` names the open fields whose whole documents are in the bundle; `closed` names those that are not shown.
    """

    type: str
    lane: Lane
    known_at: datetime
    claimed_at: datetime | None
    grade: int
    data: Mapping[str, Any]
    opened: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    originals: frozenset[str] = frozenset()
    closed: tuple[str, ...] = ()
    origin: str
    index: int


def lane_of(fact_type: str, data: Mapping[str, Any]) -> Lane:
    """In which lane a record stands, by its type and, for consents, by who acted."""
    room, _, act = fact_type.partition(".")
    match room:
        case "event":
            return Lane.COURIER
        case "receipt":
            return Lane.PROVIDER
        case "recipient":
            return Lane.RECIPIENT
        case "consent":
            return Lane.RECIPIENT if data["by"] == "person" else Lane.COURIER
        case "attempt" if act in {"accepted", "refused", "reconciled"}:
            return Lane.PROVIDER
        case _:
            return Lane.AWIZO


def claimed_at(data: Mapping[str, Any]) -> datetime | None:
    """When somebody else says that it happened: the event's time, the report's or the consent's; None if nobody."""
    moment = data.get("event_time") or data.get("claimed_at")
    return None if moment is None else datetime.fromisoformat(moment)
