"""People whom no operator has registered, and how one of them becomes known to an operator. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.domain.merge import (
    CONTACT_POINTS_MAX,
    SETTINGS,
    Act,
    ConsentChanged,
    ContactAdded,
    ContactVerified,
    Ignored,
    Merged,
    PreferencesChanged,
)
from app.domain.recipient import Actor, Consent, ContactPoint, ContactState, Recipient

# The operator of those who have none: no name of the contract is empty, so nobody's key reaches them.
NO_OPERATOR = ""

# Crockford's base32: no I, L, O or U, so that nothing is mistaken when it is read out or copied by hand.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BIND_LENGTH = 10
_BITS = 5
BIND_BYTES = 7  # of randomness, which is at least the 50 bits of a code
_MISREAD = str.maketrans("OIL", "011")


def bind_code_of(randomness: bytes) -> str:
    """A code for an operator, as `K7QF2-M9XR4`, from BIND_BYTES random bytes: nobody comes upon one by guessing."""
    number = int.from_bytes(randomness)
    signs = "".join(_ALPHABET[number >> (_BITS * place) & 31] for place in range(_BIND_LENGTH))
    return f"{signs[:5]}-{signs[5:]}"


def bind_code_typed(text: str) -> str | None:
    """The code as bind_code_of writes it, from what a clerk typed; None for what can be none."""
    signs = "".join(each for each in text.upper() if not each.isspace() and each not in "-–").translate(_MISREAD)
    if len(signs) != _BIND_LENGTH or not set(signs) <= set(_ALPHABET):
        return None
    return f"{signs[:5]}-{signs[5:]}"


def join_people(current: Recipient, other: Recipient, *, now: datetime, new_id: Callable[[], UUID]) -> Merged:
    """The operator's record with what the same person has confirmed, decided and set in `other`.

    Of decisions on one channel × purpose the later counts. What a person set in the operator's record stays.
    Ignored: `too_many_contact_points`.
    """
    joining = _Joining(current=current, now=now, new_id=new_id)
    for contact in other.contact_points:
        if contact.state is ContactState.ACTIVE:
            joining.take_contact(contact)
    for consent in other.consents:
        joining.take_consent(consent)
    joining.take_settings(other)
    return Merged(recipient=joining.current, acts=tuple(joining.acts), ignored=tuple(joining.ignored))


@dataclass(slots=True, kw_only=True)
class _Joining:
    """The record while things are taken into it."""

    current: Recipient
    now: datetime
    new_id: Callable[[], UUID]
    acts: list[Act] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def take_contact(self, theirs: ContactPoint) -> None:
        """It is in use here, too, and as old a confirmation as it is there."""
        points = self.current.contact_points
        known = next((c for c in points if (c.channel, c.value) == (theirs.channel, theirs.value)), None)
        if known is not None and known.state is ContactState.ACTIVE:
            return
        others = tuple(c for c in points if c is not known)
        if sum(c.state is not ContactState.REMOVED for c in others) >= CONTACT_POINTS_MAX:
            self.ignored.append(Ignored(pointer="", reason="too_many_contact_points"))
            return
        contact = replace(theirs, id=known.id if known else self.new_id(), changed_by=Actor.PERSON)
        if known is None or known.state is ContactState.REMOVED:
            self.acts.append(ContactAdded(contact=replace(contact, state=ContactState.UNCONFIRMED, method=None)))
        self.acts.append(ContactVerified(contact=contact))
        self.current = replace(self.current, contact_points=(*others, contact))

    def take_consent(self, theirs: Consent) -> None:
        """Their later word counts; what is so already is no act."""
        known = self.current.consent(theirs.channel, theirs.purpose)
        granted = known.granted if known else False
        if theirs.granted == granted or (known is not None and theirs.decided_at <= known.decided_at):
            return
        version = (known.version if known else 0) + (1 if theirs.granted else 0)
        consent = replace(theirs, version=version, fact_leaf=b"", refused_at=None)
        kept = [c for c in self.current.consents if c is not known]
        consents = tuple(sorted([*kept, consent], key=lambda c: (c.channel, c.purpose)))
        self.acts.append(ConsentChanged(consent=consent))
        self.current = replace(self.current, consents=consents)

    def take_settings(self, other: Recipient) -> None:
        """What they chose there and have not chosen here; a pause that is not over."""
        chosen = other.chosen_by_person & set(SETTINGS) - self.current.chosen_by_person
        wanted = {name: getattr(other, name) for name in SETTINGS if name in chosen}
        if other.paused_until is not None and other.paused_until > self.now and self.current.paused_until is None:
            wanted["paused_until"] = other.paused_until
        changed = tuple(name for name, value in wanted.items() if value != getattr(self.current, name))
        if changed:
            self.acts.append(PreferencesChanged(settings=changed))
        self.current = replace(self.current, **wanted, chosen_by_person=self.current.chosen_by_person | chosen)
