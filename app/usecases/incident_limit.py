"""No more messages about incidents on one day than a person can bear: asked when they leave, together with others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.channel import Channel
from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.incident import ENDING_KIND
from app.domain.incident_news import PER_DAY_MAX, RECENTLY, over_the_limit, told_today
from app.domain.notification import Notification
from app.domain.retention import first_id_at
from app.storage import incident_messages
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLimit:
    """Of which incidents (by their events) each of these people was told today, on each channel."""

    told: Mapping[UUID, Mapping[Channel, set[UUID]]]

    def is_reached(self, n: Notification) -> bool:
        """Whether that message is one too many today. What was tried before counts already."""
        told = self.told.get(n.recipient)
        if told is None or not _is_limited(n) or n.attempts:
            return False
        return n.event not in told[n.channel] and n.channel in over_the_limit(told)

    def count(self, n: Notification) -> None:
        """It leaves."""
        if _is_limited(n) and n.event and n.recipient in self.told:
            self.told[n.recipient][n.channel].add(n.event)

    def may_be_too_many(self, due: Iterable[Notification]) -> set[UUID]:
        """Those of these messages that may turn out to be one too many, even if each of them leaves by itself."""
        limited = [n for n in due if _is_limited(n)]
        more = Counter((n.recipient, n.channel) for n in limited)
        full = {
            (person, channel)
            for (person, channel), count in more.items()
            if person in self.told and len(self.told[person][channel]) + count > PER_DAY_MAX[channel]
        }
        return {n.id for n in limited if (n.recipient, n.channel) in full}


async def read_incident_limit(
    tx: Tx, due: Sequence[Notification], records: Mapping[UUID, RecipientRecord], *, now: datetime
) -> IncidentLimit:
    """What those people were told today of incidents who are to be told of some now. `records` are of them."""
    people = {n.recipient for n in due if n.kind in AREA_INCIDENT_KINDS}
    if not people:
        return IncidentLimit(told={})
    since = first_id_at(now - RECENTLY)
    recent = await incident_messages.of_people_since(tx, people, since, kinds=AREA_INCIDENT_KINDS)
    found = ((person, records[person].recipient) for person in people)
    return IncidentLimit(
        told={person: told_today(recent.get(person, ()), one, now=now) for person, one in found if one is not None}
    )


def _is_limited(n: Notification) -> bool:
    """Whether a person gets only so many of these a day; that something is over is told all the same."""
    return n.kind in AREA_INCIDENT_KINDS and n.kind != ENDING_KIND
