"""The link to the page of a notice, in e-mails only: who has it may read the page and say something about it."""

from uuid import UUID

from app.storage.vault import Vault
from app.usecases.link_token import link_token, notification_of_link

_USE = "notice"


def notice_token(vault: Vault, notification: UUID) -> str:
    """An opaque token that opens the page of this notification; nothing personal can be read from it."""
    return link_token(vault, _USE, notification)


def notice_url(public_url: str, vault: Vault, notification: UUID) -> str:
    """The address of the page."""
    return f"{public_url}/n/{notice_token(vault, notification)}"


def notification_of_notice(vault: Vault, token: str) -> UUID | None:
    """The notification whose page `token` opens, or None when it is not, to the last bit, a token of ours."""
    return notification_of_link(vault, _USE, token)
