"""A recipient: the person informed, with contact points, consents and settings."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.calendar import DEFAULT_TIME_ZONE
from app.domain.channel import Channel, Purpose
from app.domain.quiet_hours import QuietHours

DEFAULT_LANGUAGE = "pl"
LANGUAGES = ("pl", "en", "uk")


class Actor(StrEnum):
    """Who did it: the person, or the operator on the person's behalf."""

    PERSON = "person"
    OPERATOR = "operator"


class ContactState(StrEnum):
    """Whether a contact point may be used."""

    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"
    REMOVED = "removed"


class Letters(StrEnum):
    """How SMS are spelt: in letters that fit most into a part, or in those of the language."""

    PLAIN = "plain"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """One phone number (E.164) or one normalised e-mail address. `method` says how it was verified."""

    id: UUID
    channel: Channel
    value: str = field(repr=False)
    state: ContactState
    method: str | None
    changed_at: datetime
    changed_by: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The latest act on one channel × purpose. `version` counts grants from 1; `fact_leaf` is the act's leaf hash.

    Who leaves a channel also refuses what is not granted, which ends nothing and is no fact: `refused_at` is when the
    person last did so after the act. Where there was no act at all, the refusal stands for it: `version` is 0 and
    `fact_leaf` empty.
    """

    channel: Channel
    purpose: Purpose
    granted: bool
    version: int
    at: datetime
    by: Actor
    method: str
    text_version: str | None
    fact_leaf: bytes = field(repr=False)
    refused_at: datetime | None = None

    @property
    def decided_at(self) -> datetime:
        """The latest moment at which anybody decided about it."""
        return max(self.at, self.refused_at or self.at)

    @property
    def sealed_fact(self) -> str | None:
        """The leaf hash as facts name it (hex): None where no fact is about this consent."""
        return self.fact_leaf.hex() or None

    @property
    def sealed_version(self) -> int | None:
        """The version as facts state it: None for a refusal of what was never granted."""
        return self.version or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Everything decisions need to know about one person. Names and values never show in a repr.

    `safety_phrase` is a few words of the person's own choice that stand in each message, so that a forged one shows.
    Before `paused_until` they want no messages.
    """

    id: UUID
    operator: str
    name: str = field(repr=False)
    language: str = DEFAULT_LANGUAGE
    time_zone: str = DEFAULT_TIME_ZONE
    post_codes: tuple[str, ...] = field(default=(), repr=False)
    quiet_hours: QuietHours = field(default_factory=QuietHours)
    letters: Letters = Letters.PLAIN
    safety_phrase: str | None = field(default=None, repr=False)
    contact_points: tuple[ContactPoint, ...] = field(default=(), repr=False)
    consents: tuple[Consent, ...] = ()
    chosen_by_person: frozenset[str] = frozenset()
    paused_until: datetime | None = None

    def consent(self, channel: Channel, purpose: Purpose) -> Consent | None:
        """The person's latest act on that channel and purpose, if there was one."""
        return next((c for c in self.consents if (c.channel, c.purpose) == (channel, purpose)), None)

    def contact(self, contact_id: UUID | None) -> ContactPoint | None:
        """The contact point with that id, if it is this person's."""
        return next((c for c in self.contact_points if c.id == contact_id), None)
