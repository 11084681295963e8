"""People, acts and contacts to merge."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.merge import (
    ConsentAct,
    Merged,
    RecipientPatch,
    WantedContact,
    merge,
)
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Recipient

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PHONE = "+48600100200"


def stranger() -> Recipient:
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711")


def ids() -> Iterator[UUID]:
    return (UUID(int=number) for number in count(100))


def put(
    current: Recipient,
    *,
    trusting: bool = True,
    withdrawn: dict[tuple[Channel, str], datetime] | None = None,
    **patch: object,
) -> Merged:
    new_ids = ids()
    return merge(
        current,
        RecipientPatch(**patch),  # type: ignore[arg-type]
        now=NOW,
        operator_verified=trusting,
        new_id=lambda: next(new_ids),
        withdrawn=withdrawn or {},
    )


def phone(*, verified: bool = True, method: str | None = "counter", value: str = PHONE) -> WantedContact:
    return WantedContact(channel=Channel.SMS, value=value, verified=verified, method=method)


def act(*, granted: bool = True, hours_ago: float = 1, method: str = "counter") -> ConsentAct:
    return ConsentAct(
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        granted=granted,
        at=NOW - timedelta(hours=hours_ago),
        method=method,
        text_version="2026-11",
    )


def known_phone(state: ContactState, by: Actor) -> Recipient:
    contact = ContactPoint(
        id=UUID(int=7),
        channel=Channel.SMS,
        value=PHONE,
        state=state,
        method="code",
        changed_at=NOW - timedelta(days=3),
        changed_by=by,
    )
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711", contact_points=(contact,))


def known_consent(*, granted: bool, by: Actor, hours_ago: float, version: int = 1) -> Recipient:
    consent = Consent(
        channel=Channel.SMS,
        purpose=Purpose.DELIVERY,
        granted=granted,
        version=version,
        at=NOW - timedelta(hours=hours_ago),
        by=by,
        method="page",
        text_version=None,
        fact_leaf=b"\1" * 32,
    )
    return Recipient(id=UUID(int=1), operator="poczta-polska", name="customer-4711", consents=(consent,))


def the_consent(merged: Merged) -> Consent:
    consent = merged.recipient.consent(Channel.SMS, Purpose.DELIVERY)
    assert consent is not None
    return consent
