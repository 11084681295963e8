"""Somebody says something about a notice: sealed at once in its chain, told to the operator, and never taken back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.notification import Notification
from app.domain.service_message import SERVICE_KINDS
from app.domain.shipment import Milestone
from app.domain.statement import (
    METHOD,
    NOTICE_LEFT,
    PAPER_NOTICE_MISSING,
    REFERENCE_BYTES,
    Statement,
    StatementKind,
    reference_of,
    statements_about,
)
from app.evidence.canonical import canonical_json, format_time
from app.ports import Surroundings
from app.storage import anomalies as anomaly_store
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage import statements as statement_store
from app.storage.anomalies import Anomaly
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.shipments import lock_shipments
from app.usecases.end_chain import cancelled, let_others_speak
from app.usecases.note_anomaly import note_anomaly
from app.usecases.record_facts import FactSheet, new_fact_sheet, sealed_shipments


class Unsaid(Enum):
    """Why nothing was recorded."""

    NOBODY = "nobody"  # no such notification, or nobody any more to whom it was sent
    NOT_ASKED = "not_asked"  # what was said does not fit what the notification is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is said: of which kind, in which `words` (those of the button), and in which language they were read."""

    kind: StatementKind
    words: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The statement as it is kept; `is_new` unless the same had been said before."""

    statement: Statement
    is_new: bool


async def say_about_notice(
    tx: Tx, notification_id: UUID, saying: Saying, *, surroundings: Surroundings
) -> Recorded | Unsaid:
    """Seal what is said as a fact of the notification's chain (evidence log: `recipient.*`, grade 5).

    Who says the same again is given the first statement. That there is no paper notice is an anomaly of each item that
    the notification is about and of which a notice was left. Who says that it is not for them is told nothing more of
    these items at this contact point: what waits there is cancelled (`superseded`), what would follow suppressed
    (`opted_out`).
    """
    found = await outbox.by_id(tx, notification_id)
    if found is None or found.kind in SERVICE_KINDS:
        return Unsaid.NOBODY
    records = await recipient_store.by_ids(tx, [found.recipient], lock=True, for_update=True)
    record = records.get(found.recipient)
    if record is None or record.recipient is None:
        return Unsaid.NOBODY
    items = await items_of(tx, found)
    await lock_shipments(tx, items.keys())
    notification = (await outbox.lock(tx, [found.id]))[found.id]
    earlier = (await statement_store.of_notifications(tx, [found.id])).get(found.id, ())
    for statement in earlier:
        if statement.kind is saying.kind:
            return Recorded(statement=statement, is_new=False)
    known = await event_store.milestones(tx, items.keys())
    if saying.kind not in statements_about(notification.kind, kinds_of(known)):
        return Unsaid.NOT_ASKED
    act = _Act(
        saying=saying,
        notification=notification,
        record=record,
        items=items,
        sheet=await new_fact_sheet(tx, surroundings),
        surroundings=surroundings,
        now=surroundings.clock(),  # after the locks
    )
    return Recorded(statement=await act.record_in(tx, known), is_new=True)


async def items_of(tx: Tx, notification: Notification) -> dict[bytes, Notification]:
    """The notifications about the items of this one, by shipment: its own, and those for which it speaks, too.

    What is said of an incident of an area is said of no item.
    """
    if notification.kind in AREA_INCIDENT_KINDS:
        return {}
    merged = await outbox.merged_into(tx, [notification.id])
    about = [notification, *merged.get(notification.id, ())]
    return {n.shipment_index: n for n in reversed(about) if n.shipment_index}


def kinds_of(known: Mapping[bytes, Collection[Milestone]]) -> set[str]:
    """Of which kinds the events of these shipments are."""
    return {one.kind for many in known.values() for one in many}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    saying: Saying
    notification: Notification
    record: RecipientRecord
    items: Mapping[bytes, Notification] = field(repr=False)
    sheet: FactSheet
    surroundings: Surroundings
    now: datetime

    async def record_in(self, tx: Tx, known: Mapping[bytes, Sequence[Milestone]]) -> Statement:
        statement = Statement(
            id=self.surroundings.new_id(),
            notification=self.notification.id,
            recipient=self.record.id,
            kind=self.saying.kind,
            reference=await self._reference(tx),
            made_at=self.now,
        )
        longer = self.sheet.record_in_chain(
            self.notification,
            f"recipient.{self.saying.kind}",
            at=self.now,
            key=self.record.key,
            data={"method": METHOD, "reference": statement.reference},
            sealed={"statement": self._words()},
        )
        await outbox.save_all(tx, [longer])
        await statement_store.insert_one(tx, statement)
        match self.saying.kind:
            case StatementKind.DISPUTED:
                without = [index for index, many in known.items() if any(one.kind == NOTICE_LEFT for one in many)]
                await anomaly_store.insert_all(tx, await self._anomalies(tx, without))
            case StatementKind.MISDIRECTED:
                await self._tell_no_more(tx)
            case StatementKind.ACKNOWLEDGED:
                pass
        await self.sheet.write(tx)
        return statement

    def _words(self) -> bytes:
        return canonical_json(
            {
                "act": "notice_statement",
                "at": format_time(self.now),
                "language": self.saying.language,
                "method": METHOD,
                "notification": str(self.notification.id),
                "said": self.saying.kind,
                "words": self.saying.words,
            }
        )

    async def _reference(self, tx: Tx) -> str:
        """One that nobody has: of a million there, one in a million would be given twice."""
        reference = reference_of(self.surroundings.entropy(REFERENCE_BYTES))
        while await statement_store.is_given(tx, reference):
            reference = reference_of(self.surroundings.entropy(REFERENCE_BYTES))
        return reference

    async def _anomalies(self, tx: Tx, shipments: Collection[bytes]) -> list[Anomaly]:
        """That no notice is there, once of each of these shipments."""
        noted = await anomaly_store.of_shipments(tx, shipments)
        fresh = [
            index for index in shipments if PAPER_NOTICE_MISSING not in {each.code for each in noted.get(index, ())}
        ]
        of_items = {index: self.items[index].event for index in fresh}
        keys = {self.record.id: self.record.key}
        events = await event_store.decoded(tx, {event for event in of_items.values() if event}, keys)
        return [
            note_anomaly(
                self.sheet,
                PAPER_NOTICE_MISSING,
                self.record,
                new_id=self.surroundings.new_id(),
                shipment_index=index,
                shipments=sealed_shipments(events[event]) if event in events else None,
                now=self.now,
            )
            for index, event in of_items.items()
        ]

    async def _tell_no_more(self, tx: Tx) -> None:
        """End what waits to be told of these items at the contact point that got the notification."""
        waiting = [
            n
            for n, _ in await outbox.waiting_of_shipments(tx, self.items.keys())
            if (n.recipient, n.contact) == (self.record.id, self.notification.contact)
        ]
        ended = [cancelled(self.sheet, n, "superseded", at=self.now) for n in waiting]
        await outbox.save_all(tx, ended)
        await let_others_speak(tx, ended, now=self.now)
