"""Attach complaints to shipments, and close them: the clock of the operator's answer, sealed with who keeps it."""

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from app.domain.complaint import Complaint, answer_due_on
from app.domain.support import Act
from app.ports import Surroundings
from app.storage import complaints as complaint_store
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage import statements as statement_store
from app.storage import support_acts
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.shipments import lock_shipments
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_support import About, ActingSupport, record_support


class NotKept(Enum):
    """Why nothing was recorded."""

    NOBODY = "nobody"  # no such shipment, person or complaint
    WITHHELD = "withheld"  # the person is to be erased
    RECEIVED_ON_ANOTHER_DAY = "received_on_another_day"
    OF_SOMEBODY_ELSE = "of_somebody_else"
    ANSWERED_ON_ANOTHER_DAY = "answered_on_another_day"
    ANSWERED_BEFORE_IT_CAME = "answered_before_it_came"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The complaint as it now stands; not `is_new` when it stood so before."""

    complaint: Complaint
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What is attached: the operator's own reference, and the day on which the complaint came, which is not to come.

    `recipient` is the operator's name of the person whom it is about; None: whom the shipment's newest event names, of
    those who are registered.
    """

    reference: str
    received_on: date
    recipient: str | None = None


async def attach_complaint(
    tx: Tx, operator: str, shipment: str, attached: Attached, *, by: ActingSupport, surroundings: Surroundings
) -> Kept | NotKept:
    """Keep a complaint about a shipment; one of that reference is kept once.

    A reference that is that of a statement on the notice's page names the fact of that statement, too.
    """
    index = tx.vault.index("shipment", operator, shipment)
    record = await _whose(tx, operator, index, attached.recipient)
    if record is None:
        return NotKept.NOBODY
    if record.withheld:
        return NotKept.WITHHELD
    await lock_shipments(tx, [index])
    known = await complaint_store.find(tx, operator, shipment, attached.reference)
    if known is not None:
        return _same(known, attached, record)
    now = surroundings.clock()  # after the locks
    complaint = Complaint(
        id=surroundings.new_id(),
        operator=operator,
        recipient=record.id,
        shipment=shipment,
        reference=attached.reference,
        whose=record.recipient.name if record.recipient else None,
        received_on=attached.received_on,
        answer_due_on=answer_due_on(attached.received_on),
        attached_at=now,
    )
    facts = await _facts_of(tx, attached.reference, index)
    await complaint_store.insert_one(tx, complaint, shipment_index=index, key=record.key)
    await _record(tx, Act.COMPLAINT_ATTACHED, complaint, record, index, facts, by=by, surroundings=surroundings)
    return Kept(complaint=complaint, is_new=True)


async def answer_complaint(
    tx: Tx,
    operator: str,
    shipment: str,
    reference: str,
    *,
    answered_on: date,
    by: ActingSupport,
    surroundings: Surroundings,
) -> Kept | NotKept:
    """Close a complaint: the answer was sent on that day, which is not to come."""
    found = await complaint_store.find(tx, operator, shipment, reference)
    if found is None:
        return NotKept.NOBODY
    record = (await recipient_store.by_ids(tx, [found.recipient], lock=True)).get(found.recipient)
    known = await complaint_store.find(tx, operator, shipment, reference, lock=True)
    if record is None or known is None:
        return NotKept.NOBODY
    if known.answered_on is not None:
        same = known.answered_on == answered_on
        return Kept(complaint=known, is_new=False) if same else NotKept.ANSWERED_ON_ANOTHER_DAY
    if answered_on < known.received_on:
        return NotKept.ANSWERED_BEFORE_IT_CAME
    index = tx.vault.index("shipment", operator, shipment)
    facts = [each.fact_leaf for each in await support_acts.of_complaint(tx, known.id, shipment=index)]
    await complaint_store.answered(tx, known.id, on=answered_on)
    await _record(tx, Act.COMPLAINT_ANSWERED, known, record, index, facts, by=by, surroundings=surroundings)
    return Kept(complaint=replace(known, answered_on=answered_on), is_new=True)


def _same(known: Complaint, attached: Attached, record: RecipientRecord) -> Kept | NotKept:
    if known.received_on != attached.received_on:
        return NotKept.RECEIVED_ON_ANOTHER_DAY
    if attached.recipient is not None and known.recipient != record.id:
        return NotKept.OF_SOMEBODY_ELSE
    return Kept(complaint=known, is_new=False)


async def _whose(tx: Tx, operator: str, shipment: bytes, name: str | None) -> RecipientRecord | None:
    """The person of that name, or whom the newest event names, before those whom nobody registered; share-locked.

    None when no event names that person, or anybody.
    """
    named = await event_store.named_by(tx, shipment)
    if name is not None:
        record = await recipient_store.find(tx, operator, name)
        named = [person for person in named if record is not None and person == record.id]
    found, _ = await recipient_store.sound_by_ids(tx, named, lock=True)
    known = [found[person] for person in named if person in found]
    return min(known, key=lambda record: record.recipient is None and not record.withheld, default=None)


async def _facts_of(tx: Tx, reference: str, shipment: bytes) -> list[bytes]:
    """The leaf hash of the statement that was given that reference about that shipment; none for any other."""
    statement = await statement_store.by_reference(tx, reference)
    if statement is None or statement.recipient not in await event_store.named_by(tx, shipment):
        return []
    chain = await fact_store.of_notification(tx, statement.notification)
    return [fact.leaf for fact in chain if fact.type == f"recipient.{statement.kind}"]


async def _record(
    tx: Tx,
    act: Act,
    complaint: Complaint,
    record: RecipientRecord,
    shipment: bytes,
    facts: list[bytes],
    *,
    by: ActingSupport,
    surroundings: Surroundings,
) -> None:
    sheet = await new_fact_sheet(tx, surroundings)
    done = record_support(
        sheet,
        act,
        by,
        record,
        About(shipment_index=shipment, complaint=complaint.id),
        facts=facts,
        new_id=surroundings.new_id(),
        now=surroundings.clock(),
    )
    await support_acts.insert_all(tx, [done])
    await sheet.write(tx)
