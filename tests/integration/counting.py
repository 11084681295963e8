"""Counts figures, and reads what is counted: the figures, and the log's entries for a second count."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import person_keys
from app.storage.database import Database
from app.storage.tables import facts, figure_cursors, figures, leaves, recipients, tree_heads
from app.usecases.count_figures import BATCH_MAX, count_figures
from tests.second_figures import Entry, Key, count

CODES = {"poczta-polska:P_A": "notice_left", "poczta-polska:P_PA": "notice_left"}


async def count_all(database: Database, surroundings: Surroundings, *, limit: int = BATCH_MAX) -> int:
    """Turn after turn until nothing is left; how many turns found something."""
    turns = 0
    while await database.transact(lambda tx: count_figures(tx, surroundings=surroundings, limit=limit)):
        turns += 1
    return turns


async def counted(database: Database) -> Counter[Key]:
    """All figures as they stand."""
    async with database.read() as tx:
        rows = await tx.execute(select(figures))
        return Counter({(row[0], row[1].isoformat(), *row[2:-1]): row[-1] for row in rows})


async def cursors(database: Database) -> dict[str, int]:
    async with database.read() as tx:
        return {row.shard: row.size for row in await tx.execute(select(figure_cursors))}


async def entries_of(database: Database) -> dict[str, list[Entry]]:
    """Every sequenced entry, by shard in the order of their opening, as much of it open as can be opened now."""
    query = (
        select(leaves.c.shard, leaves.c.fact_id, recipients.c.operator)
        .join(tree_heads, tree_heads.c.shard == leaves.c.shard)
        .outerjoin(facts, facts.c.id == leaves.c.fact_id)
        .outerjoin(recipients, recipients.c.id == facts.c.recipient_id)
        .order_by(tree_heads.c.opened_at, leaves.c.leaf_index)
    )
    entries: dict[str, list[Entry]] = {}
    async with database.read() as tx:
        rows = list(await tx.execute(query))
        known = await fact_store.by_ids(tx, [row.fact_id for row in rows])
        keys = await person_keys.of_people(tx, {fact.recipient for fact in known.values() if fact.recipient})
    for row in rows:
        fact = known.get(row.fact_id)
        openings = fact.openings(keys.get(fact.recipient or UUID(int=0))) if fact else {}
        entry = Entry(
            document=json.loads(fact.document) if fact else None,
            openings={name: opening.value for name, opening in openings.items()},
            operator=row.operator,
        )
        entries.setdefault(row.shard, []).append(entry)
    return entries


@dataclass(slots=True)
class SecondCount:
    """Counts the log a second time, as far as the first count has come, in stretches: people are erased in between."""

    database: Database
    total: Counter[Key]
    codes: Mapping[str, str] = field(default_factory=lambda: CODES)
    passed: int = 0

    async def catch_up(self) -> Counter[Key]:
        """The figures of everything that is counted by now."""
        shards = await entries_of(self.database)
        done = await cursors(self.database)
        stretches = [entries[: done.get(shard, 0)] for shard, entries in shards.items()]
        everything = [entry for entries in stretches for entry in entries]
        self.total += count(everything, start=self.passed, end=len(everything), codes=self.codes)
        self.passed = len(everything)
        return self.total
