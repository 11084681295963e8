"""One click, and nothing more is sent: the person ends all consents of a channel."""

from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentChanged, withdraw
from app.domain.recipient import Actor
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.record_acts import Acting, save_acts


async def withdraw_consent(
    tx: Tx,
    recipient_id: UUID,
    channel: Channel,
    contact: UUID | None,
    *,
    method: str,
    statement: bytes,
    surroundings: Surroundings,
) -> tuple[Purpose, ...]:
    """End every granted consent of `channel`; gives the purposes that ended, none when nothing was granted.

    What was not granted is refused from now on, without a fact: an operator's grant counts only if it is younger.

    `contact` is the id of the contact point at which the person asked, `method` a code for how (`one_click`),
    `statement` the JCS of what they sent; it is sealed with each withdrawal. Nothing that has not begun to leave
    is sent once `tx` commits (RFC 8058; the claim of a notification waits for this lock). A person who was erased
    or never registered has nothing to withdraw.
    """
    records = await recipient_store.by_ids(tx, [recipient_id], lock=True, for_update=True)
    record = records.get(recipient_id)
    if record is None or record.recipient is None:
        return ()
    now = surroundings.clock()
    current = record.recipient
    withdrawn = withdraw(current, channel, now=now, method=method)
    acting = Acting(at=now, by=Actor.PERSON, statement=statement, contact=current.contact(contact))
    await save_acts(tx, withdrawn, record, acting, surroundings=surroundings)
    return tuple(act.consent.purpose for act in withdrawn.acts if isinstance(act, ConsentChanged))
