"""What awizo's own tables say at the end: for counting, and for telling which messages speak of which items."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.storage import events as event_store
from app.storage.database import Database
from app.storage.tables import anomalies, notifications
from tests.simulation.hearing import Item
from tests.simulation.journal import Posted


@dataclass(frozen=True, kw_only=True)
class Row:
    """A notification as it ended, and the number of the shipment, or the revision of the incident, that it tells of."""

    id: UUID
    shipment: str
    incident: tuple[str, int] | None
    kind: str
    step: str | None
    channel: str
    status: str
    reason: str | None
    created_at: datetime
    collect_by: date | None
    merged_into: UUID | None


@dataclass(kw_only=True)
class Books:
    rows: Mapping[UUID, Row]
    spoken_for: Mapping[UUID, Sequence[Row]]
    anomalies: Sequence[tuple[str | None, str]]

    def items(self, notification: UUID) -> list[str]:
        """The numbers of the items that a message speaks of, its own first."""
        return [self.rows[notification].shipment, *(row.shipment for row in self.spoken_for.get(notification, ()))]


async def read_books(database: Database, posted: Iterable[Posted], items: Iterable[Item]) -> Books:
    """The books as they stand; a notification of an event that was not posted is a KeyError."""
    said_of = {post.event: post.document["data"] for post in posted}
    async with database.read() as tx:
        index = {event_store.shipment_index(tx, each.operator, each.number): each.number for each in items}
        kept = (await tx.execute(select(notifications))).mappings().all()
        found = (await tx.execute(select(anomalies.c.shipment_index, anomalies.c.code))).all()
    rows = {
        each["id"]: Row(
            id=each["id"],
            shipment=said_of[each["event_id"]].get("shipment", ""),
            incident=_revision(said_of[each["event_id"]]),
            kind=each["kind"],
            step=each["step"],
            channel=each["channel"],
            status=each["status"],
            reason=each["reason"],
            created_at=each["created_at"],
            collect_by=each["collect_by"],
            merged_into=each["merged_into"],
        )
        for each in kept
    }
    spoken_for: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows.values():
        if row.merged_into is not None:
            spoken_for[row.merged_into].append(row)
    return Books(rows=rows, spoken_for=spoken_for, anomalies=[(index.get(place), code) for place, code in found])


def _revision(data: Mapping[str, Any]) -> tuple[str, int] | None:
    return (data["incident"], data["revision"]) if "incident" in data else None
