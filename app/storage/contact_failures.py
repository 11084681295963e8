"""Failures of contact points: messages that could not be delivered for good, until they were weighed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.storage.database import Tx
from app.storage.sql import insert_rows
from app.storage.tables import contact_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedContact:
    """One message of ours that this contact point did not take. `bounced`: no message will ever reach it."""

    recipient: UUID
    contact: UUID
    attempt: UUID
    bounced: bool
    code: str


async def insert_new(tx: Tx, failed: Sequence[tuple[UUID, FailedContact]], *, failed_at: datetime) -> None:
    """Keep failures under the ids given, not weighed yet; one for each attempt, the first that was told."""
    rows = [
        {
            "id": row_id,
            "recipient_id": failure.recipient,
            "contact_id": failure.contact,
            "attempt_id": failure.attempt,
            "bounced": failure.bounced,
            "code": failure.code,
            "failed_at": failed_at,
            "weighed": False,
        }
        for row_id, failure in failed
    ]
    await insert_rows(tx, contact_failures, rows, unless_taken="attempt_id")
