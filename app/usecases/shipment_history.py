"""What is known of shipments when something new is decided about them, read under their locks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.outages import NO_OUTAGES, Outages
from app.domain.shipment import Milestone, without_future
from app.domain.statement import silenced_contacts
from app.domain.stay import Known, PersonalStay
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import statements as statement_store
from app.storage import stays as stay_store
from app.storage.database import Tx
from app.storage.shipments import lock_shipments
from app.storage.vault import PersonKey
from app.usecases.read_outages import known_at, places_in, places_of, read_outages

# A notification that has not left, and what the event that planned it said of its shipment.
Waiting = tuple[Notification, Milestone]


@dataclass(slots=True, kw_only=True)
class History:
    """By shipment: its events, the messages about it (those that `waiting` holds have not left), and its stays.

    `silenced` are the contact points, by shipment and person, at which somebody said that the item is not for them.
    """

    known: dict[bytes, list[Milestone]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[bytes, list[Waiting]] = field(default_factory=lambda: defaultdict(list))
    told: dict[bytes, list[Notification]] = field(default_factory=lambda: defaultdict(list))
    stays: dict[tuple[bytes, UUID], PersonalStay] = field(default_factory=dict)
    silenced: dict[tuple[bytes, UUID], set[UUID]] = field(default_factory=lambda: defaultdict(set))
    outages: Outages = NO_OUTAGES

    def known_of(self, shipment: bytes, *, as_of: datetime) -> Known:
        """What the events of that shipment come to, at a facility that is shut as incidents have it."""
        return known_at(self.known[shipment], self.outages, shipment, as_of=as_of)

    def as_of(self, now: datetime) -> "History":
        """The same without what a wrong clock dates into the future: that overtakes nothing."""
        for milestones in self.known.values():
            milestones[:] = without_future(milestones, now=now)
        return self


async def read_history(
    tx: Tx, shipments: Iterable[bytes], keys: Mapping[UUID, PersonKey], *, news: Iterable[tuple[bytes, Event]] = ()
) -> History:
    """Lock these shipments for deciding and read what is known of them. `keys` are those of people at hand.

    `news` is what is about to be heard of some of them, by which incidents that touch the places it names are found.
    """
    history = History()
    wanted = set(shipments)
    if not wanted:
        return history
    await lock_shipments(tx, wanted)
    history.known |= await event_store.milestones(tx, wanted, keys)
    history.outages = await read_outages(tx, [*places_of(history.known), *places_in(news)])
    if not history.known:
        return history
    for notification, about in await outbox.waiting_of_shipments(tx, history.known):
        history.waiting[notification.shipment_index or b""].append((notification, about))
    for notification in await outbox.of_shipments(tx, history.known):
        history.told[notification.shipment_index or b""].append(notification)
    history.silenced |= await read_silenced(tx, [n for told in history.told.values() for n in told])
    history.stays = await stay_store.of_shipments(tx, history.known, keys)
    return history


async def read_silenced(tx: Tx, told: Collection[Notification]) -> dict[tuple[bytes, UUID], set[UUID]]:
    """The contact points that got one of these messages and said that it is not for them, by shipment and person."""
    letters = [n for n in told if n.channel is Channel.EMAIL]
    said = await statement_store.of_notifications(tx, {id_ for n in letters for id_ in (n.id, n.merged_into) if id_})
    return silenced_contacts(letters, said)
