"""Record a provider's report about an attempt: kept whatever it says, applied once, never a step backwards."""

from app.domain.receipt import Receipt
from app.domain.settlement import waits_for_outcome
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage.database import Tx
from app.usecases.settle_attempts import open_book


async def record_receipt(tx: Tx, receipt: Receipt, *, surroundings: Surroundings) -> bool:
    """Keep the report and move its notification on; False when it was kept before or its attempt does not exist.

    A report that comes while an attempt is under way waits until that is settled.
    """
    attempt = await outbox.attempt(tx, receipt.attempt)
    if attempt is None:
        return False
    book = await open_book(tx, [attempt], surroundings)
    attempt = await outbox.attempt(tx, receipt.attempt) or attempt  # as it stands now that its row is locked
    notification = book.notifications[attempt.notification]
    record = book.records.get(notification.recipient)
    waits = waits_for_outcome(notification)
    late = False if waits else book.apply(attempt, receipt).late
    is_new = await receipt_store.insert_new(
        tx,
        surroundings.new_id(),
        receipt,
        key=record.key if record else None,
        received_at=book.now,
        applied=not waits,
        late=late,
    )
    if is_new:
        await book.write(tx)
    return is_new
