"""Asking a provider afterwards whether it took a message whose hand-over nobody saw the end of."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """An attempt of unknown outcome as its provider would know it: to whom, what, and from when to when it may stand.

    `message` is the SMS text, or an e-mail's bytes decoded as ASCII. `notification` is the key under which providers
    with idempotency know it.
    """

    attempt: UUID
    notification: UUID
    to: str = field(repr=False)
    message: str = field(repr=False)
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The provider holds exactly one message that can only be ours. `failed`: it says that it could not deliver it."""

    provider_id: str = field(repr=False)
    code: str
    reply: bytes = field(repr=False)
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The provider answered, and has no such message. That alone does not show that none will appear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The look-up shows nothing: no answer, or more than one message alike. `reason` is one clause without values."""

    reason: str


LookUp = Found | NotFound | Unclear
