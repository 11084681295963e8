"""A person changes their own record on the pages: sealed as their act, effective before anything else is sent."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.merge import Ignored
from app.domain.own_choices import AddContact, Choice, ConfirmContact, RemoveContact, choose
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from app.domain.service_message import CONTACT_CHANGED
from app.ports import Surroundings
from app.storage import contact_marks
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.open_service_message import open_service_message
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.send_codes import Confirming, ask_to_confirm

_TOLD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The record before and after; `code` is what a contact point that was added is to be confirmed with."""

    before: Recipient
    after: Recipient
    code: UUID | None = None
    ignored: tuple[Ignored, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person said: the JCS of it, which is sealed, and the contact point by which they are known."""

    statement: bytes = field(repr=False)
    contact: UUID | None = None


async def change_own_record(
    tx: Tx, person: UUID, choice: Choice, *, said: Said, confirming: Confirming
) -> Changed | None:
    """Do what the person chose; None when there is nobody any more.

    A contact point that they add gets a code, and another one when they add it again before it is confirmed. Of every
    other change of contact points the others that were active hear.
    """
    records = await recipient_store.by_ids(tx, [person], lock=True, for_update=True)
    record = records.get(person)
    if record is None or record.recipient is None:
        return None
    before = record.recipient
    surroundings = confirming.surroundings
    now = surroundings.clock()  # after the lock
    merged = choose(before, choice, now=now, new_id=surroundings.new_id())
    unconfirmed = _unconfirmed(merged.recipient, choice)
    if not merged.acts and merged.recipient == before and unconfirmed is None:
        return Changed(before=before, after=before, ignored=merged.ignored)
    sheet = await new_fact_sheet(tx, surroundings)
    acting = Acting(at=now, by=Actor.PERSON, statement=said.statement, contact=before.contact(said.contact))
    after = record_acts(sheet, merged.acts, merged.recipient, record, acting)
    await recipient_store.save(tx, after, record.key, now=now)
    known = RecipientRecord(id=record.id, operator=record.operator, key=record.key, recipient=after)
    code = None
    if unconfirmed is not None:
        code = await ask_to_confirm(tx, sheet, known, unconfirmed, confirming=confirming, now=now)
    if isinstance(choice, ConfirmContact):
        confirmed = after.contact(choice.contact)
        if confirmed is not None:
            await contact_marks.lift(tx, record.operator, (confirmed.channel, confirmed.value))
    if isinstance(choice, AddContact | ConfirmContact | RemoveContact) and merged.acts:
        await _tell_the_others(tx, sheet, known, before, choice, confirming, now)
    await sheet.write(tx)
    return Changed(before=before, after=after, code=code, ignored=merged.ignored)


def _unconfirmed(person: Recipient, choice: Choice) -> ContactPoint | None:
    """The contact point that they add, where it is to be confirmed."""
    if not isinstance(choice, AddContact):
        return None
    wanted = (choice.channel, choice.value, ContactState.UNCONFIRMED)
    return next((c for c in person.contact_points if (c.channel, c.value, c.state) == wanted), None)


async def _tell_the_others(
    tx: Tx,
    sheet: FactSheet,
    record: RecipientRecord,
    before: Recipient,
    choice: AddContact | ConfirmContact | RemoveContact,
    confirming: Confirming,
    now: datetime,
) -> None:
    """The contact points that were active hear that something changed; the removed one, too."""
    if isinstance(choice, AddContact):
        return  # once it is confirmed
    known = before.contact(choice.contact)
    if isinstance(choice, ConfirmContact) and known is not None and known.state is ContactState.ACTIVE:
        return  # confirmed once more: nothing is otherwise
    old = [c for c in before.contact_points if c.state is ContactState.ACTIVE and c.id != choice.contact]
    if isinstance(choice, RemoveContact) and known is not None and known.state is ContactState.ACTIVE:
        old.append(known)
    await tell_of_change(tx, sheet, record, old, surroundings=confirming.surroundings, now=now)


async def tell_of_change(
    tx: Tx,
    sheet: FactSheet,
    record: RecipientRecord,
    contacts: Iterable[ContactPoint],
    *,
    surroundings: Surroundings,
    now: datetime,
) -> None:
    """Tell these contact points of that person that the contact data changed."""
    messages = [
        open_service_message(
            sheet, CONTACT_CHANGED, record, contact, new_id=surroundings.new_id(), expires_at=now + _TOLD_FOR, now=now
        )
        for contact in contacts
    ]
    await outbox.insert_all(tx, messages)
