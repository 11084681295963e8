"""Support puts a contact point right: sealed with its reason, and told to the person's others."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.domain.correction_of_contact import ContactCorrection, NotCorrected, correct_contact
from app.domain.merge import Ignored, Merged
from app.domain.one_time_code import Use
from app.domain.recipient import Actor, ContactPoint, ContactState, Recipient
from app.domain.support import Act
from app.storage import codes as code_store
from app.storage import contact_marks, statements, support_acts
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.change_own_record import tell_of_change
from app.usecases.put_recipient import Withheld
from app.usecases.record_acts import Acting, record_acts
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_support import About, ActingSupport, record_support
from app.usecases.send_codes import Confirming, ask_to_confirm


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The record as it now stands, and what of the request was not applied; not `is_new` when it stood so before."""

    recipient: Recipient
    is_new: bool
    ignored: tuple[Ignored, ...] = ()


async def correct_recipient(
    tx: Tx,
    operator: str,
    name: str,
    correction: ContactCorrection,
    *,
    by: ActingSupport,
    operator_verified: bool,
    confirming: Confirming,
) -> Corrected | NotCorrected | Withheld | None:
    """Remove the wrong contact point and add the right one; None when nobody registered that person.

    The right one is asked to confirm, unless the operator verified it. The person's other contact points hear that
    something changed, and so does the wrong one if it was in use: whoever loses it to a stranger learns of it there.
    At a contact point where somebody said that the messages are not for them nobody hears any more.
    """
    record = await recipient_store.find(tx, operator, name, for_update=True)
    if record is None:
        return None
    if record.withheld:
        return Withheld()
    if record.recipient is None:
        return None
    surroundings, before = confirming.surroundings, record.recipient
    now = surroundings.clock()  # after the lock
    right = (correction.channel, correction.right.value)
    merged = correct_contact(
        before,
        correction,
        now=now,
        operator_verified=operator_verified,
        new_id=surroundings.new_id,
        withdrawn=await contact_marks.live(tx, operator, [right], now=now),
    )
    if isinstance(merged, NotCorrected):
        return merged
    if not merged.acts:
        return Corrected(recipient=before, is_new=False)
    after = await _record(tx, record, merged, correction, by=by, confirming=confirming, now=now)
    return Corrected(recipient=after, is_new=True, ignored=_pointed(merged.ignored))


async def _record(
    tx: Tx,
    record: RecipientRecord,
    merged: Merged,
    correction: ContactCorrection,
    *,
    by: ActingSupport,
    confirming: Confirming,
    now: datetime,
) -> Recipient:
    surroundings, before = confirming.surroundings, record.recipient
    sheet = await new_fact_sheet(tx, surroundings)
    after = record_acts(sheet, merged.acts, merged.recipient, record, Acting(at=now, by=Actor.OPERATOR))
    act = record_support(
        sheet,
        Act.CONTACT_CORRECTED,
        by,
        record,
        About(),
        facts=sheet.leaves,
        new_id=surroundings.new_id(),
        now=now,
    )
    await recipient_store.save(tx, after, record.key, now=now)
    known = RecipientRecord(id=record.id, operator=record.operator, key=record.key, recipient=after)
    wrong, right = (_named(after, correction, value) for value in (correction.wrong, correction.right.value))
    if wrong is not None:
        await code_store.spend_all(tx, record.id, (Use.CONFIRM,), contact=wrong.id, now=now)
    if right is not None and right.state is ContactState.UNCONFIRMED:
        await ask_to_confirm(tx, sheet, known, right, confirming=confirming, now=now)
    not_theirs = await statements.misdirected_at(tx, record.id)
    hearing = _hearing(before.contact_points if before else (), right, not_theirs)
    await tell_of_change(tx, sheet, known, hearing, surroundings=surroundings, now=now)
    await support_acts.insert_all(tx, [act])
    await sheet.write(tx)
    return after


def _named(person: Recipient, correction: ContactCorrection, value: str) -> ContactPoint | None:
    return next((c for c in person.contact_points if (c.channel, c.value) == (correction.channel, value)), None)


def _hearing(
    before: Collection[ContactPoint], right: ContactPoint | None, not_theirs: Collection[object]
) -> list[ContactPoint]:
    """The contact points that were in use, but the right one, and those that are somebody else's."""
    in_use = [c for c in before if c.state is ContactState.ACTIVE and c.id not in not_theirs]
    return [c for c in in_use if right is None or c.id != right.id]


def _pointed(ignored: Collection[Ignored]) -> tuple[Ignored, ...]:
    """Pointing into the body of the request, which has the contact point's members at its top."""
    return tuple(
        Ignored(pointer=each.pointer.removeprefix("/contact_points/0") or "/to", reason=each.reason) for each in ignored
    )
