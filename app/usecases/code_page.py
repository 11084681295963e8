"""Where a code that we sent is typed in: an address that names the message, and nothing else."""

from app.domain.notification import Notification
from app.domain.service_message import CONFIRMATION


def code_page(public_url: str, notification: Notification) -> str:
    """The page that asks for the code of that message. To open it changes nothing; it is good for nobody without it."""
    page = "confirm" if notification.kind == CONFIRMATION else "sign-in"
    return f"{public_url}/preferences/{page}/{notification.id}"
