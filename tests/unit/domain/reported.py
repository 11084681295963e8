"""Events of one shipment as they are kept, and notifications about it, for tests."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from app.domain.channel import Channel, Purpose
from app.domain.event import Correction, Event
from app.domain.notification import Notification, Status
from app.domain.shipment import Milestone, milestone_of
from tests.builders import NOON, event

IDS = UUID("01936c1e-6d40-7a6b-8c11-0f2d3a4b5c6d")
SHUT = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))


def known(of: Event, **changes: Any) -> Milestone:
    """The event as it is kept: under an id and a key that are its own."""
    name = f"{of.source} {of.id}"
    return replace(milestone_of(of), **({"id": uuid5(IDS, name), "key": name.encode()} | changes))


def happened(kind: str, *, days: float = 0, number: int = 1, **data: Any) -> Milestone:
    return known(event(kind, at=NOON + timedelta(days=days), id=f"{kind}-{number}", data=data))


def notice(ordinal: int = 1, *, days: float = 0, number: int = 1, **data: Any) -> Milestone:
    left_at = (NOON + timedelta(days=days)).isoformat()
    return happened("notice_left", days=days, number=number, notice={"ordinal": ordinal, "left_at": left_at}, **data)


def correction(of: Milestone, *, days: float, number: int = 1) -> Milestone:
    """What takes that event back."""
    base = event("in_transit", at=NOON + timedelta(days=days), id=f"correction-{number}")
    corrected = replace(base, type="pl.awizo.delivery.corrected.v1", correction=Correction(action="cancel"))
    return known(corrected, corrects=of.key)


def at(days: float) -> datetime:
    return NOON + timedelta(days=days)


FIRST = notice()


def notification(
    *,
    channel: Channel = Channel.EMAIL,
    status: Status = Status.SENT,
    created_at: datetime = NOON,
    number: int = 0,
    **changes: Any,
) -> Notification:
    values: dict[str, Any] = {
        "id": uuid5(IDS, f"notification {number}"),
        "operator": "poczta-polska",
        "event": FIRST.id,
        "kind": "notice_left",
        "channel": channel,
        "purpose": Purpose.DELIVERY,
        "recipient": IDS,
        "contact": IDS,
        "status": status,
        "created_at": created_at,
        "expires_at": created_at + timedelta(days=1),
        "chain_length": 1,
        "chain_leaf": b"",
    }
    return Notification(**(values | changes))
