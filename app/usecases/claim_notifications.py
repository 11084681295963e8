"""Claim what is due: check consent once more under lock, render, and commit the attempt before anything is sent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import structlog

from app.domain.channel import Channel
from app.domain.decision import last_check, quiet_end
from app.domain.event import AREA_INCIDENT_KINDS, Event
from app.domain.notification import Failure, Notification, Status
from app.domain.recipient import Recipient
from app.ports import Surroundings
from app.rendering.sms import speaks_for_all
from app.storage import events as event_store
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.recipients import RecipientRecord
from app.storage.turns import Room, due_to_send
from app.usecases.end_chain import cancelled, end_chain, let_others_speak, opening_data
from app.usecases.incident_contexts import IncidentContext, incident_contexts
from app.usecases.incident_limit import IncidentLimit, read_incident_limit
from app.usecases.message_contexts import NO_CONTEXT, MessageContext, message_contexts
from app.usecases.overtaken_news import overtaken_news
from app.usecases.places import Places
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.render_message import notice_of, render_message
from app.usecases.start_attempt import Claimed, Sender, Starting

_log = structlog.get_logger(__name__)


async def claim_notifications(
    tx: Tx, *, channel: Channel, places: Places, sender: Sender, surroundings: Surroundings
) -> list[Claimed]:
    """Take as many due notifications of one channel for sending as there are places with its providers.

    Each has its `attempt.started` in `tx`; nothing may be sent before `tx` has committed. Those that must not leave
    any more are suppressed or expired instead, and one whose values are damaged fails without hurting the others. A
    recipient who is being changed right now is left for the next turn: waiting for that lock while holding others could
    wait for ever.
    """
    room = Room(channel=channel, now=surroundings.clock(), limit=places.free, chance=surroundings.jitter())
    due = await due_to_send(tx, room)
    if not due:
        return []
    records, damaged = await recipient_store.sound_by_ids(tx, {n.recipient for n in due}, lock=True, skip=True)
    unreadable = [n for n in due if n.recipient in damaged]
    due = [n for n in due if n.recipient not in damaged]
    erased = await _of_the_erased(tx, due, records)
    due = [n for n in due if n.recipient in records and not records[n.recipient].withheld]
    starting = Starting(
        sheet=await new_fact_sheet(tx, surroundings),
        sender=sender,
        vault=tx.vault,
        surroundings=surroundings,
        lease=surroundings.new_id(),
        now=surroundings.clock(),  # after the locks: no withdrawal that this claim saw is younger than its facts
    )
    claim = await _read(tx, due, records, places, starting)
    for notification in erased:
        claim.cancel(notification, "erased")
    for notification in unreadable:
        claim.fail(notification, "DamagedRecipient")
    for together in _together(due):
        claim.take(together)
    await outbox.save_all(tx, claim.changed)
    await outbox.insert_attempts(tx, [item.attempt for item in claim.claimed])
    await let_others_speak(tx, claim.changed, now=starting.now)
    await starting.sheet.write(tx)
    return claim.claimed


async def _read(
    tx: Tx,
    due: Sequence[Notification],
    records: Mapping[UUID, RecipientRecord],
    places: Places,
    starting: Starting,
) -> "_Claim":
    """Everything that decides what becomes of those that are due."""
    limit = await read_incident_limit(tx, due, records, now=starting.now)
    keys = {record.id: record.key for record in records.values()}
    events = await event_store.decoded(tx, {n.event for n in due if n.event}, keys)
    tried = await outbox.attempts_of(tx, [n.id for n in due if n.attempts])
    incidents = await incident_contexts(tx, due, records)
    untrue = {id_: found.untrue for id_, found in incidents.items() if found.untrue}
    return _Claim(
        starting=starting,
        contexts=await message_contexts(tx, due, keys, now=starting.now) | _contexts(incidents),
        places=places,
        failed_at={id_: attempts[-1].provider for id_, attempts in tried.items()},
        records=records,
        events=events,
        overtaken=await overtaken_news(tx, due, events, keys, now=starting.now) | untrue,
        limit=limit,
        openings=await _openings_of_stopped(tx, due, records, limit, starting.now),
    )


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


async def _openings_of_stopped(
    tx: Tx,
    due: Sequence[Notification],
    records: Mapping[UUID, RecipientRecord],
    limit: IncidentLimit,
    now: datetime,
) -> dict[UUID, StoredFact]:
    """The first facts of those that must not leave, or for which another one may speak."""
    stopped = {n.id for n in due if last_check(records[n.recipient].recipient, n, now=now)}
    stopped |= {n.id for together in _together(due) if len(together) > 1 for n in together}
    stopped |= limit.may_be_too_many(due)
    return await fact_store.first_of_notifications(tx, stopped) if stopped else {}


def _together(due: Iterable[Notification]) -> list[list[Notification]]:
    """What may be one message: those about incidents to one contact point; everything else is one by itself."""
    groups: dict[object, list[Notification]] = defaultdict(list)
    for n in due:
        groups[(n.recipient, n.contact, n.channel) if n.kind in AREA_INCIDENT_KINDS else n.id].append(n)
    return [sorted(many, key=lambda n: n.id) for many in groups.values()]


def _contexts(incidents: Mapping[UUID, IncidentContext]) -> dict[UUID, MessageContext]:
    return {
        id_: MessageContext(incidents=found.news, last_moment=found.last_moment) for id_, found in incidents.items()
    }


@dataclass(slots=True, kw_only=True)
class _Claim:
    starting: Starting
    contexts: Mapping[UUID, MessageContext]
    places: Places
    failed_at: Mapping[UUID, str]
    records: Mapping[UUID, RecipientRecord]
    events: Mapping[UUID, Event]
    overtaken: Mapping[UUID, str]
    limit: IncidentLimit
    openings: Mapping[UUID, StoredFact]
    claimed: list[Claimed] = field(default_factory=list)
    changed: list[Notification] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The moment of all facts of this claim."""
        return self.starting.now

    @property
    def sheet(self) -> FactSheet:
        """Where its facts are collected."""
        return self.starting.sheet

    def take(self, together: Sequence[Notification]) -> None:
        """Start what may still leave of these, as few messages as words allow; end or put off the rest."""
        leaving = [n for n in together if self._may_leave(n)]
        while leaving:
            speaker, *others = leaving
            if self.limit.is_reached(speaker):
                self._suppress(speaker, "rate_limited")
                leaving = others
                continue
            spoken_for = self._spoken_for(speaker, others)
            news = tuple(each for n in (speaker, *spoken_for) for each in self._context_of(n).incidents)
            if self._start(speaker, replace(self._context_of(speaker), incidents=news)):
                for n in spoken_for:
                    self._suppress(replace(n, merged_into=speaker.id), "merged")
            else:
                spoken_for = []
            leaving = [n for n in others if n not in spoken_for]

    def _spoken_for(self, speaker: Notification, others: Sequence[Notification]) -> list[Notification]:
        """Those of the others that fit into the same message."""
        fitting: list[Notification] = []
        recipient = self.records[speaker.recipient].recipient
        event = self.events.get(speaker.event) if speaker.event else None
        if recipient is None or event is None:
            return fitting
        for n in others:
            news = tuple(each for one in (speaker, *fitting, n) for each in self._context_of(one).incidents)
            context = replace(self._context_of(speaker), incidents=news)
            notice = notice_of(speaker, event, recipient, context=context, now=self.now)
            if speaker.channel is Channel.EMAIL or speaks_for_all(notice):
                fitting.append(n)
        return fitting

    def _may_leave(self, notification: Notification) -> bool:
        """Whether it can be sent now; if not, it is ended, or put off until the night is over."""
        record = self.records[notification.recipient]
        reason = last_check(record.recipient, notification, now=self.now)
        contact = record.recipient.contact(notification.contact) if record.recipient else None
        if reason is not None or record.recipient is None or contact is None:
            self._suppress(notification, reason)
        elif notification.expires_at <= self.now:
            expired = replace(notification, status=Status.EXPIRED, due_at=None)
            self.changed.append(end_chain(self.sheet, expired, "notification.expired", at=self.now))
        elif notification.id in self.overtaken:
            self.cancel(notification, self.overtaken[notification.id])
        elif until := self._quiet_until(notification, record.recipient):
            held = replace(notification, status=Status.HELD, not_before=until, due_at=until)
            self.changed.append(held)
        else:
            return True
        return False

    def cancel(self, notification: Notification, reason: str) -> None:
        self.changed.append(cancelled(self.sheet, notification, reason, at=self.now))

    def fail(self, notification: Notification, error: str) -> None:
        """End a notification of which no message can be made."""
        _log.error("message_not_rendered", notification=str(notification.id), error=error)
        failed = replace(notification, status=Status.FAILED, failure=Failure.TECHNICAL, due_at=None)
        self.changed.append(end_chain(self.sheet, failed, "notification.failed", at=self.now))

    def _quiet_until(self, notification: Notification, recipient: Recipient) -> datetime | None:
        """When the quiet hours end into which a message fell that waited for a retry, or for a worker."""
        latest = self._context_of(notification).last_moment
        return quiet_end(recipient, notification.channel, now=self.now, last_moment=latest)

    def _suppress(self, notification: Notification, reason: str | None) -> None:
        stopped = replace(notification, status=Status.SUPPRESSED, reason=reason, due_at=None)
        self.changed.append(
            end_chain(
                self.sheet,
                stopped,
                "notification.suppressed",
                at=self.now,
                record=self.records[notification.recipient],
                opening=opening_data(self.openings[notification.id]),
            )
        )

    def _start(self, notification: Notification, context: MessageContext) -> bool:
        """Start an attempt; whether there was a place for it, and a message could be made."""
        record = self.records[notification.recipient]
        contact = record.recipient.contact(notification.contact) if record.recipient else None
        if record.recipient is None or contact is None:
            return False
        provider = self.places.take(avoid=self.failed_at.get(notification.id))
        if provider is None:
            return False
        try:
            content = render_message(
                notification,
                self.events.get(notification.event) if notification.event else None,
                record.recipient,
                contact,
                context=context,
                now=self.now,
                sender=self.starting.sender,
                vault=self.starting.vault,
            )
        except Exception as error:  # noqa: BLE001 – one message that cannot be made must not hold up all others
            self.places.put_back(provider)
            self.fail(notification, type(error).__name__)
            return False
        claimed = self.starting.start(
            notification,
            provider=provider,
            to=contact.value,
            consent=record.recipient.consent(notification.channel, notification.purpose),
            content=content,
            key=record.key,
        )
        self.limit.count(notification)
        self.changed.append(claimed.notification)
        self.claimed.append(claimed)
        return True

    def _context_of(self, notification: Notification) -> MessageContext:
        return self.contexts.get(notification.id, NO_CONTEXT)
