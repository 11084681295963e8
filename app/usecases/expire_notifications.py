"""End notifications whose news is too old to be sent, also where no provider is there to claim them."""

from dataclasses import replace

from app.domain.notification import Status
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.usecases.end_chain import end_chain, let_others_speak
from app.usecases.record_facts import new_fact_sheet

BATCH_MAX = 200


async def expire_notifications(tx: Tx, *, surroundings: Surroundings) -> int:
    """Write `notification.expired` for what waits past its `expires_at`; the number ended."""
    overdue = await outbox.overdue(tx, now=surroundings.clock(), limit=BATCH_MAX)
    if not overdue:
        return 0
    sheet = await new_fact_sheet(tx, surroundings)
    now = surroundings.clock()
    ended = [
        end_chain(sheet, replace(n, status=Status.EXPIRED, due_at=None), "notification.expired", at=now)
        for n in overdue
    ]
    await outbox.save_all(tx, ended)
    await let_others_speak(tx, ended, now=now)
    await sheet.write(tx)
    return len(ended)
