"""Somebody joins without an operator's record: their contact point is kept once they have confirmed it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.domain.channel import Channel
from app.domain.own_choices import AddContact
from app.domain.pumping import Limit
from app.domain.recipient import ContactState, Recipient
from app.domain.unbound import NO_OPERATOR
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.storage import quotas
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.change_own_record import Said, change_own_record
from app.usecases.confirm_contact import Confirmed
from app.usecases.erase_recipient import erase_record
from app.usecases.send_codes import Confirming
from app.usecases.sessions import open_session, people_with

# Who joins a second time by one contact point needs no second record (GDPR art. 5 (1) (c)).
_LEGAL_BASIS, _ACTOR = "gdpr_5_1_c", "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """A code goes to the contact point; the id under which it is given back (use CONFIRM)."""

    code: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedTooOften:
    """That contact point was given too often within the hour, or there were too many joining today."""


async def join(
    tx: Tx, channel: Channel, value: str, *, language: str, confirming: Confirming
) -> Joining | JoinedTooOften:
    """Make an unbound person with that contact point, to be confirmed. `value` is E.164 or a normalised address.

    The same work whether anybody has the contact point or not: nobody is looked up. The record opens to whoever gives
    the code back, as any confirmed contact point does, and is erased when nobody has done so before the code ended
    (`forget_codes`).
    """
    surroundings, limits = confirming.surroundings, confirming.limits
    now = surroundings.clock()
    wanted = (
        Limit(about=("join", channel.value, value), most=limits.per_contact, per=timedelta(hours=1)),
        Limit(about=("joining",), most=limits.per_day, per=timedelta(days=1)),
    )
    if not await quotas.take(tx, wanted, now=now):
        return JoinedTooOften()
    person = surroundings.new_id()
    named = (NO_OPERATOR, str(person))
    record = (await recipient_store.ensure(tx, [named], now=now, new_ids=[person], for_update=True))[named]
    unknown = Recipient(
        id=record.id,
        operator=NO_OPERATOR,
        name=str(person),
        language=language,
        chosen_by_person=frozenset({"language"}),
    )
    await recipient_store.save(tx, unknown, record.key, now=now)
    said = canonical_json({"act": "join", "channel": channel, "language": language, "method": "preferences"})
    changed = await change_own_record(
        tx, record.id, AddContact(channel=channel, value=value), said=Said(statement=said), confirming=confirming
    )
    if changed is None or changed.code is None:
        raise LookupError("a person who was just made is there, and their first contact point is new")
    return Joining(code=changed.code)


async def sign_in_who_joined(
    tx: Tx, confirmed: Confirmed, *, replacing: str | None, surroundings: Surroundings
) -> str | None:
    """The token of a new session of whoever has just confirmed their very first contact point; else None.

    They have given a code that was sent there, as anybody has who signs in. The session of the token `replacing` ends.
    Where they had joined by it before, it opens that record, and the new one, of which nothing was made yet, is erased.
    """
    person, contact = confirmed.person, confirmed.contact
    others = [each for each in person.contact_points if each.state is ContactState.ACTIVE and each.id != contact.id]
    if person.operator != NO_OPERATOR or others:
        return None
    known_by = contact.channel, tx.vault.index("contact", contact.channel, contact.value)
    unbound = {each.id: each for each in await people_with(tx, known_by) if each.operator == NO_OPERATOR}
    opened, own = person.id, unbound.pop(person.id, None)
    if unbound and own is not None and _is_new(person):
        await erase_record(tx, own, actor=_ACTOR, legal_basis=_LEGAL_BASIS, surroundings=surroundings)
        opened = min(unbound)
    return await open_session(tx, contact=known_by, recipient=opened, replacing=replacing, surroundings=surroundings)


def _is_new(person: Recipient) -> bool:
    """Whether they have done nothing but give one contact point and a language."""
    made = Recipient(
        id=person.id,
        operator=person.operator,
        name=person.name,
        language=person.language,
        contact_points=person.contact_points[:1],
        chosen_by_person=frozenset({"language"}),
    )
    return made == person
