"""What the log holds, in the order in which it was sealed, and the rules of that order."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.storage.database import Database
from app.storage.tables import facts, leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFact:
    """One entry of the log: its place, its leaf hash in hex, whom it concerns, and its document."""

    shard: str
    index: int
    leaf: str
    recipient: UUID | None
    document: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.document["type"])

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.document["data"])


async def sealed_facts(database: Database) -> list[SealedFact]:
    """Every sealed fact, by shard and index."""
    query = (
        select(leaves.c.shard, leaves.c.leaf_index, facts.c.leaf, facts.c.recipient_id, facts.c.document)
        .join(facts, facts.c.id == leaves.c.fact_id)
        .order_by(leaves.c.shard, leaves.c.leaf_index)
    )
    async with database.read() as tx:
        return [
            SealedFact(
                shard=row.shard,
                index=row.leaf_index,
                leaf=row.leaf.hex(),
                recipient=row.recipient_id,
                document=json.loads(row.document),
            )
            for row in await tx.execute(query)
        ]


def assert_in_order(sealed: Sequence[SealedFact]) -> None:
    """No gap, no entry before one that its document names, every chain in the order of `n`."""
    for _, shard in itertools.groupby(sealed, key=lambda fact: fact.shard):
        indexes = [fact.index for fact in shard]
        assert indexes == list(range(len(indexes)))
    before: set[str] = set()
    lengths: dict[str, int] = {}
    for fact in sealed:
        named = [fact.document["prev"], *fact.data.get("event_facts", []), fact.data.get("consent_fact")]
        assert before.issuperset(filter(None, named)), fact.type
        if fact.document["notification"] is not None:
            assert fact.document["n"] == lengths.get(fact.document["notification"], 0)
            lengths[fact.document["notification"]] = fact.document["n"] + 1
        before.add(fact.leaf)
