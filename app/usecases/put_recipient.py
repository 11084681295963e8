"""Take in what an operator says about a person: contact points, consents and settings."""

from dataclasses import dataclass

from app.domain.merge import Ignored, RecipientPatch, merge
from app.domain.recipient import Actor, Recipient
from app.ports import Surroundings
from app.storage import contact_marks, recipient_areas
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import new_fact_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """The record as it now stands, whether it is new, and what of the request was not applied."""

    recipient: Recipient
    created: bool
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Erasure was asked for and a legal hold defers it: nothing about this person is taken in any more."""


async def put_recipient(
    tx: Tx,
    operator: str,
    name: str,
    patch: RecipientPatch,
    *,
    operator_verified: bool,
    surroundings: Surroundings,
) -> Put | Withheld:
    """Merge `patch` into the operator's record of that name, which is made when there is none.

    Everything that changed is sealed in `tx`. No consent in `patch` lies in the future; `operator_verified` says
    whether the deployment trusts operators' `verified: true`.
    """
    record = await _locked(tx, operator, name, surroundings)
    if record.withheld:
        return Withheld()
    now = surroundings.clock()  # after the lock: a fact is never older than the one it follows
    current = record.recipient or Recipient(id=record.id, operator=operator, name=name)
    contacts = {(known.channel, known.value) for known in current.contact_points}
    contacts |= {(wanted.channel, wanted.value) for wanted in patch.contact_points}
    merged = merge(
        current,
        patch,
        now=now,
        operator_verified=operator_verified,
        new_id=surroundings.new_id,
        withdrawn=await contact_marks.live(tx, operator, contacts, now=now),
    )
    recipient = merged.recipient
    if merged.acts:
        sheet = await new_fact_sheet(tx, surroundings)
        recipient = record_acts(sheet, merged.acts, recipient, record, Acting(at=now, by=Actor.OPERATOR))
        await sheet.write(tx)
    created = record.recipient is None
    if created or merged.acts:
        await recipient_store.save(tx, recipient, record.key, now=now)
    else:
        await recipient_areas.keep(tx, recipient)  # who was registered before areas were kept gets them so
    return Put(recipient=recipient, created=created, ignored=merged.ignored)


async def _locked(tx: Tx, operator: str, name: str, surroundings: Surroundings) -> RecipientRecord:
    """The record of that name, locked for changing."""
    named = (operator, name)
    while True:
        records = await recipient_store.ensure(
            tx, [named], now=surroundings.clock(), new_ids=[surroundings.new_id()], for_update=True
        )
        if named in records:
            return records[named]
        # Somebody made the record and somebody else erased it between two of our statements.
