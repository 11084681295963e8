"""The link that ends e-mails."""

from uuid import UUID

from app.storage.vault import Vault
from app.usecases.link_token import link_token, notification_of_link

_USE = "unsubscribe"


def unsubscribe_token(vault: Vault, notification: UUID) -> str:
    """An opaque token that ends e-mails like this notification; nothing personal can be read from it."""
    return link_token(vault, _USE, notification)


def notification_of_token(vault: Vault, token: str) -> UUID | None:
    """The notification that `token` was made for, or None when it is not, to the last bit, a token of ours."""
    return notification_of_link(vault, _USE, token)
