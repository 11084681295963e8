"""Whether a person is told, on which contact points, now or after quiet hours – and if not, why not. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.calendar import end_of_day
from app.domain.channel import Channel, Purpose
from app.domain.deadline import Deadlines
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.quiet_hours import quiet_until
from app.domain.recipient import Consent, ContactPoint, ContactState, Recipient
from app.domain.service_message import reason_against_service
from app.domain.shipment import FUTURE_TOLERANCE, TERM_KINDS

POLICY = "2026-11"
DEFAULT_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Send as soon as possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Send when the quiet hours end."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """Do not send; `reason` is one of the contract's."""

    reason: str


Decision = Notify | Hold | Suppress


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The decision for one channel and contact point (None where the person has none that could be used)."""

    channel: Channel
    purpose: Purpose
    contact: ContactPoint | None
    consent: Consent | None
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Which channels a kind of event uses, and under which purpose."""

    channels: tuple[Channel, ...]
    purpose: Purpose


_BOTH, _EMAIL = (Channel.SMS, Channel.EMAIL), (Channel.EMAIL,)

TELLS = {
    "out_for_delivery": Telling(channels=_BOTH, purpose=Purpose.PROGRESS),
    "attempt_failed": Telling(channels=_EMAIL, purpose=Purpose.DELIVERY),
    "notice_left": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "ready_for_pickup": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "terms_changed": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "delivered": Telling(channels=_BOTH, purpose=Purpose.PROGRESS),
    "refused": Telling(channels=_EMAIL, purpose=Purpose.DELIVERY),
    "pickup_expired": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "returned": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "corrected": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "delayed": Telling(channels=_EMAIL, purpose=Purpose.INCIDENT),
    "damaged": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "lost": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "address_problem": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "item_held": Telling(channels=_EMAIL, purpose=Purpose.INCIDENT),
    "facility_unavailable": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "service_disruption": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "maintenance_planned": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "resolved": Telling(channels=_BOTH, purpose=Purpose.INCIDENT),
    "reminder": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
    "last_day": Telling(channels=_BOTH, purpose=Purpose.DELIVERY),
}

# Drafts and labels that were never posted are nobody's news (the operators' own vocabularies say so).
_UNTOLD_STAGES = frozenset({"draft", "never_sent"})


def tells(event: Event) -> bool:
    """Whether anybody is told of such an event."""
    return event.kind in TELLS and event.stage not in _UNTOLD_STAGES


def expires_at(event: Event, *, known: Deadlines | None, received_at: datetime) -> datetime:
    """When the news is no longer worth sending: after the operator's last day or the safe day, else 24 h on.

    `known` are the deadlines of an item that waits, by the newest terms: late news may name a day that was put off
    since. Where no open day is left, the end of storage counts. What says that it waits no more, or never did, may name
    a last day that is over, and is news all the same.
    """
    until = known.inputs.pickup_until if known else event.pickup.until if event.pickup else None
    ends = [until if isinstance(until, datetime) else end_of_day(until)] if until is not None else []
    if event.kind not in TERM_KINDS:
        ends = [end for end in ends if end > received_at]
    if known is not None and (day := known.safe_collect_by or known.end_strict):
        ends.append(end_of_day(day))
    return min(ends, default=received_at + DEFAULT_LIFETIME)


def is_from_the_future(event: Event, *, received_at: datetime) -> bool:
    """Whether the event claims to happen more than 15 minutes after it arrived; nobody is told such news."""
    return event.effective_at > received_at + FUTURE_TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What there is to tell, to whom it may concern.

    `channels` narrows the kind's own (None: all of them); `untold_because` is what the shipment's other events say
    against telling (`stale`, `superseded`, `duplicate_content`, `rate_limited`), by channel, absent where nothing does.
    `silenced` are the ids of contact points at which somebody said that the item is not for them: they are told nothing
    more of it, as if they had opted out. `last_moment` is when it would be too late to act on it; quiet hours that last
    longer are not waited for.
    """

    kind: str
    expires_at: datetime
    channels: tuple[Channel, ...] | None = None
    untold_because: Mapping[Channel, str] = field(default_factory=dict)
    silenced: Collection[UUID] = ()
    last_moment: datetime | None = None


def plan(news: News, recipient: Recipient, *, now: datetime) -> list[Planned]:
    """One decision for each contact point of each channel that the news is told on."""
    telling = TELLS[news.kind]
    planned = []
    for channel in news.channels or telling.channels:
        contacts, missing = _usable(recipient, channel)
        consent = recipient.consent(channel, telling.purpose)
        decision = _when(recipient, channel, now, news)
        for contact in contacts:
            against = missing or reason_against(consent) or _paused(recipient.paused_until, now)
            if against is None and contact is not None and contact.id in news.silenced:
                against = "opted_out"
            if against is None and not isinstance(decision, Suppress):
                against = news.untold_because.get(channel)
            planned.append(
                Planned(
                    channel=channel,
                    purpose=telling.purpose,
                    contact=contact,
                    consent=consent,
                    decision=Suppress(reason=against) if against else decision,
                )
            )
    return planned


def last_check(recipient: Recipient | None, notification: Notification, *, now: datetime) -> str | None:
    """Why a message that was planned must not leave after all, or None when it may. Asked right before sending."""
    contact = recipient.contact(notification.contact) if recipient else None
    if recipient is None or contact is None:
        return "no_contact_point"
    consent = recipient.consent(notification.channel, notification.purpose)
    agreed = (consent.granted, consent.version) if consent else None
    return reason_to_hold_back(notification, contact.state, agreed, paused_until=recipient.paused_until, now=now)


def reason_to_hold_back(
    notification: Notification,
    contact: ContactState | None,
    consent: tuple[bool, int] | None,
    *,
    paused_until: datetime | None,
    now: datetime,
) -> str | None:
    """The same, given the state of its contact point, of its consent whether it is granted, and a pause."""
    if notification.purpose is Purpose.SERVICE:
        return reason_against_service(notification.kind, contact)
    return reason_to_stop(contact, consent) or _paused(paused_until, now)


def _paused(until: datetime | None, now: datetime) -> str | None:
    return "paused" if until is not None and now < until else None


def reason_to_stop(contact: ContactState | None, consent: tuple[bool, int] | None) -> str | None:
    """The same, given the state of the contact point, and of the consent whether it is granted and its version."""
    match contact:
        case None | ContactState.REMOVED:
            return "no_contact_point"
        case ContactState.DISABLED:
            return "contact_disabled"
        case ContactState.UNCONFIRMED:
            return "unverified"
    granted, version = consent or (False, 0)
    if version == 0:
        return "no_consent"
    return None if granted else "opted_out"


def reason_against(consent: Consent | None) -> str | None:
    """Why the consent does not allow a message: `no_consent` (never given), `opted_out` (withdrawn), or None."""
    return reason_to_stop(ContactState.ACTIVE, (consent.granted, consent.version) if consent else None)


def _usable(recipient: Recipient, channel: Channel) -> tuple[Sequence[ContactPoint | None], str | None]:
    there = [c for c in recipient.contact_points if c.channel is channel and c.state is not ContactState.REMOVED]
    active = [c for c in there if c.state is ContactState.ACTIVE]
    if active:
        return active, None
    if not there:
        return [None], "no_contact_point"
    disabled = any(c.state is ContactState.DISABLED for c in there)
    return [None], "contact_disabled" if disabled else "unverified"


def quiet_end(
    recipient: Recipient, channel: Channel, *, now: datetime, last_moment: datetime | None
) -> datetime | None:
    """Until when a message waits for this person's quiet hours to end; None when it goes at once.

    E-mail goes at any time. Nobody's quiet hours are waited for when the last moment to act would pass meanwhile.
    """
    if channel is not Channel.SMS:
        return None
    until = quiet_until(now, recipient.quiet_hours, recipient.time_zone)
    if until and last_moment and now < last_moment <= until:
        return None
    return until


def _when(recipient: Recipient, channel: Channel, now: datetime, news: News) -> Decision:
    until = quiet_end(recipient, channel, now=now, last_moment=news.last_moment)
    if (until or now) >= news.expires_at:
        return Suppress(reason="stale")
    return Hold(until=until) if until else Notify()
