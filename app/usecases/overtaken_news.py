"""Which news became untrue while an earlier attempt to tell it was under way."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.review import untrue_because
from app.domain.shipment import Milestone, makes_untrue, milestone_of, without_future
from app.domain.stay import known_of
from app.storage import events as event_store
from app.storage.database import Tx
from app.storage.vault import PersonKey


async def overtaken_news(
    tx: Tx,
    notifications: Iterable[Notification],
    events: Mapping[UUID, Event],
    keys: Mapping[UUID, PersonKey],
    *,
    now: datetime,
) -> dict[UUID, str]:
    """Why not to tell these any more, by notification; those that are still true are absent. `keys` are their people's.

    What only waits is cancelled when the newer event is accepted; what was just being sent could not be.
    """
    tried = [n for n in notifications if n.attempts and n.shipment_index and n.event and n.event in events]
    shipments = {n.shipment_index for n in tried if n.shipment_index}
    known = await event_store.milestones(tx, shipments, keys) if shipments else {}
    reasons = {}
    for n in tried:
        milestones = without_future(known[n.shipment_index or b""], now=now)
        if reason := _against(n, events[n.event] if n.event else None, milestones, now):
            reasons[n.id] = reason
    return reasons


def _against(n: Notification, event: Event | None, known: list[Milestone], now: datetime) -> str | None:
    """A reminder is true as long as its item waits until the day that it names, whatever else was heard of that."""
    if n.step or event is None:
        return untrue_because(n, known_of(known, as_of=now))
    own = next((one for one in known if one.id == n.event), milestone_of(event))
    return next((reason for newer in known if (reason := makes_untrue(newer, own))), None)
