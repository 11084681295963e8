"""Settle attempts: write down outcomes and receipts, move notifications on, end their chains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Refused, Unknown
from app.domain.receipt import Receipt
from app.domain.settlement import ReceiptEffect, Settlement, apply_receipt, is_closed, settle
from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.receipts import StoredReceipt
from app.storage.recipients import RecipientRecord
from app.storage.vault import PersonKey
from app.usecases.end_chain import end_chain, opening_data
from app.usecases.record_facts import FactSheet, new_fact_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The outcome of one attempt, and the lease under which it was made."""

    attempt: Attempt
    lease: UUID
    outcome: Outcome


async def settle_attempts(tx: Tx, ended: Sequence[Ended], *, surroundings: Surroundings) -> list[bool]:
    """Write down outcomes, each only while its lease still holds; tells for each whether it did.

    An attempt whose lease ran out was declared unknown meanwhile. If the provider did accept it, that is evidence
    and reconciles it; any other late outcome changes nothing.
    """
    book = await open_book(tx, [item.attempt for item in ended], surroundings)
    settled = []
    for item in ended:
        notification = book.notifications[item.attempt.notification]
        if notification.lease == item.lease:
            book.settle(item.attempt, item.outcome)
            settled.append(True)
        else:
            settled.append(book.reconcile_late_answer(item.attempt, item.outcome))
    await book.write(tx)
    return settled


async def open_book(tx: Tx, attempts: Sequence[Attempt], surroundings: Surroundings) -> "Book":
    """Lock the notifications of these attempts and read everything that settling them depends on.

    First their recipients: whoever is erased meanwhile would leave us with a key that must not be used any more.
    """
    ids = {attempt.notification for attempt in attempts}
    records = await recipient_store.by_ids(tx, await outbox.recipients_of(tx, ids), lock=True)
    notifications = await outbox.lock(tx, ids)
    tried = await outbox.attempts_of(tx, notifications)
    keys = {
        attempt.id: records[n.recipient].key if n.recipient in records else None
        for n in notifications.values()
        for attempt in tried.get(n.id, ())
    }
    return Book(
        now=surroundings.clock(),
        surroundings=surroundings,
        sheet=await new_fact_sheet(tx, surroundings),
        notifications=notifications,
        records=records,
        tried=tried,
        waiting_receipts=await receipt_store.unapplied(tx, keys),
        openings=await fact_store.first_of_notifications(tx, notifications),
    )


@dataclass(slots=True, kw_only=True)
class Book:
    """The notifications that one transaction settles, as they stand while it works."""

    now: datetime
    surroundings: Surroundings
    sheet: FactSheet
    notifications: dict[UUID, Notification]
    records: Mapping[UUID, RecipientRecord]
    tried: Mapping[UUID, Sequence[Attempt]]
    waiting_receipts: Mapping[UUID, Sequence[StoredReceipt]]
    openings: Mapping[UUID, fact_store.StoredFact]
    _attempts: dict[UUID, Attempt] = field(default_factory=dict)
    _applied: list[UUID] = field(default_factory=list)

    def settle(self, attempt: Attempt, outcome: Outcome) -> None:
        """Write down the outcome, then the receipts that came before it."""
        notification = self.notifications[attempt.notification]
        result = settle(notification, outcome, now=self.now, jitter=self.surroundings.jitter())
        key = self._key(notification)
        notification = self.sheet.record_in_chain(
            notification,
            result.attempt_fact,
            at=self.now,
            key=key,
            data=_said_of(attempt, outcome),
            sealed=_sealed_of(outcome) if key else {},  # an erased person's values cannot be kept
        )
        self._move(notification, attempt, result, outcome)
        self._apply_waiting(notification.id)

    def _apply_waiting(self, notification: UUID) -> None:
        for attempt in self.tried.get(notification, ()):
            for early in self.waiting_receipts.get(attempt.id, ()):
                self.apply(self._attempts.get(attempt.id, attempt), early.receipt)
                self._applied.append(early.id)

    def _move(self, notification: Notification, attempt: Attempt, result: Settlement, outcome: Outcome) -> None:
        self._attempts[attempt.id] = replace(
            attempt, status=result.attempt_status, code=outcome.code, ended_at=self.now
        )
        notification = replace(
            notification,
            status=result.status,
            reason=result.reason,
            failure=result.failure,
            due_at=result.due_at,
            lease=None,
        )
        if result.end_fact is not None:
            notification = end_chain(
                self.sheet,
                notification,
                result.end_fact,
                at=self.now,
                record=self.records.get(notification.recipient),
                opening=opening_data(self.openings[notification.id]),
            )
        self.notifications[notification.id] = notification

    def reconcile_late_answer(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Use an acceptance that arrived after the lease had run out; False when there is nothing to learn."""
        notification = self.notifications[attempt.notification]
        if notification.status is not Status.UNKNOWN or is_closed(notification) or not isinstance(outcome, Accepted):
            return False
        self._record_reconciled(attempt, method="late_answer", provider_id=outcome.provider_id)
        self._attempts[attempt.id] = replace(
            attempt, status=AttemptStatus.ACCEPTED, code=outcome.code, ended_at=self.now
        )
        self.notifications[attempt.notification] = replace(self.notifications[attempt.notification], status=Status.SENT)
        return True

    def apply(self, attempt: Attempt, receipt: Receipt) -> ReceiptEffect:
        """Write down what a receipt does to its notification."""
        effect = apply_receipt(self.notifications[attempt.notification], attempt, receipt.status, now=self.now)
        for fact_type in effect.facts:
            self._record_receipt_fact(fact_type, attempt, receipt, effect)
        if effect.attempt_status is not attempt.status:
            self._attempts[attempt.id] = replace(
                attempt, status=effect.attempt_status, ended_at=attempt.ended_at or self.now
            )
        self.notifications[attempt.notification] = replace(
            self.notifications[attempt.notification],
            status=effect.status,
            failure=effect.failure,
            due_at=effect.due_at,
            lease=None,
        )
        return effect

    def _record_receipt_fact(self, fact_type: str, attempt: Attempt, receipt: Receipt, effect: ReceiptEffect) -> None:
        notification = self.notifications[attempt.notification]
        if fact_type == "attempt.reconciled":
            self._record_reconciled(attempt, method=receipt.via, provider_id=receipt.provider_id)
        elif fact_type.startswith("notification."):
            standing = replace(notification, status=effect.status, failure=effect.failure)
            self.notifications[notification.id] = end_chain(self.sheet, standing, fact_type, at=self.now)
        else:
            key = self._key(notification)
            self.notifications[notification.id] = self.sheet.record_in_chain(
                notification,
                fact_type,
                at=self.now,
                key=key,
                data={
                    "attempt": attempt.number,
                    "provider": receipt.provider,
                    "code": receipt.code,
                    "claimed_at": receipt.claimed_at,
                    "via": receipt.via,
                    "signature": receipt.signature,
                },
                sealed={"receipt": receipt.raw} if key else {},
            )

    def _record_reconciled(self, attempt: Attempt, *, method: str, provider_id: str | None) -> None:
        notification = self.notifications[attempt.notification]
        key = self._key(notification)
        self.notifications[notification.id] = self.sheet.record_in_chain(
            notification,
            "attempt.reconciled",
            at=self.now,
            key=key,
            data={"attempt": attempt.number, "provider": attempt.provider, "method": method},
            sealed={"provider_id": provider_id.encode()} if key and provider_id else {},
        )

    def _key(self, notification: Notification) -> PersonKey | None:
        record = self.records.get(notification.recipient)
        return record.key if record else None

    async def write(self, tx: Tx) -> None:
        """Write notifications, attempts, receipts and facts."""
        await outbox.save_all(tx, list(self.notifications.values()))
        await outbox.save_attempts(tx, list(self._attempts.values()))
        if self._applied:
            await receipt_store.mark_applied(tx, self._applied)
        await self.sheet.write(tx)


def _said_of(attempt: Attempt, outcome: Outcome) -> dict[str, object]:
    data: dict[str, object] = {"attempt": attempt.number, "provider": attempt.provider, "code": outcome.code}
    match outcome:
        case Accepted(peer=peer):
            return data | {"peer": peer}
        case Refused(stage=stage) | NotSent(stage=stage) | Unknown(stage=stage):
            return data | {"stage": stage}
        case _:
            assert_never(outcome)


def _sealed_of(outcome: Outcome) -> dict[str, bytes | None]:
    provider_id = outcome.provider_id if isinstance(outcome, Accepted) else None
    return {"provider_reply": outcome.reply, "provider_id": provider_id.encode() if provider_id else None}
