"""Start an attempt: its row, its sealed fact with the commitment to the exact bytes, and what a transport is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.channel import Channel
from app.domain.message import EmailContent, Outgoing, OutgoingEmail, OutgoingSms, SmsText
from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.recipient import Consent
from app.ports import Surroundings
from app.storage.vault import PersonKey, Vault
from app.usecases.name_attempts import envelope_sender
from app.usecases.record_facts import FactSheet

# Longer than the longest wait for an answer: 600 s after the final dot of an e-mail, and reaching it.
LEASE: Mapping[Channel, timedelta] = {Channel.SMS: timedelta(seconds=120), Channel.EMAIL: timedelta(seconds=900)}
# What waits longer than this for its turn goes back: the lease has to outlive the sending that would follow.
BEGIN_WITHIN: Mapping[Channel, timedelta] = {Channel.SMS: timedelta(seconds=60), Channel.EMAIL: timedelta(seconds=180)}
MAC_BYTES = 16

Content = SmsText | EmailContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who we are to recipients and providers.

    `public_url` is the base URL of callbacks and links, `email_from` the address e-mails come from, `bounce_address`
    where mail servers report to; empty, they report to the former.
    """

    public_url: str
    email_from: str
    bounce_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A committed attempt and the message that may now be handed over, once."""

    notification: Notification
    attempt: Attempt
    lease: UUID
    outgoing: Outgoing = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """What all attempts have in common that one transaction starts."""

    sheet: FactSheet
    sender: Sender
    vault: Vault
    surroundings: Surroundings
    lease: UUID
    now: datetime

    def start(
        self,
        notification: Notification,
        *,
        provider: str,
        to: str,
        consent: Consent | None,
        content: Content,
        key: PersonKey,
    ) -> Claimed:
        """The next attempt of a notification whose row is locked: nothing may leave before it has committed."""
        attempt = Attempt(
            id=self.surroundings.new_id(),
            notification=notification.id,
            number=notification.attempts + 1,
            provider=provider,
            status=AttemptStatus.STARTED,
            code=None,
            started_at=self.now,
            ended_at=None,
        )
        sending = replace(
            notification,
            status=Status.SENDING,
            lease=self.lease,
            due_at=self.now + LEASE[notification.channel],
            attempts=attempt.number,
        )
        sms = content if isinstance(content, SmsText) else None
        sending = self.sheet.record_in_chain(
            sending,
            "attempt.started",
            at=self.now,
            key=key,
            data={
                "attempt": attempt.number,
                "provider": provider,
                "consent_version": consent.sealed_version if consent else None,
                "template": content.template,
                "template_version": content.template_version,
                "encoding": sms.encoding if sms else "mime",
                "parts": sms.parts if sms else None,
            },
            sealed={"contact": to.encode(), "content": bytes_of(content)},
        )
        outgoing = self._outgoing(attempt, to, content)
        return Claimed(notification=sending, attempt=attempt, lease=self.lease, outgoing=outgoing)

    def _outgoing(self, attempt: Attempt, to: str, content: Content) -> Outgoing:
        if isinstance(content, SmsText):
            mac = callback_mac(self.vault, attempt.provider, attempt.id)
            return OutgoingSms(
                attempt=attempt.id,
                notification=attempt.notification,
                to=to,
                body=content.text,
                callback_url=(
                    f"{self.sender.public_url}/v1/callbacks/{attempt.provider}/status?a={attempt.id}&m={mac}"
                ),
            )
        bounces = self.sender.bounce_address
        return OutgoingEmail(
            attempt=attempt.id,
            envelope_from=(
                envelope_sender(self.vault, bounces, attempt.id) if bounces else address_of(self.sender.email_from)
            ),
            to=to,
            mime=content.mime,
        )


def bytes_of(content: Content) -> bytes:
    """What the attempt commits to: the SMS text in UTF-8, or the e-mail as handed to SMTP."""
    return content.text.encode() if isinstance(content, SmsText) else content.mime


def callback_mac(vault: Vault, provider: str, attempt: UUID) -> str:
    """What a callback of that provider must bring along to speak of this attempt.

    An address that one provider was told is none of another's: the other may sign nothing.
    """
    return vault.mac("callback", provider.encode(), attempt.bytes)[:MAC_BYTES].hex()


def address_of(sender: str) -> str:
    """The bare address in `awizo <notices@example.org>`."""
    return sender.rpartition("<")[2].rstrip(">").strip()
