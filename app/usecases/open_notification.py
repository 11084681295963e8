"""A notification that comes into being: its row, and the first fact of its chain."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from app.domain.decision import POLICY, Hold, Notify, Planned, Suppress
from app.domain.event import LegalRegime
from app.domain.notification import Notification, Status
from app.domain.recipient import Recipient
from app.domain.reminder import Step
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a notification tells: which kind of news, from which event of which shipment, and how long it is news.

    `event_fact` is the leaf hash of the event's fact, `shipments` its shipments as facts seal them. `facility` is the
    id of the place that it names, `courier` whose notice it tells of; both are for searches only. `source` is which of
    the operator's systems has it told.
    """

    operator: str
    kind: str
    event: UUID
    event_fact: bytes
    shipment_index: bytes | None = field(repr=False)
    shipments: bytes | None = field(repr=False)
    legal_regime: LegalRegime | None
    expires_at: datetime
    step: Step | None = None
    collect_by: date | None = None
    facility: str | None = field(default=None, repr=False)
    courier: str | None = field(default=None, repr=False)
    source: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a notification begins. `due_at` None: nobody sends it until somebody releases it, or it is suppressed."""

    status: Status
    reason: str | None = None
    not_before: datetime | None = None
    due_at: datetime | None = None
    merged_into: UUID | None = None


_OPENING_FACT = {
    Status.QUEUED: "notification.planned",
    Status.HELD: "notification.held",
    Status.SUPPRESSED: "notification.suppressed",
}


def standing_of(planned: Planned, *, now: datetime) -> Standing:
    """How a notification begins that was decided just now."""
    match planned.decision:
        case Notify():
            return Standing(status=Status.QUEUED, due_at=now)
        case Hold(until=until):
            return Standing(status=Status.HELD, reason="quiet_hours", not_before=until, due_at=until)
        case Suppress(reason=reason):
            return Standing(status=Status.SUPPRESSED, reason=reason)


def open_notification(
    sheet: FactSheet,
    subject: Subject,
    record: RecipientRecord,
    planned: Planned,
    standing: Standing,
    *,
    new_id: UUID,
    now: datetime,
) -> Notification:
    """The notification as it is to be written. Raises ValueError when nobody has registered the recipient."""
    if record.recipient is None:
        raise ValueError("nobody is told who is not registered")
    opening = sheet.open_chain(
        new_id,
        _OPENING_FACT[standing.status],
        at=now,
        recipient=record.id,
        key=record.key,
        data=_opening(subject, planned, standing),
        sealed=_sealed(subject, record.recipient, planned),
    )
    return Notification(
        id=new_id,
        operator=subject.operator,
        event=subject.event,
        kind=subject.kind,
        channel=planned.channel,
        purpose=planned.purpose,
        recipient=record.id,
        contact=planned.contact.id if planned.contact else None,
        shipment_index=subject.shipment_index,
        status=standing.status,
        reason=standing.reason if standing.status is Status.SUPPRESSED else None,
        created_at=now,
        not_before=standing.not_before,
        expires_at=subject.expires_at,
        due_at=standing.due_at,
        step=subject.step,
        collect_by=subject.collect_by,
        merged_into=standing.merged_into,
        chain_length=1,
        chain_leaf=opening.leaf,
        facility=subject.facility,
        courier=subject.courier,
        source=subject.source,
        grade=0,
    )


def _sealed(subject: Subject, recipient: Recipient, planned: Planned) -> dict[str, bytes | None]:
    return {
        "contact": planned.contact.value.encode() if planned.contact else None,
        "recipient": recipient.name.encode(),
        "shipment": subject.shipments,
    }


def _opening(subject: Subject, planned: Planned, standing: Standing) -> dict[str, object]:
    consent = planned.consent
    return {
        "operator": subject.operator,
        "kind": subject.kind,
        "channel": planned.channel,
        "purpose": planned.purpose,
        "reason": standing.reason,
        "not_before": standing.not_before,
        "event_facts": [subject.event_fact.hex()],
        "consent_fact": consent.sealed_fact if consent else None,
        "consent_version": consent.sealed_version if consent else None,
        "policy": POLICY,
        "legal_regime": subject.legal_regime,
    }
