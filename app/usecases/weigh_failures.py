"""Disable contact points that messages keep failing at, so that nothing more is sent where nobody gets it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.domain.failing_contact import Failure, disable, why_disabled
from app.domain.recipient import Actor
from app.ports import Surroundings
from app.storage import contact_failures
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import FactSheet, new_fact_sheet

BATCH_MAX = 200


async def weigh_failures(tx: Tx, *, surroundings: Surroundings) -> int:
    """Weigh up to BATCH_MAX failures that were not weighed yet; how many were.

    Those of people who are being changed right now wait for the next turn. A person whose values are damaged hurts
    nobody else: there is no contact point of theirs that could be written to.
    """
    waiting = await contact_failures.not_weighed(tx, limit=BATCH_MAX)
    if not waiting:
        return 0
    concerned = {kept.failure.recipient for kept in waiting}
    records, damaged = await recipient_store.sound_by_ids(tx, concerned, lock=True, for_update=True, skip=True)
    people = records.keys() | damaged
    if not people:
        return 0
    failures = await contact_failures.of_contacts(tx, people)
    delivered = await contact_failures.last_delivered(tx, people)
    now = surroundings.clock()  # after the locks: no fact about a person is older than the one before it
    sheet = await new_fact_sheet(tx, surroundings)
    for record in records.values():
        await _weigh(tx, sheet, record, failures, delivered, now)
    await sheet.write(tx)
    weighed = [kept.id for kept in waiting if kept.failure.recipient in people]
    return await contact_failures.mark_weighed(tx, weighed)  # some may have been weighed while we waited for a lock


async def _weigh(
    tx: Tx,
    sheet: FactSheet,
    record: RecipientRecord,
    failures: Mapping[UUID, Sequence[Failure]],
    delivered: Mapping[UUID, datetime],
    now: datetime,
) -> None:
    """Disable those of one person's contact points that failed too often. Nobody contacts a person withheld anyway."""
    person = record.recipient
    if person is None:
        return
    for contact in person.contact_points:
        why = why_disabled(contact, failures.get(contact.id, ()), delivered_sent_at=delivered.get(contact.id))
        if why is not None:
            disabled = disable(person, contact, now=now, method=why)
            person = record_acts(sheet, disabled.acts, disabled.recipient, record, Acting(at=now, by=Actor.OPERATOR))
    if person is not record.recipient:
        await recipient_store.save(tx, person, record.key, now=now)
