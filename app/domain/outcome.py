"""What became of one attempt to hand a message to a provider. Outcomes are values, never exceptions.

`stage` says how far it got: `message` (it cannot be carried at all), `consent`, `dns`, `connect`, `tls`, `pool`,
`auth`, `mail`, `rcpt`, `data`, `request`, `response`, `process`. `code` is the provider's or protocol's own code as
text. `reply` is the raw answer, if any.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Permanence(StrEnum):
    """Whether trying the same again can help."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has taken the message over. `peer` is the hex SHA-256 of its TLS leaf certificate, if any."""

    provider_id: str | None = field(repr=False)
    reply: bytes | None = field(default=None, repr=False)
    code: str | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider answered that it will not take this message.

    `hard`: because of the contact point, and no later message to it will fare better; `bounced`: one such refusal is
    enough to stop using it.
    """

    permanence: Permanence
    stage: str
    code: str | None
    reply: bytes | None = field(default=None, repr=False)
    retry_after_seconds: float | None = None
    hard: bool = False
    bounced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """It is certain that the provider did not take the message. `pause`: our access is broken (401, 403, 535)."""

    stage: str
    code: str | None
    reply: bytes | None = field(default=None, repr=False)
    retry_after_seconds: float | None = None
    pause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell whether the provider took the message."""

    stage: str
    code: str | None
    reply: bytes | None = field(default=None, repr=False)


Outcome = Accepted | Refused | NotSent | Unknown
