"""Whether a person is told, on which contact points, now or after quiet hours – and if not, why not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.calendar import end_of_day
from app.domain.channel import Channel, Purpose
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.quiet_hours import quiet_until
from app.domain.recipient import Consent, ContactPoint, ContactState, Recipient

POLICY = "2026-11"
FUTURE_TOLERANCE = timedelta(minutes=15)
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


TELLS = {
    "notice_left": Telling(channels=(Channel.SMS, Channel.EMAIL), purpose=Purpose.DELIVERY),
    "ready_for_pickup": Telling(channels=(Channel.SMS, Channel.EMAIL), purpose=Purpose.DELIVERY),
    "delivered": Telling(channels=(Channel.SMS, Channel.EMAIL), purpose=Purpose.PROGRESS),
    "returned": Telling(channels=(Channel.SMS, Channel.EMAIL), purpose=Purpose.DELIVERY),
}


def expires_at(event: Event, *, received_at: datetime) -> datetime:
    """When the news is no longer worth sending: the end of the operator's last day, else 24 h after arrival."""
    until = event.pickup.until if event.pickup else None
    if until is None:
        return received_at + DEFAULT_LIFETIME
    if isinstance(until, datetime):
        return until
    return end_of_day(until)


def is_from_the_future(event: Event, *, received_at: datetime) -> bool:
    """Whether the event claims to happen more than 15 minutes after it arrived; nobody is told such news."""
    return event.effective_at > received_at + FUTURE_TOLERANCE


def plan(
    *, kind: str, recipient: Recipient, untold_because: str | None, now: datetime, expires_at: datetime
) -> list[Planned]:
    """One decision for each contact point of each channel that `kind` tells; none when it tells nobody.

    `untold_because` is what the shipment's other events say against telling (`stale`, `superseded`,
    `duplicate_content`), None when nothing does.
    """
    telling = TELLS.get(kind)
    if telling is None:
        return []
    planned = []
    for channel in telling.channels:
        contacts, missing = _usable(recipient, channel)
        consent = recipient.consent(channel, telling.purpose)
        decision = _when(recipient, channel, now, expires_at)
        for contact in contacts:
            against = missing or reason_against(consent)
            if against is None and not isinstance(decision, Suppress):
                against = untold_because
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


def last_check(recipient: Recipient | None, notification: Notification) -> str | None:
    """Why a message that was planned must not leave after all, or None when it may. Asked right before sending."""
    contact = recipient.contact(notification.contact) if recipient else None
    if recipient is None or contact is None:
        return "no_contact_point"
    consent = recipient.consent(notification.channel, notification.purpose)
    return reason_to_stop(contact.state, (consent.granted, consent.version) if consent else None)


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


def _when(recipient: Recipient, channel: Channel, now: datetime, expires_at: datetime) -> Decision:
    quiet_end = quiet_until(now, recipient.quiet_hours, recipient.time_zone) if channel is Channel.SMS else None
    if (quiet_end or now) >= expires_at:
        return Suppress(reason="stale")
    return Hold(until=quiet_end) if quiet_end else Notify()
