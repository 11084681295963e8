"""An act of support: sealed as `support.acted` with the reason, and kept for timelines without it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.support import Act, SupportAct
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingSupport:
    """Who acts (the id of an API key, or `console`), and why; the reason stays sealed."""

    actor: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an act is about; about neither a shipment nor a notification it is about the person."""

    shipment_index: bytes | None = field(default=None, repr=False)
    notification: UUID | None = None
    made: UUID | None = None
    complaint: UUID | None = None


def record_support(
    sheet: FactSheet,
    act: Act,
    by: ActingSupport,
    record: RecipientRecord,
    about: About,
    *,
    facts: Iterable[bytes],
    new_id: UUID,
    now: datetime,
) -> SupportAct:
    """Record the fact after those that it touches, whose leaf hashes `facts` are; gives the row to be written."""
    encoded = sheet.record(
        "support.acted",
        at=now,
        recipient=record.id,
        key=record.key,
        data={"actor": by.actor, "act": act, "facts": [leaf.hex() for leaf in facts]},
        sealed={"reason": by.reason.encode()},
    )
    return SupportAct(
        id=new_id,
        operator=record.operator,
        recipient=record.id,
        act=act,
        actor=by.actor,
        done_at=now,
        shipment_index=about.shipment_index,
        notification=about.notification,
        made=about.made,
        complaint=about.complaint,
        fact_leaf=encoded.leaf,
    )
