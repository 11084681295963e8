"""A person shows a code to an operator, who then knows whose confirmed contact points and consents these are."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.merge import Ignored
from app.domain.one_time_code import Use, lifetime
from app.domain.pumping import Limit
from app.domain.recipient import Actor, ContactState, Recipient
from app.domain.unbound import BIND_BYTES, NO_OPERATOR, bind_code_of, bind_code_typed, join_people
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.storage import codes as code_store
from app.storage import contact_marks, quotas
from app.storage import recipients as recipient_store
from app.storage.codes import Code
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.change_own_record import tell_of_change
from app.usecases.erase_recipient import erase_record
from app.usecases.put_recipient import Withheld, locked_record
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import new_fact_sheet

# So many codes that were none may an operator give within an hour; each guess is one in 10^15 anyway.
WRONG_MAX = 100
_PER = timedelta(hours=1)

# What was joined to another record is not needed here any more (GDPR art. 5 (1) (c)).
_LEGAL_BASIS = "gdpr_5_1_c"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindCode:
    """What the person shows, and until when. It stands nowhere else, and is good for one operator, once."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The operator's record as it now stands, whether it is new, and what of the person's had no room in it."""

    recipient: Recipient
    created: bool
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSuchCode:
    """Nobody was given that code, or it has been used, or its seven days are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyWrong:
    """The operator has given too many codes that were none; no other is looked at for so many seconds."""

    seconds: int


async def make_bind_code(tx: Tx, person: UUID, *, surroundings: Surroundings) -> BindCode:
    """A new code by which an operator learns who that person is; those from before become worthless.

    Kept is a keyed hash of it, in place of an id, so that nobody who reads the database knows any code.
    """
    now = surroundings.clock()
    await code_store.spend_all(tx, person, (Use.BIND,), now=now)
    text = bind_code_of(surroundings.entropy(BIND_BYTES))
    code = Code(
        id=_id_of(tx, text),
        use=Use.BIND,
        recipient=person,
        created_at=now,
        expires_at=now + lifetime(Use.BIND, None),
    )
    await code_store.insert_one(tx, code, handled_at=now)
    return BindCode(code=text, expires_at=code.expires_at)


async def bind_recipient(
    tx: Tx, operator: str, name: str, typed: str, *, actor: str, surroundings: Surroundings
) -> Bound | NoSuchCode | TooManyWrong | Withheld:
    """Join what the person with that code has confirmed, agreed to and set to the operator's record of that name.

    It is sealed as the person's own act; contact points that the operator's record had before hear of it. A record
    without an operator is erased then, as all of it stands in the operator's; one of another operator stays. The
    outcome is to be committed, whichever it is.
    """
    now = surroundings.clock()
    limit = Limit(about=("bind", operator), most=WRONG_MAX, per=_PER)
    if await quotas.used_up(tx, limit, now=now):
        return TooManyWrong(seconds=int(_PER.total_seconds()))
    known = await recipient_store.find(tx, operator, name)
    if known is not None and known.withheld:
        return Withheld()
    source = await _owner(tx, typed, now=now)
    if source is None or source.recipient is None:
        await quotas.take(tx, [limit], now=now)
        return NoSuchCode()
    record = await locked_record(tx, operator, name, surroundings)
    current = record.recipient or Recipient(id=record.id, operator=operator, name=name)
    if source.id == record.id:
        return Bound(recipient=current, created=False, ignored=())
    bound = await _join(tx, record, current, source.recipient, surroundings)
    if source.operator == NO_OPERATOR:
        await erase_record(tx, source, actor=actor, legal_basis=_LEGAL_BASIS, surroundings=surroundings)
    return bound


async def _owner(tx: Tx, typed: str, *, now: datetime) -> RecipientRecord | None:
    """The record, locked, of whoever shows that code, which is spent."""
    text = bind_code_typed(typed)
    if text is None:
        return None
    code = await code_store.take_try(tx, _id_of(tx, text), (Use.BIND,), now=now)
    if code is None or code.recipient is None or not await code_store.use(tx, code.id, now=now):
        return None
    return (await recipient_store.by_ids(tx, [code.recipient], lock=True, for_update=True)).get(code.recipient)


async def _join(
    tx: Tx, record: RecipientRecord, current: Recipient, other: Recipient, surroundings: Surroundings
) -> Bound:
    now = surroundings.clock()  # after the locks
    joined = join_people(current, other, now=now, new_id=surroundings.new_id)
    sheet = await new_fact_sheet(tx, surroundings)
    after = record_acts(sheet, joined.acts, joined.recipient, record, _acting(other, now))
    await recipient_store.save(tx, after, record.key, now=now)
    known = RecipientRecord(id=record.id, operator=record.operator, key=record.key, recipient=after)
    theirs = {(c.channel, c.value) for c in other.contact_points if c.state is ContactState.ACTIVE}
    for contact in sorted(theirs):
        await contact_marks.lift(tx, record.operator, contact)
    before = {(c.channel, c.value): c for c in current.contact_points if c.state is ContactState.ACTIVE}
    if theirs - before.keys():
        others = [contact for key, contact in before.items() if key not in theirs]
        await tell_of_change(tx, sheet, known, others, surroundings=surroundings, now=now)
    await sheet.write(tx)
    return Bound(recipient=after, created=record.recipient is None, ignored=joined.ignored)


def _acting(other: Recipient, now: datetime) -> Acting:
    """They showed their code; the leaves are those of the facts by which they had agreed there."""
    facts = [consent.sealed_fact for consent in other.consents if consent.sealed_fact]
    said = canonical_json({"act": "bind", "facts": facts, "language": other.language, "method": "bind_code"})
    return Acting(at=now, by=Actor.PERSON, statement=said)


def _id_of(tx: Tx, text: str) -> UUID:
    return UUID(bytes=tx.vault.index("bind-code", text)[:16])
