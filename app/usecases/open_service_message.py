"""A message about the service itself that comes into being: its row, and the first fact of its chain."""

from datetime import datetime
from uuid import UUID

from app.domain.channel import Purpose
from app.domain.decision import POLICY
from app.domain.notification import Notification, Status
from app.domain.recipient import ContactPoint
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet


def open_service_message(
    sheet: FactSheet,
    kind: str,
    record: RecipientRecord,
    contact: ContactPoint,
    *,
    new_id: UUID,
    expires_at: datetime,
    refused_because: str | None = None,
    now: datetime,
) -> Notification:
    """The notification as it is to be written; it is suppressed when it is `refused_because` of something.

    Raises ValueError when nobody has registered the recipient.
    """
    if record.recipient is None:
        raise ValueError("nobody is told who is not registered")
    opening = sheet.open_chain(
        new_id,
        "notification.suppressed" if refused_because else "notification.planned",
        at=now,
        recipient=record.id,
        key=record.key,
        data=_opening(kind, record, contact, refused_because),
        sealed={"contact": contact.value.encode(), "recipient": record.recipient.name.encode()},
    )
    return Notification(
        id=new_id,
        operator=record.operator,
        event=None,
        kind=kind,
        channel=contact.channel,
        purpose=Purpose.SERVICE,
        recipient=record.id,
        contact=contact.id,
        status=Status.SUPPRESSED if refused_because else Status.QUEUED,
        reason=refused_because,
        created_at=now,
        expires_at=expires_at,
        due_at=None if refused_because else now,
        chain_length=1,
        chain_leaf=opening.leaf,
        grade=0,
    )


def _opening(kind: str, record: RecipientRecord, contact: ContactPoint, reason: str | None) -> dict[str, object]:
    return {
        "operator": record.operator,
        "kind": kind,
        "channel": contact.channel,
        "purpose": Purpose.SERVICE,
        "reason": reason,
        "event_facts": [],
        "policy": POLICY,
        **dict.fromkeys(("not_before", "consent_fact", "consent_version", "legal_regime")),
    }
