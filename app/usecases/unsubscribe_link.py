"""The link that ends e-mails: a token made of a notification's id and our MAC over it."""

import base64
import binascii
import hmac
from uuid import UUID

from app.storage.vault import Vault

_ID_BYTES = 16
_MAC_BYTES = 16
_TOKEN_CHARACTERS = 43  # base64 of both without padding


def unsubscribe_token(vault: Vault, notification: UUID) -> str:
    """An opaque token that ends e-mails like this notification; nothing personal can be read from it."""
    mac = vault.mac("unsubscribe", notification.bytes)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(notification.bytes + mac).rstrip(b"=").decode()


def notification_of_token(vault: Vault, token: str) -> UUID | None:
    """The notification that `token` was made for, or None when it is not, to the last bit, a token of ours.

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
    genuine = unsubscribe_token(vault, notification)
    return notification if hmac.compare_digest(genuine.encode(), token.encode()) else None
