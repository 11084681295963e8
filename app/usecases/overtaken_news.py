"""Which news became untrue while an earlier attempt to tell it was under way."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.shipment import makes_untrue, milestone_of
from app.storage import events as event_store
from app.storage.database import Tx


async def overtaken_news(
    tx: Tx, notifications: Iterable[Notification], events: Mapping[UUID, Event]
) -> dict[UUID, str]:
    """Why not to tell these any more, by notification; those that are still true are absent.

    What only waits is cancelled when the newer event is accepted; what was just being sent could not be.
    """
    tried = {
        n.id: (n.shipment_index, events[n.event])
        for n in notifications
        if n.attempts and n.shipment_index and n.event and n.event in events
    }
    known = await event_store.milestones(tx, {index for index, _ in tried.values()}) if tried else {}
    reasons = {}
    for notification, (index, event) in tried.items():
        own = milestone_of(event)
        untrue = [reason for newer in known[index] if (reason := makes_untrue(newer, own))]
        if untrue:
            reasons[notification] = untrue[0]
    return reasons
