"""Figures, the facts that they are counted from, and how far each shard of the log is counted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Row, Select, case, delete, func, literal_column, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.calendar import at_local, local_day
from app.domain.figures import ANOMALY, EVENTS, NOTICE_LEFT, CountedUpTo, Figure, Measure
from app.domain.retention import first_id_at, moment_of
from app.storage.database import Tx
from app.storage.facts import StoredFact
from app.storage.retention import move_cursor, take_cursor
from app.storage.sql import insert_ignoring, locked, one_of
from app.storage.tables import (
    checkpoints,
    events,
    facts,
    figure_cursors,
    figures,
    leaves,
    notifications,
    recipients,
    retention_cursors,
    tree_heads,
)

_SEALS_SOMETHING_COUNTED = EVENTS | {ANOMALY}
_COURIERS = "courier_figures"
_NEVER = UUID(int=0)
_KEY = tuple(column.name for column in figures.primary_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries [start, end) of a shard, not counted yet and all published."""

    shard: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedFact:
    """A fact in the log, and whose it is, of a message also on which channel; None where no row says so."""

    fact: StoredFact
    operator: str | None
    channel: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNotice:
    """A `notice_left` event of a shipment. `received_at` is to the millisecond, as facts have it."""

    event: UUID
    shipment_index: bytes = field(repr=False)
    recipient: UUID
    received_at: datetime


_PUBLISHED = select(func.max(checkpoints.c.size)).where(checkpoints.c.shard == tree_heads.c.shard).scalar_subquery()
_COUNTED = func.coalesce(figure_cursors.c.size, 0)
_STANDING = (
    select(tree_heads.c.shard, tree_heads.c.origin, _COUNTED.label("counted"), figure_cursors.c.counted_at)
    .outerjoin(figure_cursors, figure_cursors.c.shard == tree_heads.c.shard)
    .order_by(tree_heads.c.opened_at)
)


async def next_stretch(tx: Tx, *, limit: int, now: datetime) -> Stretch | None:
    """What to count next, of the oldest shard that is not counted to its end; its cursor stays locked.

    None when everything published is counted, and while another worker has that cursor.
    """
    behind = _STANDING.add_columns(_PUBLISHED.label("published")).where(_PUBLISHED > _COUNTED).limit(1)
    row = (await tx.execute(behind)).one_or_none()
    if row is None:
        return None
    if row.counted_at is None:
        begun = insert_ignoring(tx, figure_cursors, "shard").values(shard=row.shard, size=0, counted_at=now)
        await tx.execute(begun)
    cursor = select(figure_cursors.c.size).where(figure_cursors.c.shard == row.shard)
    start = (await tx.execute(locked(tx, cursor, skip=True))).scalar_one_or_none()
    if start is None or start >= row.published:
        return None
    return Stretch(shard=row.shard, start=start, end=min(start + limit, row.published))


async def move_on(tx: Tx, counted: Stretch, *, now: datetime) -> None:
    """The facts of this stretch are counted."""
    mine = figure_cursors.c.shard == counted.shard
    await tx.execute(update(figure_cursors).where(mine).values(size=counted.end, counted_at=now))


async def counted_up_to(tx: Tx) -> CountedUpTo | None:
    """The newest shard of which anything is counted; None before the first count."""
    rows = [row for row in await tx.execute(_STANDING) if row.counted]
    if not rows:
        return None
    return CountedUpTo(origin=rows[-1].origin, size=rows[-1].counted, counted_at=rows[-1].counted_at)


async def behind(tx: Tx) -> int:
    """How many entries are published and not counted."""
    left = func.sum(func.coalesce(_PUBLISHED, 0) - _COUNTED)
    query = select(left).select_from(tree_heads).outerjoin(figure_cursors, figure_cursors.c.shard == tree_heads.c.shard)
    return int((await tx.execute(query)).scalar_one() or 0)


async def facts_of(tx: Tx, stretch: Stretch, types: Collection[str]) -> list[LoggedFact]:
    """The facts of these types in a stretch, in order; entries whose fact is lost or retired have none.

    Sealed values come with those facts only of which figures need some.
    """
    sealed = case((facts.c.type.in_(_SEALS_SOMETHING_COUNTED), facts.c.sealed), else_=None)
    query = (
        select(
            facts.c.id,
            facts.c.type,
            facts.c.recipient_id,
            facts.c.document,
            sealed.label("sealed"),
            func.coalesce(notifications.c.operator, recipients.c.operator).label("operator"),
            notifications.c.channel,
        )
        .select_from(leaves)
        .join(facts, facts.c.id == leaves.c.fact_id)
        .outerjoin(notifications, notifications.c.id == facts.c.notification_id)
        .outerjoin(recipients, recipients.c.id == facts.c.recipient_id)
        .where(
            leaves.c.shard == stretch.shard,
            leaves.c.leaf_index >= stretch.start,
            leaves.c.leaf_index < stretch.end,
            one_of(tx, facts.c.type, types),
        )
        .order_by(leaves.c.leaf_index)
    )
    return [_logged(row) for row in await tx.execute(query)]


def _logged(row: Row[Any]) -> LoggedFact:
    fact = StoredFact(
        id=row.id,
        type=row.type,
        recipient=row.recipient_id,
        document=row.document,
        salt=b"",
        leaf=b"",
        sealed=row.sealed,
    )
    return LoggedFact(fact=fact, operator=row.operator, channel=row.channel)


async def kinds_of(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, str]:
    """What kind these events are understood as."""
    query = select(events.c.id, events.c.kind).where(one_of(tx, events.c.id, ids))
    return {row.id: row.kind for row in await tx.execute(query)}


async def notices_of(tx: Tx, shipments: Iterable[bytes]) -> list[KnownNotice]:
    """The accepted `notice_left` events of these shipments, by their blind indexes."""
    query = select(events.c.id, events.c.shipment_index, events.c.recipient_id, events.c.received_at).where(
        one_of(tx, events.c.shipment_index, shipments),
        events.c.kind == literal_column(f"'{NOTICE_LEFT}'"),
        events.c.status == literal_column("'accepted'"),
    )
    return [
        KnownNotice(
            event=row.id,
            shipment_index=row.shipment_index,
            recipient=row.recipient_id,
            received_at=row.received_at.replace(microsecond=row.received_at.microsecond // 1000 * 1000),
        )
        for row in await tx.execute(query)
    ]


async def payloads(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """What these events said, encrypted; absent once it was erased."""
    query = select(events.c.id, events.c.payload).where(one_of(tx, events.c.id, ids), events.c.payload.is_not(None))
    return {row.id: row.payload for row in await tx.execute(query)}


async def add(tx: Tx, counts: Mapping[Figure, int]) -> None:
    """Add to figures. All writers go in one order, so that none waits for another that waits for it."""
    if not counts:
        return
    rows = [{**dict(zip(_KEY, key, strict=True)), "count": count} for key, count in sorted(counts.items())]
    statement = (postgresql if tx.is_postgres else sqlite).insert(figures)
    grown = figures.c.count + statement.excluded.count
    await tx.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_={"count": grown}), rows)


async def totals(
    tx: Tx,
    operators: Collection[str],
    days: Sequence[date],
    measures: Collection[Measure],
    *,
    by: str | None = None,
    groups: Collection[object] | None = None,
) -> list[Row[Any]]:
    """Sums (`group`, `measure`, `channel`, `bucket`, `total`) over these operators and days.

    `group` is the value of the column `by`, narrowed to `groups`; None everywhere without `by`.
    """
    group = figures.c[by] if by else None
    grouped = [*([] if group is None else [group]), figures.c.measure, figures.c.channel, figures.c.bucket]
    label = literal_column("NULL") if group is None else group
    query: Select[Any] = select(label.label("group"), *grouped[-3:], func.sum(figures.c.count).label("total"))
    query = _of(tx, query, operators, days, measures).group_by(*grouped)
    if group is not None and groups is not None:
        query = query.where(one_of(tx, group, groups))
    return list(await tx.execute(query))


async def groups(
    tx: Tx,
    operator: str,
    days: Sequence[date],
    measures: Collection[Measure],
    *,
    by: str,
    after: str | None,
    limit: int,
) -> list[str]:
    """Up to `limit` values of the column `by` after the value `after`, in the database's order."""
    column = figures.c[by]
    query = _of(tx, select(column), [operator], days, measures).group_by(column).order_by(column).limit(limit)
    if after is not None:
        query = query.where(column > after)
    return list((await tx.execute(query)).scalars())


def _of(
    tx: Tx, query: Select[Any], operators: Collection[str], days: Sequence[date], measures: Collection[Measure]
) -> Select[Any]:
    # Each by its value and none by a range: so the index leads to the rows and past all others.
    return query.where(
        one_of(tx, figures.c.operator, operators),
        one_of(tx, figures.c.day, days),
        one_of(tx, figures.c.measure, measures),
    )


async def operators(tx: Tx) -> list[str]:
    """Whose facts are counted, in the database's order; found by a step of the index for each."""
    each = _each_operator()
    return list((await tx.execute(select(each.c.operator).where(each.c.operator.is_not(None)))).scalars())


def _each_operator() -> CTE:
    each = select(func.min(figures.c.operator).label("operator")).cte("each_operator", recursive=True)
    following = select(func.min(figures.c.operator)).where(figures.c.operator > each.c.operator).scalar_subquery()
    return each.union_all(select(following).where(each.c.operator.is_not(None)))


async def couriers_kept_from(tx: Tx) -> date:
    """The first day whose couriers may still stand in figures; it moves no further while `tx` lasts."""
    query = select(retention_cursors.c.passed).where(retention_cursors.c.name == _COURIERS)
    passed = (await tx.execute(locked(tx, query, shared=True))).scalar_one_or_none()
    return local_day(moment_of(passed or _NEVER))


async def forget_couriers(tx: Tx, *, before: date, limit: int) -> int:
    """Take the courier off up to `limit` figures of the oldest day that has not been gone through; how many.

    Only days before `before` are gone through; a day without any counts as one. None while another worker does so.
    """
    passed = await take_cursor(tx, _COURIERS)
    if passed is None:
        begun = insert_ignoring(tx, retention_cursors, "name").values(name=_COURIERS, passed=_NEVER)
        if not (await tx.execute(begun)).rowcount:
            return 0
    day = await _oldest_day(tx, since=local_day(moment_of(passed or _NEVER)))
    if day is None or day >= before:
        return 0
    mine = (one_of(tx, figures.c.operator, await operators(tx)), figures.c.day == day, figures.c.courier != "")
    rows = list(await tx.execute(select(figures).where(*mine).limit(limit)))
    await _take_off_couriers(tx, rows)
    if len(rows) < limit:
        await move_cursor(tx, _COURIERS, first_id_at(at_local(day + timedelta(days=1), time())))
    return max(len(rows), 1)


async def _oldest_day(tx: Tx, *, since: date) -> date | None:
    each = _each_operator()
    oldest = select(func.min(figures.c.day)).where(figures.c.operator == each.c.operator, figures.c.day >= since)
    day: date | None = (await tx.execute(select(func.min(oldest.scalar_subquery())).select_from(each))).scalar_one()
    return day


async def _take_off_couriers(tx: Tx, rows: Sequence[Any]) -> None:
    if not rows:
        return
    sums: dict[Figure, int] = {}
    for row in rows:
        figure = Figure(*row[:-1])._replace(courier="")
        sums[figure] = sums.get(figure, 0) + row[-1]
    keys = [tuple(row[:-1]) for row in rows]
    await tx.execute(delete(figures).where(tuple_(*(figures.c[name] for name in _KEY)).in_(keys)))
    await add(tx, sums)
