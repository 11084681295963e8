"""Render what a notification says: the bytes that its attempt commits to and that its transport hands over."""

from datetime import datetime

from app.domain.calendar import local_day, zone
from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.notification import Notification
from app.domain.recipient import ContactPoint, Recipient
from app.domain.service_message import CONTACT_CHANGED, SERVICE_KINDS
from app.rendering.catalog import language_or_default
from app.rendering.email import EmailEnvelope, render_email
from app.rendering.notice import Notice, Telling, notice_of_event
from app.rendering.sms import render_sms
from app.rendering.words import OPERATORS
from app.storage.codes import reading
from app.storage.vault import Vault
from app.usecases.code_page import code_page
from app.usecases.message_contexts import MessageContext
from app.usecases.notice_link import notice_url
from app.usecases.start_attempt import Content, Sender, address_of
from app.usecases.unsubscribe_link import unsubscribe_token


def render_message(
    notification: Notification,
    event: Event | None,
    recipient: Recipient,
    contact: ContactPoint,
    *,
    context: MessageContext,
    now: datetime,
    sender: Sender,
    vault: Vault,
) -> Content:
    """The SMS or e-mail about `event`, or without one about the service itself.

    Message-ID and Date are the notification's own, the same for every attempt. Raises ValueError when the event is
    gone.
    """
    if notification.kind in SERVICE_KINDS:
        notice = _service_notice(notification, recipient, sender=sender, vault=vault)
    elif event is not None:
        notice = notice_of(notification, event, recipient, context=context, now=now)
    else:
        raise ValueError("a notification whose event is gone has nothing to tell")
    if notification.channel is Channel.SMS:
        return render_sms(notice)
    return render_email(
        notice,
        EmailEnvelope(
            sender=sender.email_from,
            to=contact.value,
            message_id=f"<{notification.id}@{address_of(sender.email_from).rpartition('@')[2]}>",
            date=_told_at(notification),
            unsubscribe_url=f"{sender.public_url}/u/{unsubscribe_token(vault, notification.id)}",
            notice_url=notice_url(sender.public_url, vault, notification.id),
        ),
    )


def notice_of(
    notification: Notification, event: Event, recipient: Recipient, *, context: MessageContext, now: datetime
) -> Notice:
    """What a message about `event` says. An office keeps its own hours and days, wherever the person is."""
    known = context.known if context.known and context.known.waits else None
    safe = known.deadlines.safe_collect_by if known and known.deadlines else None
    return notice_of_event(
        event,
        Telling(
            language=recipient.language,
            reference=notification.id,
            kind=notification.kind,
            stay=known.stay if known else None,
            corrected=context.corrected,
            collect_by=notification.collect_by or safe,
            told_on=local_day(now),
            others=context.others,
            incidents=context.incidents,
            letters=recipient.letters,
            safety_phrase=recipient.safety_phrase,
        ),
    )


def _service_notice(notification: Notification, recipient: Recipient, *, sender: Sender, vault: Vault) -> Notice:
    """What a message about the service says; its code is the one of its own id."""
    has_code = notification.kind != CONTACT_CHANGED
    return Notice(
        kind=notification.kind,
        happened_at=notification.created_at,
        operator=OPERATORS.get(recipient.operator, recipient.operator),
        language=language_or_default(recipient.language),
        zone=zone(recipient.time_zone),
        reference=notification.id,
        letters=recipient.letters,
        safety_phrase=recipient.safety_phrase,
        code=reading(vault, notification.id) if has_code else None,
        valid_until=notification.expires_at if has_code else None,
        page=code_page(sender.public_url, notification) if has_code else f"{sender.public_url}/preferences",
    )


def _told_at(notification: Notification) -> datetime:
    """When the news was decided to be told; a reminder is decided long before its day."""
    return (notification.not_before if notification.step else None) or notification.created_at
