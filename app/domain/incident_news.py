"""What there is to tell a person of an incident of an area, and on which contact points. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID

from app.domain.calendar import at_local, local_day
from app.domain.channel import Channel
from app.domain.decision import DEFAULT_LIFETIME
from app.domain.event import AREA_INCIDENT_KINDS, Event
from app.domain.incident import CLOSING_KIND, ENDING_KIND, last_moment
from app.domain.notification import Notification, Status
from app.domain.recipient import Recipient
from app.domain.stay import PersonalStay

# No more messages about incidents than that to one person on one day; that something is over is told all the same.
PER_DAY_MAX: Mapping[Channel, int] = {Channel.SMS: 3, Channel.EMAIL: 6}

# Long enough ago for every time zone's today.
RECENTLY = timedelta(hours=50)

# What begins later than this is told at the next of these hours, so that what is planned makes one message.
_FAR_AHEAD = timedelta(hours=48)
_DIGEST_HOURS = (time(10), time(17))

_SPOKEN = frozenset({Status.SENDING, Status.SENT, Status.DELIVERED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """How an incident touches one person.

    `places` are what waits for them where it says; `former` what waits only where earlier revisions said, `shipments`
    the blind indexes of other items of theirs that it names, `post_codes` those of theirs that lie in its areas,
    `as_any` whether it touches everybody.
    """

    places: tuple[PersonalStay, ...] = ()
    former: tuple[PersonalStay, ...] = ()
    shipments: tuple[bytes, ...] = field(default=(), repr=False)
    post_codes: tuple[str, ...] = field(default=(), repr=False)
    as_any: bool = False

    def concerns(self, kind: str) -> bool:
        """Whether the person is to know of it: of a shut facility, only who has something waiting there."""
        if kind == ENDING_KIND:
            return False
        return bool(self.places) or (kind != CLOSING_KIND and bool(self.shipments or self.post_codes or self.as_any))

    def is_as(self, then: "Touch", kind: str) -> bool:
        """Whether an incident of this kind touches of theirs what it touched `then`."""
        places = {stay.id for stay in self.places} == {stay.id for stay in then.places}
        around, around_then = ((each.shipments, each.post_codes, each.as_any) for each in (self, then))
        return places and (kind == CLOSING_KIND or around == around_then)

    def items(self, kind: str) -> tuple[PersonalStay, ...]:
        """What waits for the person that a message of this kind is about."""
        return self.places if self.concerns(kind) else (*self.places, *self.former)


NO_TOUCH = Touch()


def spoken(earlier: Iterable[Notification], contact: UUID | None, channel: Channel) -> Notification | None:
    """The last of these messages that this contact point got, or may have got, also as a part of another."""
    told = [n for n in earlier if (n.contact, n.channel) == (contact, channel) and _was_told(n)]
    return max(told, key=lambda n: n.id, default=None)


def _was_told(notification: Notification) -> bool:
    return notification.status in _SPOKEN or notification.merged_into is not None


def says_the_same(before: Event, now: Event) -> bool:
    """Whether somebody who was told the one learns nothing from the other."""
    return _said(before) == _said(now)


def _said(event: Event) -> object:
    incident = event.incident
    if incident is None:
        return None
    return event.kind, event.reason, incident.starts, incident.until, incident.planned, incident.substitute


def is_stale(kind_told: str, touch: Touch) -> bool:
    """Whether nothing of theirs waits any more where they were told that it is shut: that this ended is no news."""
    return kind_told == CLOSING_KIND and not touch.places and not touch.former


def news_expires_at(event: Event, *, received_at: datetime) -> datetime:
    """When it is too late to tell: once it is over, at the latest a day after it came."""
    latest = received_at + DEFAULT_LIFETIME
    until = event.incident.until if event.incident and event.kind != ENDING_KIND else None
    return min(latest, last_moment(until)) if until is not None else latest


def digest_at(starts: datetime | None, recipient: Recipient, *, now: datetime) -> datetime | None:
    """When something that is far ahead is told; None for at once."""
    if starts is None or starts - now <= _FAR_AHEAD:
        return None
    today = local_day(now, recipient.time_zone)
    hours = (at_local(today + timedelta(days=n), hour, recipient.time_zone) for n in range(2) for hour in _DIGEST_HOURS)
    return next(moment for moment in hours if moment > now)


def told_today(sent: Iterable[Notification], recipient: Recipient, *, now: datetime) -> dict[Channel, set[UUID]]:
    """The events of incidents that messages told the person of today, by channel. `sent` are theirs of the last days.

    What another message told with them is no message; that something is over does not count; each contact point has its
    own copy of the same news.
    """
    today = local_day(now, recipient.time_zone)
    told: dict[Channel, set[UUID]] = {channel: set() for channel in Channel}
    for n in sent:
        counts = n.kind in AREA_INCIDENT_KINDS and n.kind != ENDING_KIND and n.status in _SPOKEN
        if counts and n.event and local_day(n.not_before or n.created_at, recipient.time_zone) == today:
            told[n.channel].add(n.event)
    return told


def over_the_limit(told: Mapping[Channel, Collection[UUID]]) -> dict[Channel, str]:
    """The channels on which a person who was `told` so much has had enough of incidents for today."""
    return {channel: "rate_limited" for channel, most in PER_DAY_MAX.items() if len(told[channel]) >= most}
