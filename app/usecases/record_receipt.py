"""Record what providers report about attempts: kept whatever it says, applied once, never a step backwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.notification import Attempt
from app.domain.receipt import Receipt, ReceiptStatus
from app.domain.settlement import is_late, waits_for_outcome
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage.database import Tx
from app.usecases.keep_stray import keep_stray, stray_of
from app.usecases.settle_attempts import Book, open_book


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a report. `is_new`: it was not known; `attempt_started_at` is None where there is no such attempt.

    `ends`: it tells how the attempt ended.
    """

    is_new: bool
    provider: str
    attempt_started_at: datetime | None
    ends: bool

    @property
    def fate(self) -> str:
        """`recorded`, `repeated` or `stray`."""
        if self.attempt_started_at is None:
            return "stray"
        return "recorded" if self.is_new else "repeated"


async def record_receipts(tx: Tx, receipts: Sequence[Receipt], *, surroundings: Surroundings) -> list[Recorded]:
    """Keep reports and move their notifications on, in order; what became of each.

    One that comes while an attempt is under way waits until that is settled; one of an attempt that the database has
    lost is kept apart.
    """
    known = await outbox.attempts_by_id(tx, {each.attempt for each in receipts})
    book = await open_book(tx, list(known.values()), surroundings) if known else None
    known = await outbox.attempts_by_id(tx, known)  # as they stand now that their rows are locked
    recorded = []
    for receipt in receipts:
        attempt = known.get(receipt.attempt)
        if attempt is None or book is None:
            is_new = await keep_stray(tx, stray_of(receipt), surroundings=surroundings)
        else:
            is_new = await _record(tx, book, attempt, receipt)
        recorded.append(
            Recorded(
                is_new=is_new,
                provider=receipt.provider,
                attempt_started_at=attempt.started_at if attempt else None,
                ends=receipt.status is not ReceiptStatus.PROGRESS,
            )
        )
    if book is not None:
        await book.write(tx)
    return recorded


async def _record(tx: Tx, book: Book, attempt: Attempt, receipt: Receipt) -> bool:
    notification = book.notifications[attempt.notification]
    waits = waits_for_outcome(notification)
    is_new = await receipt_store.insert_new(
        tx,
        book.surroundings.new_id(),
        receipt,
        key=book.keys.get(notification.id),
        received_at=book.now,
        applied=not waits,
        late=is_late(notification, receipt.status),
    )
    if is_new:
        book.note_failure(notification, attempt, receipt)  # now: a report that waits is kept without whose fault it is
    if is_new and not waits:
        book.apply(book.as_it_stands(attempt), receipt)
    return is_new
