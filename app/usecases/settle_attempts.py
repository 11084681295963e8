"""Settle attempts: write down outcomes and receipts, move notifications on, end their chains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from app.domain.look_up import Found
from app.domain.notification import Attempt, Notification, Status
from app.domain.outcome import Accepted, NotSent, Outcome, Refused, Unknown
from app.domain.receipt import Receipt
from app.domain.settlement import ReceiptEffect, Settlement, apply_receipt, closes_at, is_closed, reconcile, settle
from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import person_keys
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.contact_failures import FailedContact
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.receipts import EarlyReceipt
from app.storage.recipients import RecipientRecord
from app.storage.vault import PersonKey
from app.usecases.end_chain import end_chain, opening_data
from app.usecases.note_failures import failure_of, note_failures
from app.usecases.record_facts import FactSheet, new_fact_sheet
from app.usecases.start_attempt import Claimed


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
    book.stopped = await _read_stopped(tx, ended, book.notifications)
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
    keys = await person_keys.of_notifications(tx, ids)
    return Book(
        surroundings=surroundings,
        keys=keys,
        notifications=await outbox.lock(tx, ids),
        early_receipts=await receipt_store.unapplied(tx, ids, keys),
        sheet=await new_fact_sheet(tx, surroundings),
        now=surroundings.clock(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What the suppression of a message at the last check says of its person and of why it had been planned."""

    records: Mapping[UUID, RecipientRecord] = field(default_factory=dict)
    openings: Mapping[UUID, StoredFact] = field(default_factory=dict)

    def of(self, notification: Notification) -> tuple[RecipientRecord | None, Mapping[str, object] | None]:
        """The person and what the opening fact says, where they were read."""
        opening = self.openings.get(notification.id)
        return self.records.get(notification.recipient), opening_data(opening) if opening else None


@dataclass(slots=True, kw_only=True)
class Book:
    """The notifications that one transaction settles, as they stand while it works.

    `stopped` has what a suppression repeats of people and opening facts, for those that are not sent for their sake.
    """

    surroundings: Surroundings
    keys: Mapping[UUID, PersonKey]
    notifications: dict[UUID, Notification]
    early_receipts: Mapping[UUID, Sequence[EarlyReceipt]]
    sheet: FactSheet
    now: datetime
    stopped: Stopped = field(default_factory=Stopped)
    _changed: set[UUID] = field(default_factory=set)
    _attempts: dict[UUID, Attempt] = field(default_factory=dict)
    _applied: list[UUID] = field(default_factory=list)
    _failed: list[FailedContact] = field(default_factory=list)
    _started: list[Attempt] = field(default_factory=list)

    def settle(self, attempt: Attempt, outcome: Outcome) -> None:
        """Write down the outcome, then the receipts that came before it."""
        notification = self.notifications[attempt.notification]
        result = settle(notification, outcome, now=self.now, jitter=self.surroundings.jitter())
        key = self.keys.get(notification.id)
        notification = self.sheet.record_in_chain(
            notification,
            result.attempt_fact,
            at=self.now,
            key=key,
            data=_said_of(attempt, outcome),
            sealed=_sealed_of(outcome) if key else {},  # an erased person's values cannot be kept
        )
        self._move(notification, attempt, result, outcome)
        self.note_failure(notification, attempt, outcome)
        for early in self.early_receipts.get(notification.id, ()):
            self.apply(self.as_it_stands(early.attempt), early.receipt)
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
            looks=0 if isinstance(outcome, Unknown) else notification.looks,
            resent=notification.resent if result.resent is None else result.resent,
        )
        if result.end_fact is not None:
            record, opening = self.stopped.of(notification)
            notification = end_chain(
                self.sheet, notification, result.end_fact, at=self.now, record=record, opening=opening
            )
        self._set(notification)

    def as_it_stands(self, attempt: Attempt) -> Attempt:
        """The attempt with what this transaction has learned of it."""
        return self._attempts.get(attempt.id, attempt)

    def _set(self, notification: Notification) -> None:
        self.notifications[notification.id] = notification
        self._changed.add(notification.id)

    def note_failure(self, notification: Notification, attempt: Attempt, said: Outcome | Receipt) -> None:
        """Keep what an outcome or a report says against the contact point, if it says anything."""
        if failure := failure_of(notification, attempt, said):
            self._failed.append(failure)

    def reconcile_late_answer(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Use an acceptance that arrived after the lease had run out; False when there is nothing to learn."""
        notification = self.notifications[attempt.notification]
        if notification.status is not Status.UNKNOWN or is_closed(notification) or not isinstance(outcome, Accepted):
            return False
        found = Found(provider_id=outcome.provider_id or "", code=outcome.code or "", reply=outcome.reply or b"")
        self.reconcile(attempt, found, method="late_answer")
        return True

    def reconcile(self, attempt: Attempt, found: Found, *, method: str) -> None:
        """Write down that the provider did take the message of an unknown attempt."""
        notification = self._record_reconciled(attempt, method=method, found=found)
        effect = reconcile(attempt, failed=found.failed, now=self.now)
        self._attempts[attempt.id] = replace(
            attempt, status=effect.attempt_status, code=found.code or attempt.code, ended_at=self.now
        )
        self._set(self._stand(notification, effect))
        for fact_type in effect.facts:
            self._set(end_chain(self.sheet, self.notifications[notification.id], fact_type, at=self.now))

    def give_up(self, attempt: Attempt) -> None:
        """Write down that nothing is left to look at: the attempt stays unknown, and in time its chain is closed."""
        notification = self.sheet.record_in_chain(
            self.notifications[attempt.notification],
            "attempt.unresolved",
            at=self.now,
            data={"attempt": attempt.number, "provider": attempt.provider},
        )
        self._set(replace(notification, unresolved=True, due_at=closes_at(attempt, self.now)))

    def look_again(self, notification: UUID, *, looks: int, at: datetime) -> None:
        """Note how many look-ups found nothing, and when the next step is due."""
        self._set(replace(self.notifications[notification], looks=looks, due_at=at))

    def start(self, claimed: Claimed) -> None:
        """Write down an attempt that was started within this transaction."""
        self._set(claimed.notification)
        self._started.append(claimed.attempt)

    def apply(self, attempt: Attempt, receipt: Receipt) -> ReceiptEffect:
        """Write down what a receipt does to its notification."""
        effect = apply_receipt(self.notifications[attempt.notification], attempt, receipt.status, now=self.now)
        for fact_type in effect.facts:
            self._record_receipt_fact(fact_type, attempt, receipt, effect)
        if effect.attempt_status is not attempt.status:
            self._attempts[attempt.id] = replace(
                attempt, status=effect.attempt_status, ended_at=attempt.ended_at or self.now
            )
        notification = self.notifications[attempt.notification]
        self._set(self._stand(notification, effect))
        return effect

    @staticmethod
    def _stand(notification: Notification, effect: ReceiptEffect) -> Notification:
        return replace(
            notification,
            status=effect.status,
            failure=effect.failure,
            due_at=effect.due_at,
            unresolved=notification.unresolved and effect.status is Status.UNKNOWN,
            lease=None,
        )

    def _record_receipt_fact(self, fact_type: str, attempt: Attempt, receipt: Receipt, effect: ReceiptEffect) -> None:
        notification = self.notifications[attempt.notification]
        if fact_type == "attempt.reconciled":
            found = Found(provider_id=receipt.provider_id or "", code="", reply=b"")
            self._set(self._record_reconciled(attempt, method=receipt.via, found=found))
        elif fact_type.startswith("notification."):
            standing = replace(notification, status=effect.status, failure=effect.failure)
            self._set(end_chain(self.sheet, standing, fact_type, at=self.now))
        else:
            key = self.keys.get(notification.id)
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

    def _record_reconciled(self, attempt: Attempt, *, method: str, found: Found) -> Notification:
        notification = self.notifications[attempt.notification]
        key = self.keys.get(notification.id)
        return self.sheet.record_in_chain(
            notification,
            "attempt.reconciled",
            at=self.now,
            key=key,
            data={
                "attempt": attempt.number,
                "provider": attempt.provider,
                "code": found.code or None,
                "method": method,
            },
            sealed={"provider_id": found.provider_id.encode() or None, "provider_reply": found.reply or None}
            if key
            else {},
        )

    async def write(self, tx: Tx) -> None:
        """Write what changed: notifications, attempts, receipts, failures, facts."""
        await outbox.save_all(tx, [self.notifications[each] for each in sorted(self._changed)])
        await outbox.save_attempts(tx, list(self._attempts.values()))
        await outbox.insert_attempts(tx, self._started)
        if self._applied:
            await receipt_store.mark_applied(tx, self._applied)
        await note_failures(tx, self._failed, surroundings=self.surroundings)
        await self.sheet.write(tx)


async def _read_stopped(tx: Tx, ended: Sequence[Ended], notifications: Mapping[UUID, Notification]) -> Stopped:
    stopped = [
        notifications[item.attempt.notification]
        for item in ended
        if isinstance(item.outcome, NotSent) and item.outcome.stage == "consent"
    ]
    if not stopped:
        return Stopped()
    return Stopped(
        records=await recipient_store.by_ids(tx, {n.recipient for n in stopped}),
        openings=await fact_store.first_of_notifications(tx, [n.id for n in stopped]),
    )


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
