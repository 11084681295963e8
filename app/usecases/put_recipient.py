"""Take in what an operator says about a person: contact points, consents and settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.channel import Channel
from app.domain.merge import ContactAdded, Ignored, Merged, RecipientPatch, merge
from app.domain.pumping import CodeLimits
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from app.ports import Surroundings
from app.storage import contact_marks, recipient_areas
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.send_codes import Confirming, ask_to_confirm

_USUAL_LIMITS = CodeLimits()


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
    limits: CodeLimits = _USUAL_LIMITS,
) -> Put | Withheld:
    """Merge `patch` into the operator's record of that name, which is made when there is none.

    Everything that changed is sealed in `tx`. No consent in `patch` lies in the future; `operator_verified` says
    whether the deployment trusts operators' `verified: true`. Who has a contact point that is new and unconfirmed is
    asked once to confirm it, within `limits`; the answer does not tell whether anybody could be asked.
    """
    record = await locked_record(tx, operator, name, surroundings)
    if record.withheld:
        return Withheld()
    now = surroundings.clock()  # after the lock: a fact is never older than the one it follows
    current = record.recipient or Recipient(id=record.id, operator=operator, name=name)
    contacts = {(known.channel, known.value) for known in current.contact_points}
    contacts |= {(wanted.channel, wanted.value) for wanted in patch.contact_points}
    withdrawn = await contact_marks.live(tx, operator, contacts, now=now)
    merged = merge(
        current,
        patch,
        now=now,
        operator_verified=operator_verified,
        new_id=surroundings.new_id,
        withdrawn=withdrawn,
    )
    recipient = merged.recipient
    created = record.recipient is None
    if merged.acts:
        sheet = await new_fact_sheet(tx, surroundings)
        recipient = record_acts(sheet, merged.acts, recipient, record, Acting(at=now, by=Actor.OPERATOR))
        await recipient_store.save(tx, recipient, record.key, now=now)
        known = RecipientRecord(id=record.id, operator=operator, key=record.key, recipient=recipient)
        confirming = Confirming(limits=limits, surroundings=surroundings)
        await _ask(tx, sheet, known, _to_confirm(current, merged, withdrawn), confirming=confirming, now=now)
        await sheet.write(tx)
    elif created:
        await recipient_store.save(tx, recipient, record.key, now=now)
    else:
        await recipient_areas.keep(tx, recipient)  # who was registered before areas were kept gets them so
    return Put(recipient=recipient, created=created, ignored=merged.ignored)


def _to_confirm(
    before: Recipient, merged: Merged, withdrawn: Mapping[tuple[Channel, str], datetime]
) -> Iterator[ContactPoint]:
    """The contact points that became known unconfirmed. What somebody took away, or was erased with, stays in peace."""
    for act in merged.acts:
        if not isinstance(act, ContactAdded):
            continue
        contact, known = merged.recipient.contact(act.contact.id), before.contact(act.contact.id)
        taken_away = known is not None and known.state is ContactState.REMOVED
        if contact is None or contact.state is not ContactState.UNCONFIRMED or taken_away:
            continue
        if (contact.channel, contact.value) not in withdrawn:
            yield contact


async def _ask(
    tx: Tx,
    sheet: FactSheet,
    record: RecipientRecord,
    contacts: Iterator[ContactPoint],
    *,
    confirming: Confirming,
    now: datetime,
) -> None:
    # In one order for everybody: the limits that they count against are rows.
    for contact in sorted(contacts, key=lambda each: (each.channel, each.value)):
        await ask_to_confirm(tx, sheet, record, contact, confirming=confirming, now=now)


async def locked_record(tx: Tx, operator: str, name: str, surroundings: Surroundings) -> RecipientRecord:
    """The record of that name, locked for changing; it is made when there is none."""
    named = (operator, name)
    while True:
        records = await recipient_store.ensure(
            tx, [named], now=surroundings.clock(), new_ids=[surroundings.new_id()], for_update=True
        )
        if named in records:
            return records[named]
        # Somebody made the record and somebody else erased it between two of our statements.
