"""Everything that support needs to know about one shipment, in a handful of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from app.domain.calendar import end_of_day, local_day
from app.domain.coming import Coming, coming
from app.domain.complaint import OVERDUE, Complaint
from app.domain.findings import Finding, findings, in_the_dark
from app.domain.notification import Notification
from app.domain.recipient import Recipient
from app.domain.shipment import Milestone
from app.domain.statement import Statement, silenced_contacts
from app.domain.stay import Known, as_it_stands
from app.domain.timeline import (
    ENTRIES_MAX,
    AttemptEntry,
    Entry,
    NotificationEntry,
    ReceiptEntry,
    StatementEntry,
    SupportEntry,
    Timeline,
    timeline,
    with_corrections,
)
from app.storage import anomalies as anomaly_store
from app.storage import complaints as complaint_store
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage import statements as statement_store
from app.storage import stays as stay_store
from app.storage import support_acts
from app.storage import timeline as timeline_store
from app.storage.anomalies import Anomaly
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.timeline import Reported
from app.usecases.end_chain import UNSAID
from app.usecases.plan_notifications import sms_told
from app.usecases.read_outages import places_of, read_outages


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentAnswer:
    """Where a shipment stands, what does not fit together, what will still be sent, and what happened.

    `complaints` are those about it, the earliest last day first; `people` the registered whom it concerns, by name.
    """

    known: Known
    anomalies: Sequence[Finding]
    complaints: Sequence[Complaint]
    people: Sequence[Recipient]
    plan: Sequence[Coming]
    timeline: Timeline


async def read_shipment(tx: Tx, operator: str, shipment: str, *, now: datetime) -> ShipmentAnswer | None:
    """The answer about one shipment; None when nobody reported it, or everybody whom it concerned was erased."""
    index = event_store.shipment_index(tx, operator, shipment)
    reported = await timeline_store.newest_events(tx, index, limit=ENTRIES_MAX + 1)
    if not reported:
        return None
    # Nobody's damaged key keeps the others' story from being told.
    records, _ = await recipient_store.sound_by_ids(tx, {each.recipient for each in reported})
    keys = {record.id: record.key for record in records.values()}
    milestones = (await event_store.milestones(tx, [index], keys)).get(index, [])
    read = {one.id: one.event for one in milestones if one.id and one.event}
    said = await timeline_store.said(tx, reported, keys, read)
    outages = await read_outages(tx, places_of({index: milestones}))
    touched = partial(outages.touching, operator, shipment_index=index)
    known = as_it_stands(milestones, now=now, touched=touched)
    recorded = _still_true((await anomaly_store.of_shipments(tx, [index])).get(index, []), milestones)
    told = await timeline_store.newest_notifications(tx, index, limit=ENTRIES_MAX + 1)
    names = {each.recipient: name for each in reported if (name := said[each.entry.id].recipient)}
    events = with_corrections([replace(each.entry, said=said[each.entry.id]) for each in reported], milestones)
    others = {n.event for n in told if n.event} - {each.entry.id for each in reported}
    incidents = await timeline_store.events_by_id(tx, others, keys)
    statements = await statement_store.of_notifications(tx, [n.id for n in told]) if told else {}
    complaints = await complaint_store.of_shipment(tx, index, keys)
    waiting_for = {person for _, person in await stay_store.ids_of_shipments(tx, [index])} if known.waits else set()
    return ShipmentAnswer(
        known=known,
        anomalies=findings([*((each.code, each.detected_at) for each in recorded), *_overdue(complaints, now)], known),
        complaints=complaints,
        people=sorted((each.recipient for each in records.values() if each.recipient), key=lambda each: each.name),
        plan=_plan(known, _people(records, waiting_for, silenced_contacts(told, statements), index), told, now=now),
        timeline=timeline(
            [
                *events,
                *incidents,
                *await _messages(tx, told, names, statements),
                *await _acts(tx, index, told, reported, names, complaints),
            ]
        ),
    )


def _overdue(complaints: Iterable[Complaint], now: datetime) -> list[tuple[str, datetime]]:
    """That complaints were not answered in time, each since the end of its last day."""
    return [(OVERDUE, end_of_day(each.answer_due_on)) for each in complaints if each.is_overdue(local_day(now))]


async def _acts(
    tx: Tx,
    shipment: bytes,
    told: Sequence[Notification],
    reported: Sequence[Reported],
    names: Mapping[UUID, str],
    complaints: Iterable[Complaint],
) -> list[SupportEntry]:
    """What support did about the shipment and its messages, and about its people since it was first heard of."""
    first = min(each.entry.received_at for each in reported)
    references = {each.id: each.reference for each in complaints}
    people = {each.recipient for each in reported}
    acts = await support_acts.concerning(
        tx, shipment, notifications=[n.id for n in told], people=people, limit=ENTRIES_MAX
    )
    return [
        SupportEntry(
            act=act,
            recipient=names.get(act.recipient),
            reference=references.get(act.complaint) if act.complaint else None,
        )
        for act in acts
        if act.shipment_index or act.notification or act.done_at >= first
    ]


def _still_true(recorded: Iterable[Anomaly], milestones: Iterable[Milestone]) -> list[Anomaly]:
    """Without the corrections that were here before what they take back, which has come since."""
    dark = in_the_dark(milestones)
    return [each for each in recorded if each.code != "correction_without_target" or each.event in dark]


def _people(
    records: Mapping[UUID, RecipientRecord],
    waiting_for: Collection[UUID],
    silenced: Mapping[tuple[bytes, UUID], Collection[UUID]],
    shipment: bytes,
) -> list[Recipient]:
    """For whom it waits, without the contact points at which somebody said that it is not for them."""
    people = [record.recipient for record in records.values() if record.id in waiting_for and record.recipient]
    return [_without(person, silenced.get((shipment, person.id), ())) for person in people]


def _without(person: Recipient, contacts: Collection[UUID]) -> Recipient:
    return replace(person, contact_points=tuple(each for each in person.contact_points if each.id not in contacts))


def _plan(known: Known, people: Iterable[Recipient], told: Sequence[Notification], *, now: datetime) -> list[Coming]:
    """What is still to come for each of these people."""
    unsaid = {n.id for n in told if n.status in UNSAID}
    # A reminder that was to speak for others, and never did, leaves theirs to be sent after all.
    standing = [n for n in told if n.merged_into not in unsaid]
    found: set[Coming] = set()
    for person in people:
        own = [n for n in standing if n.recipient == person.id]
        found |= coming(known, person, own, sms_told=sms_told(own), now=now)
    return sorted(found)


async def _messages(
    tx: Tx,
    told: Sequence[Notification],
    names: Mapping[UUID, str],
    statements: Mapping[UUID, Sequence[Statement]],
) -> list[Entry]:
    """The notifications with their attempts and receipts, and what was said about them."""
    ids = [n.id for n in told]
    attempts = await outbox.attempts_of(tx, ids) if ids else {}
    receipts = await receipt_store.of_notifications(tx, ids) if attempts else {}
    entries: list[Entry] = []
    for n in told:
        by_id = {attempt.id: attempt for attempt in attempts.get(n.id, [])}
        entries.append(NotificationEntry(notification=n, recipient=names.get(n.recipient)))
        entries += [StatementEntry(statement=statement) for statement in statements.get(n.id, ())]
        entries += [AttemptEntry(attempt=attempt, channel=n.channel) for attempt in by_id.values()]
        entries += [
            ReceiptEntry(
                id=stored.id,
                attempt=attempt,
                receipt=stored.receipt,
                received_at=stored.received_at,
                late=stored.late,
            )
            for stored in receipts.get(n.id, [])
            if (attempt := by_id.get(stored.receipt.attempt))  # it may have begun since they were read
        ]
    return entries
