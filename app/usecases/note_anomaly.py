"""Something about a shipment that does not fit together: the row by which it is found, and the fact that it is so."""

from datetime import datetime
from uuid import UUID

from app.storage.anomalies import Anomaly
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet


def note_anomaly(
    sheet: FactSheet,
    code: str,
    record: RecipientRecord,
    *,
    new_id: UUID,
    shipment_index: bytes | None,
    shipments: bytes | None,
    event: UUID | None = None,
    now: datetime,
) -> Anomaly:
    """The anomaly as it is to be written, its fact on the sheet.

    `record` is of the person whose shipment it is, `shipments` its name as facts seal it; `event` is the one that is
    odd by itself, None where only several together are.
    """
    sheet.record(
        "shipment.anomaly",
        at=now,
        recipient=record.id,
        key=record.key,
        data={"code": code, "detected_at": now},
        sealed={"shipment": shipments},
    )
    return Anomaly(
        id=new_id,
        recipient=record.id,
        shipment_index=shipment_index,
        event=event,
        code=code,
        detected_at=now,
    )
