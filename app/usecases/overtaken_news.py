"""Which news became untrue while an earlier attempt to tell it was under way."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from app.domain.event import AREA_INCIDENT_KINDS, Event
from app.domain.notification import Notification
from app.domain.review import untrue_because
from app.domain.shipment import Milestone, makes_untrue, milestone_of, without_future
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.storage.vault import PersonKey
from app.usecases.read_outages import known_at, places_of, read_outages
from app.usecases.shipment_history import read_silenced


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
    about = (n for n in notifications if n.shipment_index and n.kind not in AREA_INCIDENT_KINDS)
    tried = [n for n in about if n.attempts and n.event and n.event in events]
    shipments = {n.shipment_index for n in tried if n.shipment_index}
    known = await event_store.milestones(tx, shipments, keys) if shipments else {}
    outages = await read_outages(tx, places_of(known))
    silenced = await read_silenced(tx, await outbox.of_shipments(tx, shipments)) if shipments else {}
    reasons = {}
    for n in tried:
        if n.contact in silenced.get((n.shipment_index or b"", n.recipient), ()):
            reasons[n.id] = "superseded"
            continue
        milestones = without_future(known[n.shipment_index or b""], now=now)
        if n.step:
            # True as long as its item waits until the day that it names, whatever else was heard of that.
            reason = untrue_because(n, known_at(milestones, outages, n.shipment_index or b"", as_of=now))
        else:
            reason = _against(n, events[n.event], milestones) if n.event else None
        if reason:
            reasons[n.id] = reason
    return reasons


def _against(n: Notification, event: Event, known: list[Milestone]) -> str | None:
    own = next((one for one in known if one.id == n.event), milestone_of(event))
    return next((reason for newer in known if (reason := makes_untrue(newer, own))), None)
