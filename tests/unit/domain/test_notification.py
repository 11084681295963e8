"""The states a notification passes."""

from datetime import UTC, datetime
from uuid import uuid4

from app.domain.channel import Channel, Purpose
from app.domain.notification import FINAL, WAITING, Notification, Status

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def test_nothing_that_waits_is_final() -> None:
    assert FINAL.isdisjoint(WAITING)


def test_what_is_neither_waiting_nor_final_is_under_way_or_rests() -> None:
    assert set(Status) - FINAL - set(WAITING) == {Status.SENDING, Status.SENT, Status.UNKNOWN}


def test_a_repr_shows_neither_the_shipment_nor_the_chain() -> None:
    notification = Notification(
        id=uuid4(),
        operator="poczta-polska",
        event=None,
        kind="notice_left",
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        recipient=uuid4(),
        contact=None,
        shipment_index=b"canary-index",
        status=Status.QUEUED,
        created_at=NOON,
        expires_at=NOON,
        chain_length=1,
        chain_leaf=b"canary-leaf",
    )
    assert "canary" not in repr(notification)
