"""People for tests of decisions."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.domain.channel import Channel, Purpose
from app.domain.notification import Notification, Status
from app.domain.quiet_hours import NEVER_QUIET, QuietHours
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Recipient

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
VALUES = {Channel.SMS: "+48600100200", Channel.EMAIL: "jan@example.com"}


def contact(
    channel: Channel = Channel.SMS, state: ContactState = ContactState.ACTIVE, *, contact_id: UUID | None = None
) -> ContactPoint:
    return ContactPoint(
        id=contact_id or uuid4(),
        channel=channel,
        value=VALUES[channel],
        state=state,
        method="counter",
        changed_at=NOON,
        changed_by=Actor.OPERATOR,
    )


def consent(
    channel: Channel = Channel.SMS,
    *,
    granted: bool = True,
    version: int = 1,
    purpose: Purpose = Purpose.DELIVERY,
) -> Consent:
    return Consent(
        channel=channel,
        purpose=purpose,
        granted=granted,
        version=version,
        at=NOON,
        by=Actor.OPERATOR,
        method="counter",
        text_version="1",
        fact_leaf=bytes(32),
    )


def person(
    contacts: Iterable[ContactPoint] = (), consents: Iterable[Consent] = (), *, quiet_hours: QuietHours = NEVER_QUIET
) -> Recipient:
    return Recipient(
        id=uuid4(),
        operator="poczta-polska",
        name="customer-4711",
        quiet_hours=quiet_hours,
        contact_points=tuple(contacts),
        consents=tuple(consents),
    )


def on_its_way(
    point: ContactPoint | None, channel: Channel = Channel.SMS, purpose: Purpose = Purpose.DELIVERY
) -> Notification:
    """A notification that is about to go to that contact point."""
    return Notification(
        id=uuid4(),
        operator="poczta-polska",
        event=None,
        kind="notice_left",
        channel=channel,
        purpose=purpose,
        recipient=uuid4(),
        contact=point.id if point else None,
        status=Status.SENDING,
        created_at=NOON,
        expires_at=NOON,
        chain_length=1,
        chain_leaf=bytes(32),
    )
