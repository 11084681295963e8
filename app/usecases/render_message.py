"""Render what a notification says: the bytes that its attempt commits to and that its transport hands over."""

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.recipient import ContactPoint, Recipient
from app.rendering.email import EmailEnvelope, render_email
from app.rendering.notice import Telling, notice_of_event
from app.rendering.sms import render_sms
from app.storage.vault import Vault
from app.usecases.start_attempt import Content, Sender, address_of
from app.usecases.unsubscribe_link import unsubscribe_token


def render_message(
    notification: Notification,
    event: Event,
    recipient: Recipient,
    contact: ContactPoint,
    *,
    sender: Sender,
    vault: Vault,
) -> Content:
    """The SMS or e-mail about `event`, the same for every attempt: Message-ID and Date are the notification's own."""
    notice = notice_of_event(
        event,
        Telling(
            language=recipient.language,
            reference=notification.id,
            letters=recipient.letters,
            safety_phrase=recipient.safety_phrase,
        ),
    )
    if notification.channel is Channel.SMS:
        return render_sms(notice)
    return render_email(
        notice,
        EmailEnvelope(
            sender=sender.email_from,
            to=contact.value,
            message_id=f"<{notification.id}@{address_of(sender.email_from).rpartition('@')[2]}>",
            date=notification.created_at,
            unsubscribe_url=f"{sender.public_url}/u/{unsubscribe_token(vault, notification.id)}",
        ),
    )
