"""When each duty was last done well, and the stretches during which one was not."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, insert, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.duty import Downtime, Duty, Stretch
from app.storage.database import Tx
from app.storage.sql import locked, one_of
from app.storage.tables import downtimes, duties, facts, leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDowntime:
    """A downtime that has ended; `leaf` is the leaf hash of the fact that says so."""

    id: UUID
    stretch: Stretch
    leaf: bytes


async def fine_moments(tx: Tx, names: Collection[Duty] | None = None, *, lock: bool = False) -> dict[Duty, datetime]:
    """When each of these duties, or each of all, was last done well by anybody; `lock`: to be reported."""
    query = select(duties).order_by(duties.c.name)
    if names is not None:
        query = query.where(one_of(tx, duties.c.name, names))
    return {Duty(row.name): row.fine_at for row in await tx.execute(locked(tx, query) if lock else query)}


async def report(tx: Tx, moments: Mapping[Duty, datetime]) -> None:
    """Somebody did these duties well at these moments; what is known of later ones stays."""
    make = postgresql.insert if tx.is_postgres else sqlite.insert
    statement = make(duties)
    new = statement.excluded.fine_at
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"fine_at": new}, where=duties.c.fine_at < new
    )
    rows = [{"name": duty, "fine_at": moment} for duty, moment in sorted(moments.items())]
    if rows:
        await tx.execute(statement, rows)


async def give_up(tx: Tx, names: Collection[Duty]) -> None:
    """Nobody owes these any more."""
    await tx.execute(delete(duties).where(one_of(tx, duties.c.name, names)))


async def insert_all(tx: Tx, new: Iterable[NewDowntime]) -> None:
    """Write new downtimes, at least one."""
    rows = [
        {
            "id": each.id,
            "duty": each.stretch.duty,
            "began_at": each.stretch.began_at,
            "ended_at": each.stretch.ended_at,
            "fact_leaf": each.leaf,
        }
        for each in new
    ]
    await tx.execute(insert(downtimes), rows)


async def newest(tx: Tx, *, since: datetime, limit: int) -> list[Downtime]:
    """Up to `limit` downtimes that ended at `since` or later, the last to end first, with their facts' places."""
    ended = select(downtimes).where(downtimes.c.ended_at >= since)
    newest_first = ended.order_by(downtimes.c.ended_at.desc(), downtimes.c.id.desc()).limit(limit)
    return _downtimes(await tx.execute(_placed(newest_first)))


async def first_ended_after(tx: Tx, since: Mapping[Duty, datetime], *, limit: int) -> list[Downtime]:
    """Of each duty the first `limit` downtimes that ended after its moment, the last to end first; with their places.

    `since` has a moment for every duty.
    """
    given = {duty.value: moment for duty, moment in since.items()}
    return _downtimes(await tx.execute(_FIRST_ENDED_AFTER, {**given, "limit": limit}))


async def count_within(tx: Tx, since: Mapping[Duty, datetime], until: datetime) -> int:
    """How many downtimes of these duties lasted beyond the duty's moment and began before `until`."""
    lasted = [(downtimes.c.duty == duty) & (downtimes.c.ended_at > moment) for duty, moment in since.items()]
    query = select(func.count()).where(or_(*lasted), downtimes.c.began_at < until)
    return int((await tx.execute(query)).scalar_one())


def _placed(chosen: Select[Any]) -> Select[Any]:
    """These downtimes, the last to end first, each once for every place that its fact was sequenced at."""
    picked = chosen.subquery()
    return (
        select(picked, leaves.c.shard, leaves.c.leaf_index)
        .outerjoin(facts, facts.c.leaf == picked.c.fact_leaf)
        .outerjoin(leaves, leaves.c.fact_id == facts.c.id)
        .order_by(picked.c.ended_at.desc(), picked.c.id.desc(), leaves.c.shard)
    )


def _downtimes(rows: Iterable[Any]) -> list[Downtime]:
    """Sequenced, but not necessarily published; the later place of a fact that was sealed again."""
    found = {
        row.id: Downtime(
            duty=Duty(row.duty), began_at=row.began_at, ended_at=row.ended_at, shard=row.shard, index=row.leaf_index
        )
        for row in rows
    }
    return list(found.values())


# Every proof asks this, so it is put together once.
_FIRST_ENDED_AFTER = _placed(
    select(
        union_all(
            *(
                select(
                    select(downtimes)
                    .where(downtimes.c.duty == duty, downtimes.c.ended_at > bindparam(duty.value))
                    .order_by(downtimes.c.ended_at)
                    .limit(bindparam("limit"))
                    .subquery()
                )
                for duty in Duty
            )
        ).subquery()
    )
)
