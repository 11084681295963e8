"""Give up attempts whose worker never came back: nobody can know what became of them, so they are unknown."""

from app.domain.outcome import Unknown
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage.database import Tx
from app.usecases.settle_attempts import open_book

BATCH_MAX = 200


async def expire_leases(tx: Tx, *, surroundings: Surroundings) -> int:
    """Settle as unknown what was being sent when its lease ran out; never sent again. The number settled."""
    stuck = await outbox.out_of_lease(tx, now=surroundings.clock(), limit=BATCH_MAX)
    if not stuck:
        return 0
    attempts = await outbox.attempts_of(tx, [n.id for n in stuck])
    newest = [attempts[n.id][-1] for n in stuck]
    book = await open_book(tx, newest, surroundings)
    for attempt in newest:
        book.settle(attempt, Unknown(stage="process", code="lease_expired"))
    await book.write(tx)
    return len(stuck)
