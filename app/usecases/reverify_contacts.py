"""Phones whose confirmation is a year old: their owners are asked once, and who does not answer is not written to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.own_choices import ConfirmContact, choose
from app.domain.pumping import Limit
from app.domain.recipient import Actor, ContactState
from app.domain.retention import months_later
from app.domain.reverification import ANSWER_WITHIN, CONFIRMED_FOR_MONTHS, is_old, lapse
from app.evidence.canonical import canonical_json
from app.ports import Surroundings
from app.storage import confirmations, quotas
from app.storage import recipients as recipient_store
from app.storage.codes import Code
from app.storage.confirmations import OfPerson
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_acts import Acting, save_acts
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.send_codes import Confirming, ask_if_allowed

BATCH_MAX = 50
# Of the SMS of a day that codes may take, most are for people who wait for theirs.
_SHARE = 4


async def reverify_contacts(tx: Tx, *, confirming: Confirming) -> int:
    """Ask about up to a batch of phones, and give up up to a batch whose owners did not answer; how many were done.

    What the limits do not allow now is left for another turn.
    """
    return await _give_up(tx, confirming) + await _ask(tx, confirming)


async def prove_again(tx: Tx, code: Code, *, surroundings: Surroundings) -> None:
    """Somebody has just shown, by another code, that a contact point is theirs which they were asked to confirm."""
    if code.channel is None or code.contact_index is None:
        return
    awaited = await confirmations.awaited(tx, code.channel, code.contact_index)
    records = await _locked(tx, awaited) if awaited else {}
    said = canonical_json({"act": "confirm", "method": "code", "code": str(code.id)})
    for each in awaited:
        record = records.get(each.recipient)
        contact = record.recipient.contact(each.contact) if record and record.recipient else None
        if record is None or record.recipient is None or contact is None or contact.state is not ContactState.ACTIVE:
            continue
        now = surroundings.clock()
        confirm = ConfirmContact(contact=contact.id)
        confirmed = choose(record.recipient, confirm, now=now, new_id=surroundings.new_id())
        acting = Acting(at=now, by=Actor.PERSON, statement=said, contact=contact)
        await save_acts(tx, confirmed, record, acting, surroundings=surroundings)


async def _ask(tx: Tx, confirming: Confirming) -> int:
    now = confirming.surroundings.clock()
    before = months_later(now, -CONFIRMED_FOR_MONTHS)
    due = await confirmations.old(tx, before=before, limit=BATCH_MAX)
    records = await _locked(tx, due, skip=True) if due else {}
    if not records:
        return 0
    due = await confirmations.old(tx, before=before, limit=BATCH_MAX)  # somebody may just have asked
    sheet = await new_fact_sheet(tx, confirming.surroundings)
    now = confirming.surroundings.clock()  # after the locks
    asked = [each.contact for each in due if await _ask_one(tx, sheet, each, records, confirming, now)]
    await sheet.write(tx)
    await confirmations.note_asked(tx, asked, now=now)
    return len(asked)


async def _ask_one(
    tx: Tx,
    sheet: FactSheet,
    each: OfPerson,
    records: Mapping[UUID, RecipientRecord],
    confirming: Confirming,
    now: datetime,
) -> bool:
    """Whether the person was asked, or cannot be. Nobody asks a person who is withheld."""
    record = records.get(each.recipient)
    contact = record.recipient.contact(each.contact) if record and record.recipient else None
    if record is None or contact is None or not is_old(contact, now=now):
        return False
    most = confirming.limits.per_day // _SHARE
    if not await quotas.take(tx, [Limit(about=("reverify",), most=most, per=timedelta(days=1))], now=now):
        return False
    return await ask_if_allowed(tx, sheet, record, contact, confirming=confirming, now=now)


async def _give_up(tx: Tx, confirming: Confirming) -> int:
    surroundings = confirming.surroundings
    asked_before = surroundings.clock() - ANSWER_WITHIN
    lapsed = await confirmations.unanswered(tx, asked_before=asked_before, limit=BATCH_MAX)
    records = await _locked(tx, lapsed, skip=True) if lapsed else {}
    if not records:
        return 0
    # Once more, after the locks: somebody may just have answered.
    still = await confirmations.unanswered(tx, asked_before=asked_before, limit=BATCH_MAX)
    of_person: dict[UUID, list[UUID]] = defaultdict(list)
    for each in still:
        of_person[each.recipient].append(each.contact)
    now = surroundings.clock()
    given_up = 0
    for person, contacts in of_person.items():
        if person in records:
            given_up += await _give_up_those(tx, records[person], contacts, now, surroundings)
    return given_up


async def _give_up_those(
    tx: Tx, record: RecipientRecord, contacts: Iterable[UUID], now: datetime, surroundings: Surroundings
) -> int:
    person, count = record.recipient, 0
    for contact_id in contacts:
        contact = person.contact(contact_id) if person else None
        if person is None or contact is None or contact.state is not ContactState.ACTIVE:
            continue
        acting = Acting(at=now, by=Actor.OPERATOR)
        person = await save_acts(tx, lapse(person, contact, now=now), record, acting, surroundings=surroundings)
        count += 1
    return count


async def _locked(tx: Tx, found: Iterable[OfPerson], *, skip: bool = False) -> dict[UUID, RecipientRecord]:
    people = {each.recipient for each in found}
    records, _ = await recipient_store.sound_by_ids(tx, people, lock=True, for_update=True, skip=skip)
    return records
