"""What people choose for themselves, and what changes by it. Pure.

Their own act is the latest whatever an operator's clock says, and what they chose stays when an operator sends
otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.merge import (
    CONTACT_POINTS_MAX,
    Act,
    ConsentChanged,
    ContactAdded,
    ContactRemoved,
    ContactVerified,
    Ignored,
    Merged,
    PreferencesChanged,
)
from app.domain.quiet_hours import QuietHours
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Letters, Recipient

METHOD = "preferences"
_TOO_MANY = Ignored(pointer="", reason="too_many_contact_points")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent:
    """They agree to one purpose on one channel, after reading that text, or do not want it."""

    channel: Channel
    purpose: Purpose
    granted: bool
    text_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSettings:
    """They change settings; None leaves one as it is, an empty `safety_phrase` ends it."""

    language: str | None = None
    quiet_hours: QuietHours | None = None
    letters: Letters | None = None
    safety_phrase: str | None = field(default=None, repr=False)
    post_codes: tuple[str, ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """They want no messages before that moment; None: they want them again."""

    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddContact:
    """They give a contact point, which is to be confirmed. `value` is E.164, or a normalised address."""

    channel: Channel
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveContact:
    """They do not want this contact point to be used any more."""

    contact: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmContact:
    """They gave back the code that was sent to this contact point."""

    contact: UUID


Choice = SetConsent | SetSettings | Pause | AddContact | RemoveContact | ConfirmContact


def choose(current: Recipient, choice: Choice, *, now: datetime, new_id: UUID) -> Merged:
    """The person as they want it. What is so already changes nothing; `new_id` is of a contact point not known before.

    Ignored: `too_many_contact_points`.
    """
    match choice:
        case SetConsent():
            return _with_consent(current, choice, now)
        case SetSettings():
            return _with_settings(current, choice)
        case Pause(until=until):
            changed = replace(current, paused_until=until)
            return Merged(recipient=changed, acts=_settings_acts(current, changed, ("paused_until",)))
        case AddContact():
            return _with_contact(current, choice, now, new_id)
        case RemoveContact(contact=contact):
            return _in_state(current, contact, ContactState.REMOVED, now)
        case ConfirmContact(contact=contact):
            return _in_state(current, contact, ContactState.ACTIVE, now)
        case _:
            assert_never(choice)


def _with_consent(current: Recipient, choice: SetConsent, now: datetime) -> Merged:
    known = current.consent(choice.channel, choice.purpose)
    granted = known.granted if known else False
    if granted == choice.granted and (known is not None or not choice.granted):
        return Merged(recipient=current)
    version = known.version if known else 0
    consent = Consent(
        channel=choice.channel,
        purpose=choice.purpose,
        granted=choice.granted,
        version=version + 1 if choice.granted else version,
        # A clock that was set back in between does not make it the older act.
        at=max(now, known.decided_at) if known else now,
        by=Actor.PERSON,
        method=METHOD,
        text_version=choice.text_version if choice.granted else None,
        fact_leaf=b"",
    )
    kept = [c for c in current.consents if c is not known]
    consents = tuple(sorted([*kept, consent], key=lambda c: (c.channel, c.purpose)))
    return Merged(recipient=replace(current, consents=consents), acts=(ConsentChanged(consent=consent),))


def _with_settings(current: Recipient, choice: SetSettings) -> Merged:
    wanted: dict[str, object] = {
        name: value
        for name in ("language", "quiet_hours", "letters", "post_codes")
        if (value := getattr(choice, name)) is not None
    }
    if choice.safety_phrase is not None:
        wanted["safety_phrase"] = choice.safety_phrase or None
    changed = replace(current, **wanted)  # type: ignore[arg-type] # each is of its setting's type
    acts = _settings_acts(current, changed, wanted)
    chosen = current.chosen_by_person | frozenset(wanted)
    return Merged(recipient=replace(changed, chosen_by_person=chosen), acts=acts)


def _settings_acts(before: Recipient, after: Recipient, names: Iterable[str]) -> tuple[Act, ...]:
    changed = tuple(name for name in names if getattr(before, name) != getattr(after, name))
    return (PreferencesChanged(settings=changed),) if changed else ()


def _with_contact(current: Recipient, choice: AddContact, now: datetime, new_id: UUID) -> Merged:
    known = next((c for c in current.contact_points if (c.channel, c.value) == (choice.channel, choice.value)), None)
    if known is not None and known.state in {ContactState.ACTIVE, ContactState.UNCONFIRMED}:
        return Merged(recipient=current)
    contact = ContactPoint(
        id=known.id if known else new_id,
        channel=choice.channel,
        value=choice.value,
        state=ContactState.UNCONFIRMED,
        method=None,
        changed_at=now,
        changed_by=Actor.PERSON,
    )
    others = tuple(c for c in current.contact_points if c is not known)
    if sum(c.state is not ContactState.REMOVED for c in others) >= CONTACT_POINTS_MAX:
        return Merged(recipient=current, ignored=(_TOO_MANY,))
    return Merged(recipient=replace(current, contact_points=(*others, contact)), acts=(ContactAdded(contact=contact),))


def _in_state(current: Recipient, contact_id: UUID, state: ContactState, now: datetime) -> Merged:
    known = current.contact(contact_id)
    if known is None or known.state is ContactState.REMOVED:
        return Merged(recipient=current)
    is_confirmed = state is ContactState.ACTIVE
    method = "code" if is_confirmed else known.method
    changed = replace(known, state=state, method=method, changed_at=now, changed_by=Actor.PERSON)
    contacts = tuple(changed if c is known else c for c in current.contact_points)
    act = ContactVerified(contact=changed) if is_confirmed else ContactRemoved(contact=changed)
    return Merged(recipient=replace(current, contact_points=contacts), acts=(act,))
