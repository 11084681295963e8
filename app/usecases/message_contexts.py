"""What messages say beside their own events: what is known of items that wait, what was taken back, what else waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.stay import Known
from app.rendering.notice import Item
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.vault import PersonKey

# What these tell depends on all that is known of an item, not on their own event alone.
_ABOUT_STAYS = frozenset({"notice_left", "ready_for_pickup", "terms_changed", "corrected", "reminder", "last_day"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """`known` of an item that waits, the kind of the news that was `corrected`, and `others` that wait there, too."""

    known: Known | None = field(default=None, repr=False)
    corrected: str | None = None
    others: tuple[Item, ...] = ()


NO_CONTEXT = MessageContext()


async def message_contexts(
    tx: Tx, notifications: Sequence[Notification], keys: Mapping[UUID, PersonKey]
) -> dict[UUID, MessageContext]:
    """The context of each notification that has one. `keys` are those of their recipients."""
    about = [n for n in notifications if n.shipment_index and n.kind in _ABOUT_STAYS]
    if not about:
        return {}
    stays = await stay_store.of_shipments(tx, {n.shipment_index for n in about if n.shipment_index}, keys)
    corrections = [n.event for n in about if n.kind == "corrected" and n.event]
    corrected = await event_store.corrected_kinds(tx, corrections) if corrections else {}
    others = await _others(tx, [n.id for n in about if n.step], keys)
    contexts = {}
    for n in about:
        stay = stays.get((n.shipment_index or b"", n.recipient))
        contexts[n.id] = MessageContext(
            known=stay.known if stay else None,
            corrected=corrected.get(n.event) if n.event else None,
            others=others.get(n.id, ()),
        )
    return contexts


async def _others(tx: Tx, speakers: Iterable[UUID], keys: Mapping[UUID, PersonKey]) -> dict[UUID, tuple[Item, ...]]:
    merged = await outbox.merged_into(tx, speakers)
    events = await event_store.decoded(
        tx, {n.event: keys[n.recipient] for many in merged.values() for n in many if n.event and n.recipient in keys}
    )
    return {
        speaker: tuple(_item(events[n.event]) for n in many if n.event in events) for speaker, many in merged.items()
    }


def _item(event: Event) -> Item:
    shipment = event.shipments[0] if event.shipments else None
    return Item(shipment=shipment, service=event.service, since=event.effective_at)
