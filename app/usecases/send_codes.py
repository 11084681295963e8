"""Send one-time codes: those that pages asked for, and those that confirm a contact point."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel
from app.domain.one_time_code import Use, lifetime
from app.domain.pumping import CodeLimits, is_allowed_destination, limits_for
from app.domain.recipient import ContactPoint, ContactState
from app.domain.service_message import CONFIRMATION, SIGN_IN
from app.ports import Surroundings
from app.storage import codes as code_store
from app.storage import notifications as outbox
from app.storage import quotas
from app.storage import recipients as recipient_store
from app.storage.codes import Code
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.open_service_message import open_service_message
from app.usecases.record_facts import FactSheet, new_fact_sheet

BATCH_MAX = 50
_TOO_MANY = "rate_limited"


async def ask_for_code(tx: Tx, use: Use, channel: Channel, value: str, *, surroundings: Surroundings) -> UUID:
    """Note that somebody asks for a code at that contact point; the id under which they give it back.

    The same work whether anybody has that contact point or not: who has is looked up when the code is sent.
    """
    now = surroundings.clock()
    code = Code(
        id=surroundings.new_id(),
        use=use,
        channel=channel,
        contact_index=tx.vault.index("contact", channel, value),
        created_at=now,
        expires_at=now + lifetime(use, channel),
    )
    await code_store.insert_one(tx, code)
    return code.id


async def send_codes(tx: Tx, *, limits: CodeLimits, surroundings: Surroundings) -> int:
    """Make messages of up to a batch of codes that pages asked for; how many there were."""
    asked = await code_store.to_send(tx, limit=BATCH_MAX)
    if not asked:
        return 0
    holders = {code.id: await _holder(tx, code) for code in asked}
    sheet = await new_fact_sheet(tx, surroundings)
    now = surroundings.clock()  # after the locks
    for code in asked:
        holder = holders[code.id]
        if holder is None:
            await code_store.handled(tx, code, recipient=None, contact=None, now=now)
            continue
        record, contact = holder
        refused = await _refused(tx, contact, limits, now=now)
        await _send(tx, sheet, SIGN_IN, code, record, contact, refused=refused, now=now)
        await code_store.handled(tx, code, recipient=record.id, contact=contact.id, now=now)
    await sheet.write(tx)
    return len(asked)


async def _holder(tx: Tx, code: Code) -> tuple[RecipientRecord, ContactPoint] | None:
    """Whoever of those who have confirmed that contact point is known the longest; each of them may sign in by it."""
    if code.channel is None or code.contact_index is None:
        return None
    people = await recipient_store.having_confirmed(tx, code.channel, code.contact_index)
    records, _ = await recipient_store.sound_by_ids(tx, people, lock=True)
    for _, record in sorted(records.items()):
        for contact in record.recipient.contact_points if record.recipient else ():
            is_it = tx.vault.index("contact", contact.channel, contact.value) == code.contact_index
            if is_it and contact.state is ContactState.ACTIVE:
                return record, contact
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """What asking people to confirm contact points needs."""

    limits: CodeLimits
    surroundings: Surroundings


async def ask_to_confirm(
    tx: Tx, sheet: FactSheet, record: RecipientRecord, contact: ContactPoint, *, confirming: Confirming, now: datetime
) -> UUID:
    """Send a code by which the person confirms that contact point; the id under which they give it back.

    The row of the recipient is locked, and `record` has the contact point. Codes for it from before become worthless.
    """
    refused = await _refused(tx, contact, confirming.limits, now=now)
    return await _ask(tx, sheet, record, contact, refused, confirming=confirming, now=now)


async def ask_if_allowed(
    tx: Tx, sheet: FactSheet, record: RecipientRecord, contact: ContactPoint, *, confirming: Confirming, now: datetime
) -> bool:
    """The same, or nothing at all while too many codes go to that contact point or to others like it."""
    refused = await _refused(tx, contact, confirming.limits, now=now)
    if refused == _TOO_MANY:
        return False
    await _ask(tx, sheet, record, contact, refused, confirming=confirming, now=now)
    return True


async def _ask(
    tx: Tx,
    sheet: FactSheet,
    record: RecipientRecord,
    contact: ContactPoint,
    refused: str | None,
    *,
    confirming: Confirming,
    now: datetime,
) -> UUID:
    await code_store.spend_all(tx, record.id, (Use.CONFIRM,), contact=contact.id, now=now)
    code = Code(
        id=confirming.surroundings.new_id(),
        use=Use.CONFIRM,
        channel=contact.channel,
        contact_index=tx.vault.index("contact", contact.channel, contact.value),
        recipient=record.id,
        contact=contact.id,
        created_at=now,
        expires_at=now + lifetime(Use.CONFIRM, contact.channel),
    )
    await code_store.insert_one(tx, code, handled_at=now)
    await _send(tx, sheet, CONFIRMATION, code, record, contact, refused=refused, now=now)
    return code.id


async def _refused(tx: Tx, contact: ContactPoint, limits: CodeLimits, *, now: datetime) -> str | None:
    """Why no code may go there, or None where one may, which counts."""
    if not is_allowed_destination(contact.channel, contact.value, limits):
        return "destination_not_allowed"
    wanted = limits_for(contact.channel, contact.value, limits)
    return None if await quotas.take(tx, wanted, now=now) else _TOO_MANY


async def _send(
    tx: Tx,
    sheet: FactSheet,
    kind: str,
    code: Code,
    record: RecipientRecord,
    contact: ContactPoint,
    *,
    refused: str | None,
    now: datetime,
) -> None:
    message = open_service_message(
        sheet, kind, record, contact, new_id=code.id, expires_at=code.expires_at, refused_because=refused, now=now
    )
    await outbox.insert_all(tx, [message])
    if refused:
        await code_store.use(tx, code.id, now=now)  # else limits on sending were none on guessing
