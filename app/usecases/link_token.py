"""Tokens in the links of e-mails: a notification's id and our MAC over it, for one use each."""

import base64
import binascii
import hmac
from uuid import UUID

from app.storage.vault import Vault

_ID_BYTES = 16
_MAC_BYTES = 16
_TOKEN_CHARACTERS = 43  # base64 of both without padding


def link_token(vault: Vault, use: str, notification: UUID) -> str:
    """An opaque token by which a link of that use speaks of this notification; nothing personal can be read from it."""
    mac = vault.mac(use, notification.bytes)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(notification.bytes + mac).rstrip(b"=").decode()


def notification_of_link(vault: Vault, use: str, token: str) -> UUID | None:
    """The notification that `token` was made for, or None when it is not, to the last bit, ours and of that use.

    A token of the right length costs the same time whatever is wrong with it.
    """
    if len(token) != _TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        claimed = base64.urlsafe_b64decode(token + "=")[:_ID_BYTES]
    except binascii.Error:
        return None
    if len(claimed) != _ID_BYTES:  # the decoder leaves out characters that are not base64
        return None
    notification = UUID(bytes=claimed)
    # Compared as text: the last character has two bits that the decoder ignores.
    genuine = link_token(vault, use, notification)
    return notification if hmac.compare_digest(genuine.encode(), token.encode()) else None
