"""Domain values as the JSON that the contract names."""

from datetime import UTC, datetime
from typing import Any

from app.domain.notification import Attempt, Notification
from app.domain.timeline import ReceiptEntry
from app.storage.incidents import Progress
from app.storage.receipts import StoredReceipt


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def notification_summary(notification: Notification) -> dict[str, Any]:
    """A notification as it stands in the answer to an event."""
    return {
        "id": str(notification.id),
        "channel": notification.channel,
        "kind": notification.kind,
        "status": notification.status,
        "reason": notification.reason,
    }


def plan_view(progress: Progress) -> dict[str, Any]:
    """How far an incident of an area is told."""
    return {"state": progress.state, "planned": progress.planned, "people": progress.people}


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """One attempt."""
    return {
        "attempt": attempt.number,
        "provider": attempt.provider,
        "status": attempt.status,
        "started_at": moment(attempt.started_at),
        "ended_at": moment(attempt.ended_at),
        "code": attempt.code,
    }


def receipt_view(stored: StoredReceipt | ReceiptEntry) -> dict[str, Any]:
    """One receipt."""
    return {
        "status": stored.receipt.status,
        "via": stored.receipt.via,
        "claimed_at": moment(stored.receipt.claimed_at),
        "received_at": moment(stored.received_at),
        "late": stored.late,
    }
