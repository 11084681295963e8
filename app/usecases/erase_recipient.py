"""Forget a person without breaking anybody's proof (GDPR art. 17)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.unbound import NO_OPERATOR
from app.ports import Surroundings
from app.storage import contact_marks, erasure, legal_holds
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.end_chain import cancelled
from app.usecases.end_hold import end_hold
from app.usecases.record_facts import FactSheet, new_fact_sheet

LEGAL_BASIS = "gdpr_17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Nothing of the person is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A legal hold keeps what is known until then, at the latest; nobody contacts the person any more."""

    until: datetime


async def erase_recipient(
    tx: Tx, operator: str, name: str, *, actor: str, surroundings: Surroundings
) -> Erased | Deferred | None:
    """Destroy the person's key and all that it protects; None when there is nobody of that name.

    Also for a name that events mentioned and nobody registered. What has not left is cancelled, and the person's
    contacts are marked as withdrawn. The skeleton – documents, record salts, leaf hashes, states and times – stays, so
    every proof still verifies. `actor` is the id of the API key that asked. The same name is a stranger afterwards.

    While a legal hold is on the person, erasing is deferred to its end; asking again changes nothing.
    """
    record = await recipient_store.find(tx, operator, name, for_update=True, everything=True)
    if record is None:
        return None
    return await erase_record(tx, record, actor=actor, legal_basis=LEGAL_BASIS, surroundings=surroundings)


async def erase_record(
    tx: Tx, record: RecipientRecord, *, actor: str, legal_basis: str, surroundings: Surroundings
) -> Erased | Deferred:
    """The same for a record whose row is locked, on that ground."""
    now = surroundings.clock()
    hold = await legal_holds.of_recipient(tx, record.id, record.key)
    sheet = await new_fact_sheet(tx, surroundings)
    if not record.withheld:
        await _withdraw(tx, sheet, record, at=now)
    if hold is not None and hold.until > now:
        if not record.withheld:
            await _defer(tx, sheet, record, actor=actor, legal_basis=legal_basis, at=now)
        await sheet.write(tx)
        return Deferred(until=hold.until)
    if hold is not None:
        await end_hold(tx, sheet, record.id, actor=actor, act="expired", at=now)
    record_erasure(sheet, record.id, actor=actor, legal_basis=legal_basis, at=now)
    await erasure.destroy(tx, [record.id], now=now)
    await sheet.write(tx)
    return Erased()


def record_erasure(sheet: FactSheet, person: UUID, *, actor: str, legal_basis: str, at: datetime) -> None:
    """The fact that a person was erased."""
    # No leaf hashes under `facts`: a list of all that is known of one person would outlive the erasure.
    sheet.record(
        "recipient.erased",
        at=at,
        recipient=person,
        data={"actor": actor, "act": "erased", "legal_basis": legal_basis},
    )


async def _withdraw(tx: Tx, sheet: FactSheet, record: RecipientRecord, *, at: datetime) -> None:
    """Cancel what has not left, and remember for a while which contacts are not to be used again."""
    waiting = await outbox.waiting_of_recipient(tx, record.id)
    await outbox.save_all(tx, [cancelled(sheet, notification, "erased", at=at) for notification in waiting])
    known = record.recipient.contact_points if record.recipient else ()
    if record.operator != NO_OPERATOR:  # whose copies would bring them back
        await contact_marks.mark(tx, record.operator, [(c.channel, c.value) for c in known], now=at)


async def _defer(
    tx: Tx, sheet: FactSheet, record: RecipientRecord, *, actor: str, legal_basis: str, at: datetime
) -> None:
    sheet.record(
        "support.acted",
        at=at,
        recipient=record.id,
        data={"actor": actor, "act": "erasure_asked", "legal_basis": legal_basis},
    )
    await recipient_store.withhold(tx, record.id, asked_at=at, asked_by=actor)
