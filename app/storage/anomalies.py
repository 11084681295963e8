"""What does not fit together about shipments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.storage.database import Tx
from app.storage.sql import Lookup, insert_rows
from app.storage.tables import anomalies


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One finding about a shipment, or about one of its events. `code` is a word of the evidence log."""

    id: UUID
    recipient: UUID
    shipment_index: bytes | None = field(repr=False)
    event: UUID | None
    code: str
    detected_at: datetime


_OF_SHIPMENTS = Lookup(select(anomalies).order_by(anomalies.c.id), anomalies.c.shipment_index)


async def insert_all(tx: Tx, new: Sequence[Anomaly]) -> None:
    """Write new findings."""
    rows = [
        {
            "id": each.id,
            "recipient_id": each.recipient,
            "shipment_index": each.shipment_index,
            "event_id": each.event,
            "code": each.code,
            "detected_at": each.detected_at,
        }
        for each in new
    ]
    await insert_rows(tx, anomalies, rows)


async def of_shipments(tx: Tx, shipments: Iterable[bytes]) -> dict[bytes, list[Anomaly]]:
    """The findings about each of these shipments, oldest first."""
    found: dict[bytes, list[Anomaly]] = defaultdict(list)
    for row in await _OF_SHIPMENTS.rows(tx, shipments):
        found[row.shipment_index].append(
            Anomaly(
                id=row.id,
                recipient=row.recipient_id,
                shipment_index=row.shipment_index,
                event=row.event_id,
                code=row.code,
                detected_at=row.detected_at,
            )
        )
    return found
