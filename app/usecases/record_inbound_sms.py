"""Do what people ask by SMS: STOP ends all SMS to their number, START resumes what STOP ended."""

from functools import partial
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag

from app.domain.channel import Channel
from app.domain.keywords import SMS_STOP, Asked, asked_by_sms, resume
from app.domain.merge import Merged, withdraw
from app.domain.receipt import InboundSms
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.storage import inbound_messages
from app.storage import recipients as recipient_store
from app.storage.database import Database, Tx
from app.usecases.record_acts import Acting, save_acts

_log = structlog.get_logger(__name__)


async def record_inbound_sms(database: Database, sms: InboundSms, *, surroundings: Surroundings) -> Asked | None:
    """Carry out what the message asks for, for everybody who has its sender as a contact point; says what that is.

    None when it was carried out before: a message counts once for each person, and no more once it was carried out
    for everybody who had the number then. One that broke off goes on when it comes again.

    One transaction for each person, so that nobody else waits for long. Nothing that has not begun to leave is sent
    to a person once theirs has committed. What asks for nothing is kept nowhere.
    """
    asked = asked_by_sms(sms.text)
    if asked is Asked.OTHER:
        return asked
    received_at = surroundings.clock()
    async with database.read() as tx:
        if await inbound_messages.is_done(tx, sms.provider, sms.provider_id):
            return None
        people = await recipient_store.having_contact(tx, Channel.SMS, sms.sender)
    for person in people:
        try:
            await database.transact(partial(_carry_out, person=person, sms=sms, asked=asked, surroundings=surroundings))
        except InvalidTag:  # nothing can be sent to somebody whose values are damaged; the others still ask
            _log.error("answer_of_damaged_recipient", recipient=str(person))
    is_first = await database.transact(
        partial(inbound_messages.finish, provider=sms.provider, provider_id=sms.provider_id, received_at=received_at)
    )
    return asked if is_first else None


async def _carry_out(tx: Tx, *, person: UUID, sms: InboundSms, asked: Asked, surroundings: Surroundings) -> None:
    records = await recipient_store.by_ids(tx, [person], lock=True, for_update=True)
    record = records.get(person)
    current = record.recipient if record else None
    if record is None or current is None:  # erased meanwhile, or about to be: nothing is sent any more
        return
    contact = next((c for c in current.contact_points if (c.channel, c.value) == (Channel.SMS, sms.sender)), None)
    if contact is None:
        return
    now = surroundings.clock()
    if not await inbound_messages.begin_for(tx, sms.provider, sms.provider_id, person, received_at=now):
        return
    acting = Acting(
        at=now,
        by=Actor.PERSON,
        statement=canonical_json({"text": sms.text}),
        contact=contact,
    )
    changed = _changed(current, contact, asked, acting)
    if changed.recipient != current:
        await save_acts(tx, changed, record, acting, surroundings=surroundings)


def _changed(current: Recipient, contact: ContactPoint, asked: Asked, acting: Acting) -> Merged:
    """A STOP counts from any number that the person has, a START only from one that is verified."""
    if asked is Asked.STOP and contact.state is not ContactState.REMOVED:
        return withdraw(current, Channel.SMS, now=acting.at, method=SMS_STOP)
    if asked is Asked.START and contact.state is ContactState.ACTIVE:
        return resume(current, now=acting.at)
    return Merged(recipient=current)
