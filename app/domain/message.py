"""Rendered messages, and what a transport is given to hand over."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsText:
    """A rendered SMS. `encoding` is `gsm7` or `ucs2`; `parts` counts what the recipient's phone receives."""

    text: str = field(repr=False)
    encoding: str
    parts: int
    template: str
    template_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """A rendered e-mail as handed to SMTP: CRLF line ends, before dot-stuffing."""

    mime: bytes = field(repr=False)
    template: str
    template_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSms:
    """One SMS for a transport. `to` is E.164; `callback_url` is where the provider reports back.

    `notification` is the key for providers that take messages with the same key only once.
    """

    attempt: UUID
    notification: UUID
    to: str = field(repr=False)
    body: str = field(repr=False)
    callback_url: str
    validity_seconds: int = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEmail:
    """One e-mail for a transport: envelope and the frozen bytes."""

    attempt: UUID
    envelope_from: str
    to: str = field(repr=False)
    mime: bytes = field(repr=False)


Outgoing = OutgoingSms | OutgoingEmail
