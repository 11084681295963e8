"""Close the chains of notifications that were sent, or stay unknown, and of which nothing more was heard for 72 h."""

from dataclasses import replace

from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.usecases.end_chain import end_chain
from app.usecases.record_facts import new_fact_sheet

BATCH_MAX = 200


async def close_chains(tx: Tx, *, surroundings: Surroundings) -> int:
    """Write `notification.closed` for what is due; the number closed."""
    now = surroundings.clock()
    quiet = await outbox.due_to_close(tx, now=now, limit=BATCH_MAX)
    if not quiet:
        return 0
    sheet = await new_fact_sheet(tx, surroundings)
    closed = [
        end_chain(sheet, replace(notification, due_at=None), "notification.closed", at=now) for notification in quiet
    ]
    await outbox.save_all(tx, closed)
    await sheet.write(tx)
    return len(closed)
