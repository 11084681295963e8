"""How what an operator sends about a person joins what is known, and what a withdrawal changes. Pure.

A nightly copy from a CRM must undo nobody's choice. Therefore:

- Of two acts on one channel × purpose the later `at` wins; the person's own beats an operator's older or equal one.
  Of two acts of operators at the same moment the withdrawal wins, whatever came first.
- Nothing is removed by being left out: contact points, acts and settings that a request does not list stay.
- An operator's `verified: false` takes no confirmation away.
- A contact point that the person removed, or that was disabled because it bounced for good, comes back only
  unconfirmed; it then stays in the person's hands (`changed_by` is `PERSON`), and repeated claims do not confirm it.
- Settings that the person made stay.
- Leaving a channel is refusing all of it: a purpose that was not granted then is refused from that moment on, too.
- Erasing is withdrawing: a contact that somebody withdrew by being erased comes back only unconfirmed while its mark
  lasts, and an operator's grant that is not younger than the mark does not count on its channel. A refusal always does.

What was asked and not done is listed, so that nothing is dropped in silence.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.quiet_hours import QuietHours
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Letters, Recipient

# Each active contact point of a channel gets its own copy of every message.
CONTACT_POINTS_MAX = 20
CONSENT_PURPOSES = (Purpose.DELIVERY, Purpose.PROGRESS, Purpose.INCIDENT)
SETTINGS = ("language", "time_zone", "post_codes", "quiet_hours", "letters", "safety_phrase")

# Why something is ignored that a do-not-contact mark forbids.
WITHDRAWN = "withdrawn_by_erasure"

# A contact, and when it was withdrawn by an erasure.
Withdrawn = Mapping[tuple[Channel, str], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContact:
    """A contact point as an operator states it. `verified` is the operator's claim, `method` how it came to it."""

    channel: Channel
    value: str = field(repr=False)
    verified: bool
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAct:
    """One act of agreeing or withdrawing, at a moment that is not in the future."""

    channel: Channel
    purpose: Purpose
    granted: bool
    at: datetime
    method: str
    text_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPatch:
    """What one request says about a person; None means left out, and an empty `safety_phrase` that there is none.

    Contact points are distinct, and so are (channel, purpose, at) of the consents.
    """

    language: str | None = None
    time_zone: str | None = None
    post_codes: tuple[str, ...] | None = field(default=None, repr=False)
    quiet_hours: QuietHours | None = None
    letters: Letters | None = None
    safety_phrase: str | None = field(default=None, repr=False)
    contact_points: tuple[WantedContact, ...] = field(default=(), repr=False)
    consents: tuple[ConsentAct, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Something that was asked and not done: where it stands in the request (RFC 6901), and why, in one code."""

    pointer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAdded:
    """A contact point became known, or came back."""

    contact: ContactPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactVerified:
    """A contact point may be used from now on."""

    contact: ContactPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRemoved:
    """The person does not want a contact point to be used any more."""

    contact: ContactPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDisabled:
    """A contact point is not written to any more, for a reason that `method` names, until it is verified again."""

    contact: ContactPoint
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged:
    """An act on one channel × purpose took effect: `consent` as it then stood, without the leaf of its fact."""

    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesChanged:
    """These settings got other values; at least one."""

    settings: tuple[str, ...]


Act = ContactAdded | ContactVerified | ContactRemoved | ContactDisabled | ConsentChanged | PreferencesChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The person as known afterwards, what changed in order, and what was not applied.

    A consent that changed has an empty `fact_leaf` until its act is recorded.
    """

    recipient: Recipient
    acts: tuple[Act, ...] = ()
    ignored: tuple[Ignored, ...] = ()


def merge(
    current: Recipient,
    wanted: RecipientPatch,
    *,
    now: datetime,
    operator_verified: bool,
    new_id: Callable[[], UUID],
    withdrawn: Withdrawn = MappingProxyType({}),
) -> Merged:
    """Join what an operator sends with what is known. The same request again changes nothing and records nothing.

    `operator_verified` says whether the deployment trusts operators' `verified: true`; `new_id` gives the ids of
    contact points that were not known before; `withdrawn` has those of the contacts, known or sent, that bear a
    do-not-contact mark now.
    """
    contacts = _Contacts(
        current.contact_points, now=now, trusting=operator_verified, new_id=new_id, withdrawn=withdrawn
    )
    for place, contact in enumerate(wanted.contact_points):
        contacts.take(contact, f"/contact_points/{place}")
    marks = {contact: at for contact, at in withdrawn.items() if contact in contacts.known}
    consents = _Consents(current.consents, marks)
    for place, act in sorted(enumerate(wanted.consents), key=lambda placed: (placed[1].at, placed[0])):
        consents.take(act, f"/consents/{place}")
    settings, changed, kept = _settings(current, wanted)
    recipient = replace(
        settings, contact_points=tuple(contacts.known.values()), consents=_in_order(consents.known.values())
    )
    return Merged(
        recipient=recipient,
        acts=(*contacts.acts, *consents.acts, *([PreferencesChanged(settings=changed)] if changed else [])),
        ignored=(*kept, *contacts.ignored, *consents.ignored),
    )


def withdraw(current: Recipient, channel: Channel, *, now: datetime, method: str) -> Merged:
    """The person's own end of a channel: what is granted ends, and what is not is refused from now on.

    Only what ends is an act. A refusal is remembered, so that no older grant that an operator sends afterwards counts.
    """
    ended, refused = [], []
    for purpose in CONSENT_PURPOSES:
        consent = current.consent(channel, purpose)
        if consent is not None and consent.granted:
            ended.append(_left(consent, now=now, method=method))
        else:
            refused.append(_refused(consent, channel, purpose, now=now, method=method))
    known = {(c.channel, c.purpose): c for c in (*current.consents, *ended, *refused)}
    return Merged(
        recipient=replace(current, consents=_in_order(known.values())),
        acts=tuple(ConsentChanged(consent=consent) for consent in ended),
    )


def _left(consent: Consent, *, now: datetime, method: str) -> Consent:
    return replace(
        consent,
        granted=False,
        # The person acts now: a clock that was set back in between does not make it the older act.
        at=max(now, consent.at),
        by=Actor.PERSON,
        method=method,
        text_version=None,
        fact_leaf=b"",
    )


def _refused(known: Consent | None, channel: Channel, purpose: Purpose, *, now: datetime, method: str) -> Consent:
    if known is not None:
        return replace(known, refused_at=max(now, known.decided_at))
    return Consent(
        channel=channel,
        purpose=purpose,
        granted=False,
        version=0,
        at=now,
        by=Actor.PERSON,
        method=method,
        text_version=None,
        fact_leaf=b"",
    )


def _in_order(consents: Iterable[Consent]) -> tuple[Consent, ...]:
    return tuple(sorted(consents, key=lambda c: (c.channel, c.purpose)))


class _Contacts:
    """The contact points while a request's are taken in, one after the other."""

    def __init__(
        self,
        known: Iterable[ContactPoint],
        *,
        now: datetime,
        trusting: bool,
        new_id: Callable[[], UUID],
        withdrawn: Withdrawn,
    ) -> None:
        self.known = {(c.channel, c.value): c for c in known}
        self.acts: list[Act] = []
        self.ignored: list[Ignored] = []
        self._now = now
        self._trusting = trusting
        self._new_id = new_id
        self._withdrawn = withdrawn

    def take(self, wanted: WantedContact, pointer: str) -> None:
        known = self.known.get((wanted.channel, wanted.value))
        if (known is None or known.state is ContactState.REMOVED) and self._are_full():
            self._ignore(pointer, "too_many_contact_points")
            return
        if known is not None and known.state is ContactState.ACTIVE:
            self._compare(known, wanted, pointer)
            return
        if known is None:
            self._add(wanted, self._new_id(), Actor.OPERATOR)
        elif known.state is ContactState.DISABLED:
            self._add(wanted, known.id, Actor.PERSON)
        elif known.state is ContactState.REMOVED:
            self._add(wanted, known.id, known.changed_by)
        self._claim(wanted, pointer)

    def _are_full(self) -> bool:
        return sum(c.state is not ContactState.REMOVED for c in self.known.values()) >= CONTACT_POINTS_MAX

    def _add(self, wanted: WantedContact, contact_id: UUID, changed_by: Actor) -> None:
        contact = ContactPoint(
            id=contact_id,
            channel=wanted.channel,
            value=wanted.value,
            state=ContactState.UNCONFIRMED,
            method=None,
            changed_at=self._now,
            changed_by=changed_by,
        )
        self.known[contact.channel, contact.value] = contact
        self.acts.append(ContactAdded(contact=contact))

    def _claim(self, wanted: WantedContact, pointer: str) -> None:
        """Believe the operator's `verified: true` about an unconfirmed contact point, or say why not."""
        unconfirmed = self.known[wanted.channel, wanted.value]
        if not wanted.verified:
            return
        if not self._trusting:
            self._ignore(f"{pointer}/verified", "operators_verification_not_trusted")
            return
        if unconfirmed.changed_by is Actor.PERSON:
            self._ignore(f"{pointer}/verified", "only_the_person_confirms")
            return
        if (wanted.channel, wanted.value) in self._withdrawn:
            self._ignore(f"{pointer}/verified", WITHDRAWN)
            return
        verified = replace(
            unconfirmed,
            state=ContactState.ACTIVE,
            method=wanted.method,
            changed_at=self._now,
            changed_by=Actor.OPERATOR,
        )
        self.known[verified.channel, verified.value] = verified
        self.acts.append(ContactVerified(contact=verified))

    def _compare(self, active: ContactPoint, wanted: WantedContact, pointer: str) -> None:
        if not wanted.verified:
            self._ignore(f"{pointer}/verified", "already_verified")
        elif wanted.method is not None and wanted.method != active.method:
            self._ignore(f"{pointer}/method", "already_verified")

    def _ignore(self, pointer: str, reason: str) -> None:
        self.ignored.append(Ignored(pointer=pointer, reason=reason))


class _Consents:
    """The latest act on each channel × purpose while a request's acts are taken in, oldest first."""

    def __init__(self, known: Iterable[Consent], withdrawn: Withdrawn) -> None:
        self.known = {(c.channel, c.purpose): c for c in known}
        self.acts: list[Act] = []
        self.ignored: list[Ignored] = []
        self._withdrawn = withdrawn

    def take(self, act: ConsentAct, pointer: str) -> None:
        before = self.known.get((act.channel, act.purpose))
        reason = _reason_to_ignore(act, before) or self._withdrawal(act, before)
        if reason is not None:
            self.ignored.append(Ignored(pointer=pointer, reason=reason))
        elif before is None or not _is_repeated(act, before):
            self._apply(act, before.version if before else 0)

    def _withdrawal(self, act: ConsentAct, known: Consent | None) -> str | None:
        """Why a grant does not count: somebody has withdrawn a contact of its channel since, by being erased."""
        if not act.granted or (known is not None and _is_repeated(act, known)):
            return None
        since = any(at >= act.at for (channel, _), at in self._withdrawn.items() if channel is act.channel)
        return WITHDRAWN if since else None

    def _apply(self, act: ConsentAct, grants: int) -> None:
        consent = Consent(
            channel=act.channel,
            purpose=act.purpose,
            granted=act.granted,
            version=grants + 1 if act.granted else grants,
            at=act.at,
            by=Actor.OPERATOR,
            method=act.method,
            text_version=act.text_version,
            fact_leaf=b"",
        )
        self.known[act.channel, act.purpose] = consent
        self.acts.append(ConsentChanged(consent=consent))


def _is_repeated(act: ConsentAct, known: Consent) -> bool:
    return (act.granted, act.at, act.method, act.text_version) == (
        known.granted,
        known.at,
        known.method,
        known.text_version,
    )


def _reason_to_ignore(act: ConsentAct, known: Consent | None) -> str | None:
    """Why an operator's act does not take effect over the latest known, or None when it does or repeats it."""
    if known is None or act.at > known.decided_at or _is_repeated(act, known):
        return None
    if known.by is Actor.PERSON or known.refused_at is not None:
        return "the_person_decided_later"
    if act.at < known.at:
        return "a_later_act_is_known"
    return None if known.granted and not act.granted else "an_act_of_the_same_moment_is_known"


def _settings(current: Recipient, wanted: RecipientPatch) -> tuple[Recipient, tuple[str, ...], tuple[Ignored, ...]]:
    """The record with the settings asked for, the names of those that changed, and those the person keeps."""
    asked = {name: value for name in SETTINGS if (value := getattr(wanted, name)) is not None}
    if wanted.safety_phrase == "":
        asked["safety_phrase"] = None
    news = {name: value for name, value in asked.items() if value != getattr(current, name)}
    changed = tuple(name for name in news if name not in current.chosen_by_person)
    kept = tuple(
        Ignored(pointer=f"/{name}", reason="chosen_by_the_person") for name in news if name in current.chosen_by_person
    )
    return replace(current, **{name: news[name] for name in changed}), changed, kept
