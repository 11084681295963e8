"""Read figures: those that everybody may see, and those that an operator sees of itself."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from app.domain.figures import (
    NO_LAGS,
    OUTCOME_MEASURES,
    CountedUpTo,
    DayOutcomes,
    LagOfHour,
    Lags,
    Measure,
    PublicFigures,
    Tally,
)
from app.storage import figures as figure_store
from app.storage.database import Tx

PUBLIC_DAYS = 30

_PUBLIC_OUTCOMES = (Measure.SENT, Measure.DELIVERED, Measure.UNKNOWN, Measure.FAILED, Measure.SUPPRESSED)
_PUBLIC_SUMS = (Measure.EVENTS, Measure.NOTICE_LAG_HOUR, Measure.ANOMALY)
# What a figure is told apart by decides where its lags stand: by hour without couriers, or by facility and courier.
_OF_DAYS = (Measure.EVENTS, Measure.NOTICE_LAG_HOUR, Measure.ANOMALY, *OUTCOME_MEASURES)
_OF_PLACES = (Measure.NOTICE_LAG, Measure.ANOMALY)


class By(StrEnum):
    """What the figures of an operator are told apart by."""

    DAY = "day"
    FACILITY = "facility"
    COURIER = "courier"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsQuery:
    """Which figures: of the local days `first` to `last`, up to `limit` groups after the one called `after`."""

    operator: str
    first: date
    last: date
    by: By
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The figures of each group – a day, or the code of a facility or courier, empty where nobody knows it – in order.

    `following`: what comes `after` the last of them, None at the end. `counted` is None before the first count.
    """

    groups: Mapping[str, Tally]
    following: str | None
    counted: CountedUpTo | None


_Read = TypeVar("_Read")


async def _as_counted(tx: Tx, read: Callable[[CountedUpTo | None], Awaitable[_Read]], *, tries: int = 5) -> _Read:
    """What `read` gives while nothing more is counted: all of it at one checkpoint, though it takes several queries.

    While counting is so quick that it never is, what was read last.
    """
    counted = await figure_store.counted_up_to(tx)
    found = await read(counted)
    for _ in range(tries - 1):
        before, counted = counted, await figure_store.counted_up_to(tx)
        if before == counted:
            break
        found = await read(counted)
    return found


async def read_stats(tx: Tx, query: StatsQuery) -> Stats:
    """The figures that were asked for. Days are all there, facilities and couriers only with something counted."""
    return await _as_counted(tx, partial(_stats, tx, query))


async def _stats(tx: Tx, query: StatsQuery, counted: CountedUpTo | None) -> Stats:
    days = _days(query.first, query.last)
    if query.by is By.DAY:
        names = [name for name in map(date.isoformat, days) if name > (query.after or "")]
        wanted: list[Any] = [date.fromisoformat(name) for name in names[: query.limit]]
        rows = await figure_store.totals(tx, [query.operator], wanted, _OF_DAYS, by=By.DAY)
    else:
        names = await figure_store.groups(
            tx, query.operator, days, _OF_PLACES, by=query.by, after=query.after, limit=query.limit + 1
        )
        wanted = names[: query.limit]
        rows = await figure_store.totals(tx, [query.operator], days, _OF_PLACES, by=query.by, groups=wanted)
    of_group = defaultdict(list)
    for row in rows:
        of_group[row.group].append(row)
    return Stats(
        groups={str(group): _tally(of_group[group]) for group in wanted},
        following=names[query.limit - 1] if len(names) > query.limit else None,
        counted=counted,
    )


async def counted_operators(tx: Tx) -> tuple[str, ...]:
    """The operators that there are figures of."""
    return tuple(await figure_store.operators(tx))


async def public_figures(tx: Tx, *, operator: str | None, today: date) -> PublicFigures:
    """The figures of the 30 local days that end with `today`, of one operator or of all together."""
    return await _as_counted(tx, partial(_public, tx, operator, today))


async def _public(tx: Tx, operator: str | None, today: date, counted: CountedUpTo | None) -> PublicFigures:
    days = _days(today - timedelta(days=PUBLIC_DAYS - 1), today)
    operators = await figure_store.operators(tx) if operator is None else [operator]
    by_day = await figure_store.totals(tx, operators, days, _PUBLIC_OUTCOMES, by=By.DAY)
    sums = _tally(await figure_store.totals(tx, operators, days, _PUBLIC_SUMS))
    return PublicFigures(
        operator=operator,
        days=tuple(_day(day, [row for row in by_day if row.group == day]) for day in days),
        lags=tuple(_hour(hour, sums.hours.get(hour, NO_LAGS)) for hour in range(24)),
        notices=sums.lags.notices,
        median_lag_seconds=sums.lags.median_seconds,
        anomalies=sums.anomalies,
        events=sum(sums.events.values()),
        origin=counted.origin if counted else None,
        size=counted.size if counted else None,
        counted_at=counted.counted_at if counted else None,
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=later) for later in range((last - first).days + 1)]


def _day(day: date, rows: Iterable[Any]) -> DayOutcomes:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[row.measure][row.bucket] += int(row.total)
    sent, delivered, unknown, failed = (sum(counts[each].values()) for each in _PUBLIC_OUTCOMES[:-1])
    return DayOutcomes(
        day=day,
        sent=sent,
        delivered=delivered,
        unknown=unknown,
        failed=failed,
        suppressed=dict(sorted(counts[Measure.SUPPRESSED].items())),
    )


def _hour(hour: int, lags: Lags) -> LagOfHour:
    return LagOfHour(hour=hour, notices=lags.notices, median_seconds=lags.median_seconds)


def _tally(rows: Iterable[Any]) -> Tally:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    outcomes: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in sorted(rows, key=lambda row: (row.channel, row.measure, row.bucket)):
        of_measure = outcomes[row.channel] if row.measure in OUTCOME_MEASURES else counts
        of_measure[row.measure][row.bucket] = int(row.total)
    hours: dict[int, Counter[str]] = defaultdict(Counter)
    for bucket, count in counts[Measure.NOTICE_LAG_HOUR].items():
        hour, _, bound = bucket.partition("/")
        hours[int(hour)][bound] += count
    return Tally(
        lags=Lags(counts=sum(hours.values(), Counter(counts[Measure.NOTICE_LAG]))),
        hours={hour: Lags(counts=lags) for hour, lags in hours.items()},
        anomalies=counts[Measure.ANOMALY],
        events=counts[Measure.EVENTS],
        outcomes=outcomes,
    )
