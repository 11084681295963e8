"""Row 4: facts sealed in full batches, against the driver inserting the same leaves with nothing but hashing."""

from collections.abc import Sequence
from time import perf_counter

from app.storage.database import Database
from app.storage.log import PendingEntry
from app.storage.sql import insert_rows
from app.storage.tables import pending_entries
from app.usecases.seal_log import BATCH_MAX, Sealer
from app.wiring import sealer_of
from tests.bench.bulk_log import made_up_entries
from tests.bench.deployments import Deployment
from tests.bench.direct_leaves import direct_leaves
from tests.bench.plan import Plan
from tests.bench.report import Ratio


async def sealing(deployment: Deployment, plan: Plan) -> Ratio:
    """One sealer with a queue that is never short of a batch: sequenced, re-read, signed, marked and published."""
    inserts = direct_leaves(deployment)
    ours, floor = [], []
    async with deployment.open() as database:
        sealer = sealer_of(deployment.settings, database)
        await sealer.start()
        for batches in (plan.warm_up_batches, *[plan.batches] * plan.rounds):
            entries = list(made_up_entries(batches * BATCH_MAX))
            await _queue(database, entries)
            ours.append(len(entries) / await _seal(sealer, len(entries)))
            floor.append(len(entries) / await inserts.write(_in_batches(entries)))
    return Ratio(
        what=f"facts sealed, {BATCH_MAX:,} at a time",
        database=deployment.name,
        floor_is="driver inserting the same leaves, hashed",
        unit="facts/s",
        ours=ours[1:],
        floor=floor[1:],
        aim=0.5,
    )


async def _queue(database: Database, entries: Sequence[PendingEntry]) -> None:
    async with database.write() as tx:
        rows = [{"fact_id": entry.fact, "commitment": entry.commitment} for entry in entries]
        await insert_rows(tx, pending_entries, rows)


async def _seal(sealer: Sealer, count: int) -> float:
    """How many seconds the sealer takes for everything that waits."""
    sealed, started = 0, perf_counter()
    while turned := await sealer.turn():
        sealed += turned
    seconds = perf_counter() - started
    if sealed != count:
        raise RuntimeError(f"{count} facts waited and {sealed} were sealed")
    return seconds


def _in_batches(entries: Sequence[PendingEntry]) -> list[Sequence[PendingEntry]]:
    return [entries[start : start + BATCH_MAX] for start in range(0, len(entries), BATCH_MAX)]
