"""What the status codes of mail servers (RFC 3463, RFC 5321 §4.2) say of the address that a message was for. Pure."""

import re
from dataclasses import dataclass

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")

# The address: no such mailbox (5.1.1), no such host (5.1.2), no address at all (5.1.3), moved without a trace (5.1.6),
# a host that takes no mail (5.1.10, RFC 7505), a mailbox that is closed (5.2.1), no way to its host (5.4.4).
_BOUNCED = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
# Also the address, but not surely ours: some say 5.1.0 of a sender, and 5.1.4 of a name that several mailboxes have.
_HARD = frozenset({"5.1.0", "5.1.4"})
# Codes that say nothing by themselves; then these words do, which servers have repeated since RFC 821. Some say them of
# mail that they do not want, too: once is not enough.
_UNSPECIFIC = re.compile(r"5\.0\.0|5\.5\.\d+")
_NO_MAILBOX = ("mailbox unavailable", "no such user", "user unknown", "unknown user", "no such recipient")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressVerdict:
    """`hard`: the failure lies in the address. `bounced`: no message will ever reach it, so one failure is enough."""

    hard: bool = False
    bounced: bool = False


def enhanced_code(text: str) -> str | None:
    """The first enhanced status code (RFC 3463 §2) in `text`, or None."""
    found = _ENHANCED.search(text)
    return found[1] if found else None


def verdict_on_address(status: str | None, text: str) -> AddressVerdict:
    """What a permanent refusal says of the address; `text` is the server's reply, without its own three digits or with.

    A full mailbox, suspected spam, a size that is too large, and whatever ails the server or us say nothing of it.
    """
    status = status or "5.0.0"
    bounced = status in _BOUNCED
    unnamed = _UNSPECIFIC.fullmatch(status) is not None and any(words in text.lower() for words in _NO_MAILBOX)
    return AddressVerdict(hard=bounced or unnamed or status in _HARD, bounced=bounced)
