"""Who may call what: scopes, callers, and the form of an API key."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

_TOKEN = re.compile(r"awz_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")


class Scope(StrEnum):
    """What a key may do."""

    EVENTS_WRITE = "events:write"
    RECIPIENTS_WRITE = "recipients:write"
    SHIPMENTS_READ = "shipments:read"
    SUPPORT_WRITE = "support:write"
    PROOFS_READ = "proofs:read"
    RECEIPTS_WRITE = "receipts:write"
    WEBHOOKS_WRITE = "webhooks:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody whose credentials were checked.

    `key_id` names them in facts, in at most 32 characters. `operators` is None for who acts for all of them. The
    credentials end by themselves at `expires_at`, whatever is made of them; None: only when they are revoked.
    """

    key_id: str
    scopes: frozenset[Scope]
    operators: frozenset[str] | None
    expires_at: datetime | None = None

    def has_ended(self, now: datetime) -> bool:
        """Whether the credentials have ended by themselves."""
        return self.expires_at is not None and self.expires_at <= now

    def may(self, *scopes: Scope) -> bool:
        """Whether the key has one of `scopes`, or is an administrator's."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_act_for(self, operator: str) -> bool:
        """Whether the key belongs to that operator."""
        return self.operators is None or operator in self.operators


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key's token taken apart: its public id and the SHA-256 of its secret."""

    key_id: str
    secret_hash: bytes = field(repr=False)


def parse_token(text: str) -> Token | None:
    """The parts of `awz_<id>_<secret>`; None for anything else."""
    found = _TOKEN.match(text)
    if found is None:
        return None
    return Token(key_id=found[1], secret_hash=sha256(found[2].encode()).digest())


def format_token(key_id: str, secret: str) -> str:
    """The token as it is printed once: `key_id` is 16 hex digits, `secret` 43 characters of base64url (256 bits)."""
    return f"awz_{key_id}_{secret}"
