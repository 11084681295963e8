"""Let go of what was kept long enough: ended holds, deferred erasures, old values, strangers, marks, skeletons."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from app.domain.retention import Retention
from app.ports import Surroundings
from app.storage import contact_marks, erasure, legal_holds, retention, skeletons
from app.storage import recipients as recipient_store
from app.storage.database import Database, Tx
from app.usecases.end_hold import end_hold
from app.usecases.erase_recipient import LEGAL_BASIS, record_erasure
from app.usecases.record_facts import new_fact_sheet

BATCH_MAX = 500
PEOPLE_MAX = 50

# Who acts when time does.
ACTOR = "retention"

# What younger facts may name (an event, a consent that was withdrawn since) is kept so much longer than they are.
CONTEXT_YEARS = 1

Step = Callable[[Tx, Retention, Surroundings], Awaitable[int]]


async def keep_retention(database: Database, *, policy: Retention, surroundings: Surroundings) -> int:
    """Do one batch of each kind of work, each in its own transaction; how many rows were worked on.

    Bounded, and cheap when there is nothing to do. Call it again at once while it finds work. Any number of workers
    may do so; broken off anywhere, the next run goes on.
    """
    done = 0
    for step in STEPS:
        done += await database.transact(lambda tx, step=step: step(tx, policy, surroundings))  # type: ignore[misc]
    return done


async def _lift_ended_holds(tx: Tx, _policy: Retention, surroundings: Surroundings) -> int:
    ended = await legal_holds.ended(tx, now=surroundings.clock(), limit=PEOPLE_MAX)
    if not ended:
        return 0
    records = await recipient_store.by_ids(tx, ended, lock=True, for_update=True, skip=True)
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    lifted = 0
    for record in records.values():
        hold = await legal_holds.of_recipient(tx, record.id, record.key)
        if hold is not None and hold.until <= now:  # nobody lifted or extended it before we had the lock
            await end_hold(tx, sheet, record, actor=ACTOR, act="expired", at=now)
            lifted += 1
    await sheet.write(tx)
    return lifted


async def _carry_out_erasures(tx: Tx, _policy: Retention, surroundings: Surroundings) -> int:
    """Erase those whose erasure nothing defers any more. What they had waiting was cancelled when it was asked for."""
    asked_by = await recipient_store.awaiting_erasure(tx, limit=PEOPLE_MAX)
    if not asked_by:
        return 0
    records = await recipient_store.by_ids(tx, asked_by, lock=True, for_update=True, skip=True)
    held = await legal_holds.held(tx, records)
    due = [record for record in records.values() if record.id not in held]
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    for record in due:
        record_erasure(sheet, record.id, actor=asked_by[record.id], legal_basis=LEGAL_BASIS, at=now)
    await erasure.destroy(tx, [record.id for record in due], now=now)
    await sheet.write(tx)
    return len(due)


async def _forget_events(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.values_before(surroundings.clock())
    count, owners = await retention.forget_events(tx, before=before, limit=BATCH_MAX)
    await _erase_strangers(tx, owners, before, surroundings)
    return count


async def _forget_strangers(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    """Those of whom no event was kept, or whose events all went before they were looked at."""
    before = policy.values_before(surroundings.clock())
    people = await retention.aged_recipients(tx, before=before, limit=BATCH_MAX)
    await _erase_strangers(tx, people, before, surroundings)
    return len(people)


async def _erase_strangers(tx: Tx, people: set[UUID], before: UUID, surroundings: Surroundings) -> None:
    """Erase those whom nobody registered and of whom nothing younger is known (GDPR art. 5 (1) (e))."""
    strangers = await retention.forgotten_strangers(tx, people, before=before) if people else []
    if not strangers:
        return
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    for stranger in strangers:
        record_erasure(sheet, stranger, actor=ACTOR, legal_basis="gdpr_5_1_e", at=now)
    await erasure.destroy(tx, strangers, now=now)
    await sheet.write(tx)


async def _forget_facts(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_facts(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _forget_receipts(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_receipts(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _forget_notifications(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_notifications(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _end_marks(tx: Tx, _policy: Retention, surroundings: Surroundings) -> int:
    return await contact_marks.delete_ended(tx, now=surroundings.clock(), limit=BATCH_MAX)


async def _retire_notifications(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock())
    return await skeletons.retire_notifications(tx, before=before, limit=BATCH_MAX)


async def _retire_events(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock(), years_more=CONTEXT_YEARS)
    return await skeletons.retire_events(tx, before=before, limit=BATCH_MAX)


async def _retire_facts(tx: Tx, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock(), years_more=CONTEXT_YEARS)
    return await skeletons.retire_facts(tx, before=before, limit=BATCH_MAX)


STEPS: Sequence[Step] = (
    _lift_ended_holds,
    _carry_out_erasures,
    _forget_events,
    _forget_strangers,
    _forget_facts,
    _forget_receipts,
    _forget_notifications,
    _end_marks,
    _retire_notifications,
    _retire_events,
    _retire_facts,
)
