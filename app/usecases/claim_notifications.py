"""Claim what is due: check consent once more under lock, render, and commit the attempt before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.domain.calendar import DEFAULT_TIME_ZONE
from app.domain.channel import Channel
from app.domain.decision import last_check
from app.domain.event import Event
from app.domain.message import EmailContent, Outgoing, OutgoingEmail, OutgoingSms, SmsText
from app.domain.notification import Attempt, AttemptStatus, Failure, Notification, Status
from app.domain.quiet_hours import quiet_until
from app.domain.recipient import ContactPoint, Recipient
from app.domain.shipment import Milestone, makes_untrue
from app.ports import Surroundings
from app.rendering.email import EmailEnvelope, render_email
from app.rendering.notice import notice_of_event
from app.rendering.sms import render_sms
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.storage.vault import PersonKey, Vault
from app.usecases.end_chain import cancelled, end_chain, opening_data
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.unsubscribe_link import unsubscribe_token

# Longer than the longest wait for an answer: 600 s after the final dot of an e-mail, and reaching it.
LEASE = {Channel.SMS: timedelta(seconds=120), Channel.EMAIL: timedelta(seconds=900)}
MAC_BYTES = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who we are to recipients and providers: the public base URL and the address e-mails come from."""

    public_url: str
    email_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A committed attempt and the message that may now be handed over, once."""

    notification: Notification
    attempt: Attempt
    lease: UUID
    outgoing: Outgoing = field(repr=False)


async def claim_notifications(
    tx: Tx, *, channel: Channel, provider: str, limit: int, sender: Sender, surroundings: Surroundings
) -> list[Claimed]:
    """Take up to `limit` due notifications of one channel for sending.

    Each has its `attempt.started` in `tx`; nothing may be sent before `tx` has committed. Those that must not leave
    any more are suppressed or expired instead, and one whose values are damaged fails without hurting the others. A
    recipient who is being changed right now is left for the next turn: waiting for that lock while holding others could
    wait for ever.
    """
    due = await outbox.due_to_send(tx, channel=channel, now=surroundings.clock(), limit=limit)
    if not due:
        return []
    records, damaged = await recipient_store.sound_by_ids(tx, {n.recipient for n in due}, lock=True, skip=True)
    unreadable = [n for n in due if n.recipient in damaged]
    due = [n for n in due if n.recipient not in damaged]
    erased = await _of_the_erased(tx, due, records)
    due = [n for n in due if n.recipient in records and not records[n.recipient].withheld]
    events = await event_store.decoded(tx, {n.event: records[n.recipient].key for n in due if n.event})
    claim = _Claim(
        sender=sender,
        provider=provider,
        now=surroundings.clock(),  # after the locks: no withdrawal that this claim saw is younger than its facts
        lease=surroundings.new_id(),
        sheet=await new_fact_sheet(tx, surroundings),
        records=records,
        events=events,
        overtaken=await _overtaken(tx, due, events),
        openings=await _openings_of_stopped(tx, due, records),
        vault=tx.vault,
        surroundings=surroundings,
    )
    for notification in erased:
        claim.cancel(notification, "erased")
    for notification in unreadable:
        claim.fail(notification, "DamagedRecipient")
    for notification in due:
        claim.take(notification)
    await outbox.save_all(tx, claim.changed)
    await outbox.insert_attempts(tx, [item.attempt for item in claim.claimed])
    await claim.sheet.write(tx)
    return claim.claimed


async def _of_the_erased(
    tx: Tx, due: Sequence[Notification], records: Mapping[UUID, RecipientRecord]
) -> list[Notification]:
    """Those of `due` that were under way when their recipient was erased and did not leave; not those being changed.

    Whose erasure is deferred counts as erased.
    """
    gone = {record.id for record in records.values() if record.withheld}
    missing = {n.recipient for n in due} - records.keys()
    if missing:
        still_there, damaged = await recipient_store.sound_by_ids(tx, missing)
        gone |= missing - still_there.keys() - damaged
    return [n for n in due if n.recipient in gone]


async def _overtaken(tx: Tx, due: Sequence[Notification], events: Mapping[UUID, Event]) -> dict[UUID, str]:
    """Why news became untrue while an earlier attempt was under way, by notification.

    What waits is cancelled when the newer event is accepted; what was just being sent could not be.
    """
    again = {
        n.id: (n.shipment_index, events[n.event])
        for n in due
        if n.attempts and n.shipment_index and n.event and n.event in events
    }
    known = await event_store.milestones(tx, {index for index, _ in again.values()}) if again else {}
    reasons = {}
    for notification, (index, event) in again.items():
        ordinal = event.notice.ordinal if event.notice else None
        own = Milestone(kind=event.kind, ordinal=ordinal, effective_at=event.effective_at)
        untrue = [reason for newer in known[index] if (reason := makes_untrue(newer, own))]
        if untrue:
            reasons[notification] = untrue[0]
    return reasons


async def _openings_of_stopped(
    tx: Tx, due: Sequence[Notification], records: Mapping[UUID, RecipientRecord]
) -> dict[UUID, StoredFact]:
    stopped = [n.id for n in due if last_check(records[n.recipient].recipient, n)]
    return await fact_store.first_of_notifications(tx, stopped) if stopped else {}


@dataclass(slots=True, kw_only=True)
class _Claim:
    sender: Sender
    provider: str
    now: datetime
    lease: UUID
    sheet: FactSheet
    records: Mapping[UUID, RecipientRecord]
    events: Mapping[UUID, Event]
    overtaken: Mapping[UUID, str]
    openings: Mapping[UUID, StoredFact]
    vault: Vault
    surroundings: Surroundings
    claimed: list[Claimed] = field(default_factory=list)
    changed: list[Notification] = field(default_factory=list)

    def take(self, notification: Notification) -> None:
        record = self.records[notification.recipient]
        reason = last_check(record.recipient, notification)
        contact = record.recipient.contact(notification.contact) if record.recipient else None
        if reason is not None or record.recipient is None or contact is None:
            self._suppress(notification, record, reason)
        elif notification.expires_at <= self.now:
            expired = replace(notification, status=Status.EXPIRED, due_at=None)
            self.changed.append(end_chain(self.sheet, expired, "notification.expired", at=self.now))
        elif notification.id in self.overtaken:
            self.cancel(notification, self.overtaken[notification.id])
        elif quiet_end := self._quiet_until(notification, record.recipient):
            held = replace(notification, status=Status.HELD, not_before=quiet_end, due_at=quiet_end)
            self.changed.append(held)
        else:
            self._start(notification, record.recipient, contact, record.key)

    def cancel(self, notification: Notification, reason: str) -> None:
        self.changed.append(cancelled(self.sheet, notification, reason, at=self.now))

    def fail(self, notification: Notification, error: str) -> None:
        """End a notification of which no message can be made."""
        _log.error("message_not_rendered", notification=str(notification.id), error=error)
        failed = replace(notification, status=Status.FAILED, failure=Failure.TECHNICAL, due_at=None)
        self.changed.append(end_chain(self.sheet, failed, "notification.failed", at=self.now))

    def _quiet_until(self, notification: Notification, recipient: Recipient) -> datetime | None:
        """When the quiet hours end into which a message fell that waited for a retry, or for a worker."""
        if notification.channel is not Channel.SMS:
            return None
        return quiet_until(self.now, recipient.quiet_hours, recipient.time_zone)

    def _suppress(self, notification: Notification, record: RecipientRecord, reason: str | None) -> None:
        stopped = replace(notification, status=Status.SUPPRESSED, reason=reason, due_at=None)
        self.changed.append(
            end_chain(
                self.sheet,
                stopped,
                "notification.suppressed",
                at=self.now,
                record=record,
                opening=opening_data(self.openings[notification.id]),
            )
        )

    def _start(self, notification: Notification, recipient: Recipient, contact: ContactPoint, key: PersonKey) -> None:
        attempt = Attempt(
            id=self.surroundings.new_id(),
            notification=notification.id,
            number=notification.attempts + 1,
            provider=self.provider,
            status=AttemptStatus.STARTED,
            code=None,
            started_at=self.now,
            ended_at=None,
        )
        try:
            content = self._render(notification, recipient, contact)
        except Exception as error:  # noqa: BLE001 – one message that cannot be made must not hold up all others
            self.fail(notification, type(error).__name__)
            return
        consent = recipient.consent(notification.channel, notification.purpose)
        sending = replace(
            notification,
            status=Status.SENDING,
            lease=self.lease,
            due_at=self.now + LEASE[notification.channel],
            attempts=attempt.number,
        )
        sending = self.sheet.record_in_chain(
            sending,
            "attempt.started",
            at=self.now,
            key=key,
            data={
                "attempt": attempt.number,
                "provider": self.provider,
                "consent_version": consent.sealed_version if consent else None,
                "template": content.template,
                "template_version": content.template_version,
                "encoding": content.encoding if isinstance(content, SmsText) else "mime",
                "parts": content.parts if isinstance(content, SmsText) else None,
            },
            sealed={
                "contact": contact.value.encode(),
                "content": content.text.encode() if isinstance(content, SmsText) else content.mime,
            },
        )
        outgoing = self._outgoing(attempt, contact, content)
        self.changed.append(sending)
        self.claimed.append(Claimed(notification=sending, attempt=attempt, lease=self.lease, outgoing=outgoing))

    def _render(
        self, notification: Notification, recipient: Recipient, contact: ContactPoint
    ) -> SmsText | EmailContent:
        if notification.event is None:
            raise ValueError("a notification without an event has nothing to tell yet")
        event = self.events[notification.event]
        notice = notice_of_event(
            event,
            shipment=event.shipments[0] if event.shipments else None,
            language=recipient.language,
            time_zone=DEFAULT_TIME_ZONE,  # an office keeps its own hours, wherever the person is
            reference=notification.id,
        )
        if notification.channel is Channel.SMS:
            return render_sms(notice)
        return render_email(
            notice,
            EmailEnvelope(
                sender=self.sender.email_from,
                to=contact.value,
                message_id=f"<{notification.id}@{_host(self.sender.email_from)}>",
                date=notification.created_at,
                unsubscribe_url=f"{self.sender.public_url}/u/{unsubscribe_token(self.vault, notification.id)}",
            ),
        )

    def _outgoing(self, attempt: Attempt, contact: ContactPoint, content: SmsText | EmailContent) -> Outgoing:
        if isinstance(content, SmsText):
            mac = callback_mac(self.vault, attempt.id)
            return OutgoingSms(
                attempt=attempt.id,
                notification=attempt.notification,
                to=contact.value,
                body=content.text,
                callback_url=f"{self.sender.public_url}/v1/callbacks/{self.provider}/status?a={attempt.id}&m={mac}",
            )
        return OutgoingEmail(
            attempt=attempt.id, envelope_from=_address(self.sender.email_from), to=contact.value, mime=content.mime
        )


def callback_mac(vault: Vault, attempt: UUID) -> str:
    """What a provider's callback must bring along to speak of this attempt."""
    return vault.mac("callback", attempt.bytes)[:MAC_BYTES].hex()


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].rstrip(">").strip()


def _host(sender: str) -> str:
    return _address(sender).rpartition("@")[2]
