"""Let go of what was kept long enough: ended holds, deferred erasures, old values, couriers, marks, skeletons."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from app.domain.calendar import local_day
from app.domain.retention import Retention, months_later
from app.ports import Surroundings
from app.storage import (
    complaints,
    contact_failures,
    contact_marks,
    erasure,
    figures,
    inbound_messages,
    legal_holds,
    retention,
    skeletons,
    stray_receipts,
    support_acts,
)
from app.storage import recipients as recipient_store
from app.storage.database import Database, Tx
from app.storage.journal import empty_journal
from app.usecases.end_hold import end_hold
from app.usecases.erase_recipient import LEGAL_BASIS, record_erasure
from app.usecases.record_facts import new_fact_sheet

BATCH_MAX = 500
PEOPLE_MAX = 50

# Who acts when time does.
ACTOR = "retention"

# What younger facts may name (an event, a consent that was withdrawn since) is kept so much longer than they are.
CONTEXT_YEARS = 1

# How long it is known what people wrote to our numbers, so that nothing is carried out twice.
ANSWER_MONTHS = 13


async def keep_retention(database: Database, *, policy: Retention, surroundings: Surroundings) -> int:
    """Do one batch of each kind of work, each in its own transaction; how many rows were worked on.

    Bounded, and cheap when there is nothing to do. Call it again at once while it finds work. Any number of workers
    may do so; broken off anywhere, the next run goes on.
    """
    done = 0
    steps: list[Callable[..., Awaitable[int]]] = [*_AT_THEIR_END, *(partial(step, policy=policy) for step in _BY_AGE)]
    for step in steps:
        done += await database.transact(partial(step, surroundings=surroundings))
    if done:
        await empty_journal(database)
    return done


async def _lift_ended_holds(tx: Tx, *, surroundings: Surroundings) -> int:
    ended = await legal_holds.ended(tx, now=surroundings.clock(), limit=PEOPLE_MAX)
    if not ended:
        return 0
    locked = await recipient_store.lock(tx, ended)
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    lifted = await legal_holds.ended(tx, now=now, limit=PEOPLE_MAX, among=locked)  # nobody extended it in between
    for person in lifted:
        await end_hold(tx, sheet, person, actor=ACTOR, act="expired", at=now)
    await sheet.write(tx)
    return len(lifted)


async def _carry_out_erasures(tx: Tx, *, surroundings: Surroundings) -> int:
    """Erase those whose erasure nothing defers any more. What they had waiting was cancelled when it was asked for."""
    awaiting = await recipient_store.awaiting_erasure(tx, limit=PEOPLE_MAX)
    if not awaiting:
        return 0
    locked = await recipient_store.lock(tx, awaiting)
    asked_by = await recipient_store.awaiting_erasure(tx, limit=PEOPLE_MAX, among=locked)
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    for person, actor in asked_by.items():
        record_erasure(sheet, person, actor=actor, legal_basis=LEGAL_BASIS, at=now)
    await erasure.destroy(tx, asked_by, now=now)
    await sheet.write(tx)
    return len(asked_by)


async def _forget_events(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.values_before(surroundings.clock())
    count, owners = await retention.forget_events(tx, before=before, limit=BATCH_MAX)
    await _erase_strangers(tx, owners, before, surroundings)
    return count


async def _forget_strangers(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
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


async def _forget_facts(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_facts(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _forget_receipts(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_receipts(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _forget_notifications(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    return await retention.forget_notifications(tx, before=policy.values_before(surroundings.clock()), limit=BATCH_MAX)


async def _forget_failures(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.values_before(surroundings.clock())
    return await contact_failures.delete_before(tx, before=before, limit=BATCH_MAX)


async def _forget_strays(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.values_before(surroundings.clock())
    return await stray_receipts.delete_before(tx, before=before, limit=BATCH_MAX)


async def _forget_complaints(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.values_before(surroundings.clock())
    return await complaints.delete_before(tx, before=before, limit=BATCH_MAX)


async def _forget_support(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    """What timelines show of it; the sealed facts stay."""
    before = policy.values_before(surroundings.clock())
    return await support_acts.delete_before(tx, before=before, limit=BATCH_MAX)


async def _forget_couriers(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    """Figures stay; which courier they are about goes with the events that said so."""
    before = local_day(months_later(surroundings.clock(), -policy.months))
    return await figures.forget_couriers(tx, before=before, limit=BATCH_MAX)


async def _end_marks(tx: Tx, *, surroundings: Surroundings) -> int:
    return await contact_marks.delete_ended(tx, now=surroundings.clock(), limit=BATCH_MAX)


async def _forget_answers(tx: Tx, *, surroundings: Surroundings) -> int:
    before = months_later(surroundings.clock(), -ANSWER_MONTHS)
    return await inbound_messages.delete_before(tx, before=before, limit=BATCH_MAX)


async def _retire_notifications(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock())
    return await skeletons.retire_notifications(tx, before=before, limit=BATCH_MAX)


async def _retire_events(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock(), years_more=CONTEXT_YEARS)
    return await skeletons.retire_events(tx, before=before, limit=BATCH_MAX)


async def _retire_facts(tx: Tx, *, policy: Retention, surroundings: Surroundings) -> int:
    before = policy.skeletons_before(surroundings.clock(), years_more=CONTEXT_YEARS)
    return await skeletons.retire_facts(tx, before=before, limit=BATCH_MAX)


_AT_THEIR_END = (_lift_ended_holds, _carry_out_erasures, _end_marks, _forget_answers)
_BY_AGE = (
    _forget_events,
    _forget_strangers,
    _forget_facts,
    _forget_receipts,
    _forget_notifications,
    _forget_failures,
    _forget_strays,
    _forget_complaints,
    _forget_support,
    _forget_couriers,
    _retire_notifications,
    _retire_events,
    _retire_facts,
)
