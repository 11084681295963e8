"""A contact point is confirmed by the code that was sent to it; another one is sent when it did not come."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.one_time_code import Use
from app.domain.own_choices import ConfirmContact
from app.domain.recipient import ContactPoint, ContactState, Recipient
from app.evidence.canonical import canonical_json
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.change_own_record import Said, change_own_record
from app.usecases.give_code import Gone, Right, Wrong, give_code
from app.usecases.record_facts import new_fact_sheet
from app.usecases.send_codes import Confirming, ask_to_confirm


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The contact point is in use now. `person` is the record as it stands."""

    person: Recipient
    contact: ContactPoint


async def confirm_contact(
    tx: Tx, code: UUID, typed: str, *, language: str, confirming: Confirming
) -> Confirmed | Wrong | Gone:
    """Confirm the contact point that the code of that id was sent to, if `typed` is that code.

    Who gives it back is known by having it, so nobody needs to be signed in. `language` is that of the page.
    """
    given = await give_code(tx, code, typed, (Use.CONFIRM,), surroundings=confirming.surroundings)
    if not isinstance(given, Right):
        return given
    person, contact = given.code.recipient, given.code.contact
    if person is None or contact is None:
        return Gone()
    said = canonical_json({"act": "confirm", "language": language, "method": "code"})
    changed = await change_own_record(
        tx,
        person,
        ConfirmContact(contact=contact),
        said=Said(statement=said, contact=contact),
        confirming=confirming,
    )
    known = changed.after.contact(contact) if changed else None
    if changed is None or known is None or known.state is not ContactState.ACTIVE:
        return Gone()  # taken away meanwhile
    return Confirmed(person=changed.after, contact=known)


async def ask_again(tx: Tx, person: UUID, contact: UUID, *, confirming: Confirming) -> UUID | None:
    """Send another code to a contact point that waits for its confirmation; None when it does not, or is no more."""
    record = (await recipient_store.by_ids(tx, [person], lock=True, for_update=True)).get(person)
    known = record.recipient.contact(contact) if record and record.recipient else None
    if record is None or known is None or known.state is not ContactState.UNCONFIRMED:
        return None
    sheet = await new_fact_sheet(tx, confirming.surroundings)
    now = confirming.surroundings.clock()  # after the lock
    code = await ask_to_confirm(tx, sheet, record, known, confirming=confirming, now=now)
    await sheet.write(tx)
    return code
