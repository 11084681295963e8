"""The names by which mail servers tell us of an attempt: an envelope id and an envelope sender, each with our MAC.

Whoever gets a message sees its names, so the MACs are not the one that a provider's callback must bring: with these
names, only mail can be answered.
"""

import base64
import binascii
import hmac
from uuid import UUID

from app.storage.vault import Vault

ENVELOPE_ID_MAC_BYTES = 16
SENDER_MAC_BYTES = 10
_ID_CHARACTERS = 26  # base32 of 128 bits without padding
_SENDER_CHARACTERS = 42  # and of the 80 bits of the MAC
LOCAL_PART_MAX = 64  # RFC 5321 §4.5.3.1.1
BOUNCE_LOCAL_PART_MAX = LOCAL_PART_MAX - _SENDER_CHARACTERS - 1


def envelope_id(vault: Vault, attempt: UUID) -> str:
    """The ENVID of an attempt (RFC 3461 §4.4): id, a dot, and the MAC in hex; 69 characters of xtext."""
    return f"{attempt}.{vault.mac('envelope_id', attempt.bytes)[:ENVELOPE_ID_MAC_BYTES].hex()}"


def envelope_sender(vault: Vault, address: str, attempt: UUID) -> str:
    """The address that a bounce of this attempt comes back to (variable envelope return path, VERP).

    `address` is where bounces go, with a local part of at most BOUNCE_LOCAL_PART_MAX characters. It gets a plus, and
    the attempt with its MAC in lower-case base32: mail servers may change the case of letters.
    """
    local, _, host = address.rpartition("@")
    return f"{local}+{_sender_name(vault, attempt)}@{host}"


def attempt_named(vault: Vault, text: str) -> UUID | None:
    """The attempt that `text` is our name of, or None when its MAC is not ours.

    `text` is an envelope id, decoded, or the local part of an envelope sender, in letters of any case.
    """
    folded = text.strip().casefold()
    if "." in folded:
        attempt = _uuid(folded.partition(".")[0])
        genuine = envelope_id(vault, attempt) if attempt else ""
    else:
        folded = folded.rpartition("+")[2]
        attempt = _decoded(folded)
        genuine = _sender_name(vault, attempt) if attempt else ""
    # Compared as text, so that no other spelling of the same bits is a name.
    same = hmac.compare_digest(genuine.encode(), folded.encode("utf-8", "replace"))
    return attempt if same else None


def _sender_name(vault: Vault, attempt: UUID) -> str:
    mac = vault.mac("envelope_sender", attempt.bytes)[:SENDER_MAC_BYTES]
    return _base32(attempt.bytes) + _base32(mac)


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().rstrip("=").lower()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _decoded(name: str) -> UUID | None:
    if len(name) != _SENDER_CHARACTERS or not name.isascii():
        return None
    try:
        return UUID(bytes=base64.b32decode(name[:_ID_CHARACTERS].upper() + "======"))
    except binascii.Error:
        return None
