"""What messages say beside their own events: what is known of items that wait, what was taken back, what else waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.reminder import REMINDER_KINDS, last_moment
from app.domain.review import untrue_because
from app.domain.shipment import STAY_KINDS, without_future
from app.domain.stay import Known
from app.rendering.notice import IncidentNews, Item
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.vault import PersonKey
from app.usecases.read_outages import known_at, places_of, read_outages

# What these tell depends on all that is known of an item, not on their own event alone.
_ABOUT_STAYS = STAY_KINDS | REMINDER_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """`known` of an item that waits, the kind of the news that was `corrected`, and `others` that wait there, too.

    `incidents` are what is told of incidents of areas; `last_moment` is when it is too late to act on the message.
    """

    known: Known | None = field(default=None, repr=False)
    corrected: str | None = None
    others: tuple[Item, ...] = ()
    incidents: tuple[IncidentNews, ...] = ()
    last_moment: datetime | None = None


NO_CONTEXT = MessageContext()


async def message_contexts(
    tx: Tx, notifications: Sequence[Notification], keys: Mapping[UUID, PersonKey], *, now: datetime
) -> dict[UUID, MessageContext]:
    """The context of each notification that has one. `keys` are those of their recipients."""
    about = [n for n in notifications if n.shipment_index and n.kind in _ABOUT_STAYS]
    if not about:
        return {}
    stays = await stay_store.of_shipments(tx, {n.shipment_index for n in about if n.shipment_index}, keys)
    corrections = [n.event for n in about if n.kind == "corrected" and n.event]
    corrected = await event_store.corrected_kinds(tx, corrections) if corrections else {}
    merged = await outbox.merged_into(tx, [n.id for n in about if n.step])
    others = await _items(tx, [n for many in merged.values() for n in many], keys, now)
    contexts = {}
    for n in about:
        stay = stays.get((n.shipment_index or b"", n.recipient))
        waiting = stay.known if stay and stay.known.waits else None
        contexts[n.id] = MessageContext(
            last_moment=last_moment(waiting.deadlines) if waiting and waiting.deadlines else None,
            known=stay.known if stay else None,
            corrected=corrected.get(n.event) if n.event else None,
            others=tuple(others[each.id] for each in merged.get(n.id, ()) if each.id in others),
        )
    return contexts


async def _items(
    tx: Tx, merged: Sequence[Notification], keys: Mapping[UUID, PersonKey], now: datetime
) -> dict[UUID, Item]:
    """What others say of the items of these reminders, without those that do not wait as they did any more."""
    if not merged:
        return {}
    known = await event_store.milestones(tx, {n.shipment_index for n in merged if n.shipment_index}, keys)
    outages = await read_outages(tx, places_of(known))
    present = {
        shipment: known_at(without_future(said, now=now), outages, shipment, as_of=now)
        for shipment, said in known.items()
    }
    true = [n for n in merged if n.shipment_index in present and not untrue_because(n, present[n.shipment_index])]
    events = await event_store.decoded(tx, {n.event for n in true if n.event and n.recipient in keys}, keys)
    return {n.id: _item(events[n.event]) for n in true if n.event in events}


def _item(event: Event) -> Item:
    shipment = event.shipments[0] if event.shipments else None
    return Item(shipment=shipment, service=event.service, since=event.effective_at)
