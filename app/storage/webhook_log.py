"""The published log as those read it who are told of what happened: stretches of it, in its order, by operator."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_

from app.domain.webhook import Place
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.sql import one_of
from app.storage.tables import checkpoints, facts, leaves, notifications, recipients, tree_heads

_PUBLISHED = func.coalesce(
    select(func.max(checkpoints.c.size)).where(checkpoints.c.shard == tree_heads.c.shard).scalar_subquery(), 0
)
_whose = func.coalesce(notifications.c.operator, recipients.c.operator)
_SHARDS = select(tree_heads.c.shard, _PUBLISHED.label("published"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries [start, end) of a shard, all published. `after` is the place behind them."""

    shard: str
    start: int
    end: int

    @property
    def after(self) -> Place:
        """Where the next one begins."""
        return Place(shard=self.shard, index=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFact:
    """A fact of one operator, where it stands in the log, and of which notification it is, if of one."""

    shard: str
    index: int
    fact: StoredFact
    operator: str
    notification: UUID | None


async def newest_place(tx: Tx) -> Place | None:
    """Behind everything that is published; None before the log was opened."""
    row = (await tx.execute(_SHARDS.order_by(tree_heads.c.opened_at.desc()).limit(1))).one_or_none()
    return Place(shard=row.shard, index=row.published) if row else None


async def first_place(tx: Tx) -> Place | None:
    """Before everything that is published; None before the log was opened."""
    shard = (
        await tx.execute(select(tree_heads.c.shard).order_by(tree_heads.c.opened_at).limit(1))
    ).scalar_one_or_none()
    return Place(shard=shard, index=0) if shard else None


async def is_known(tx: Tx, place: Place) -> bool:
    """Whether there is such a place in the published log."""
    published = (await tx.execute(_SHARDS.where(tree_heads.c.shard == place.shard))).one_or_none()
    return published is not None and place.index <= published.published


async def stretch_after(tx: Tx, place: Place, *, limit: int) -> Stretch | None:
    """The next up to `limit` entries behind a place, of one shard; None at the end of what is published.

    A shard is begun once the one before it is read to its end: it is opened only when nothing more comes there.
    """
    opened = select(tree_heads.c.opened_at).where(tree_heads.c.shard == place.shard).scalar_subquery()
    query = _SHARDS.where(tree_heads.c.opened_at >= opened).order_by(tree_heads.c.opened_at)
    for row in await tx.execute(query):
        start = place.index if row.shard == place.shard else 0
        if row.published > start:
            return Stretch(shard=row.shard, start=start, end=min(start + limit, row.published))
    return None


async def facts_in(tx: Tx, stretch: Stretch, *, operator: str, types: Collection[str]) -> list[ToldFact]:
    """The facts of these types in a stretch that are of that operator, in order.

    Entries whose fact was lost or retired have none, nor have those about which no row says any more whose they are.
    """
    query = _facts(tx, types).where(
        leaves.c.shard == stretch.shard,
        leaves.c.leaf_index >= stretch.start,
        leaves.c.leaf_index < stretch.end,
        _whose == operator,
    )
    return [_told(row) for row in await tx.execute(query.order_by(leaves.c.leaf_index))]


async def facts_at(
    tx: Tx, places: Iterable[tuple[str, int]], *, operator: str, types: Collection[str]
) -> dict[tuple[str, int], ToldFact]:
    """The same for these entries, by shard and index."""
    wanted = list(places)
    if not wanted:
        return {}
    query = _facts(tx, types).where(tuple_(leaves.c.shard, leaves.c.leaf_index).in_(wanted), _whose == operator)
    return {(row.shard, row.leaf_index): _told(row) for row in await tx.execute(query)}


_FACTS: Select[Any] = (
    select(
        leaves.c.shard,
        leaves.c.leaf_index,
        facts.c.id,
        facts.c.type,
        facts.c.recipient_id,
        facts.c.notification_id,
        facts.c.document,
        facts.c.sealed,
        _whose.label("operator"),
    )
    .select_from(leaves)
    .join(facts, facts.c.id == leaves.c.fact_id)
    .outerjoin(notifications, notifications.c.id == facts.c.notification_id)
    .outerjoin(recipients, recipients.c.id == facts.c.recipient_id)
)


def _facts(tx: Tx, types: Collection[str]) -> Select[Any]:
    return _FACTS.where(one_of(tx, facts.c.type, types))


def _told(row: Any) -> ToldFact:
    fact = StoredFact(
        id=row.id,
        type=row.type,
        recipient=row.recipient_id,
        document=row.document,
        salt=b"",
        leaf=b"",
        sealed=row.sealed,
    )
    return ToldFact(
        shard=row.shard, index=row.leaf_index, fact=fact, operator=row.operator, notification=row.notification_id
    )
