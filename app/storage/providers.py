"""How the providers do, for all processes: their state, their token buckets, and what became of recent attempts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.provider import SKEW_MAX, Figures, ProviderState
from app.storage.database import Tx
from app.storage.sql import insert_ignoring, locked, one_of
from app.storage.tables import provider_figures, providers

# Judging starts anew with the next bucket: much longer ones would miss what a provider does first after its rest.
BUCKET_SECONDS = 2
_COUNTS = ("accepted", "refused", "not_sent", "unknown", "reported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What became of a provider's attempts that started within BUCKET_SECONDS from `began_at`."""

    provider: str
    began_at: datetime
    figures: Figures = field(default_factory=Figures)


def bucket_start(moment: datetime) -> datetime:
    """The beginning of the bucket in which `moment` lies."""
    return moment.replace(second=moment.second // BUCKET_SECONDS * BUCKET_SECONDS, microsecond=0)


async def ensure(tx: Tx, names: Iterable[str], *, now: datetime) -> None:
    """Make a row for each provider that has none."""
    rows = [{"name": name, "judged_at": now} for name in sorted(names)]
    if rows:
        await tx.execute(insert_ignoring(tx, providers, "name"), rows)


async def states(tx: Tx, names: Collection[str] | None = None, *, lock: bool = False) -> dict[str, ProviderState]:
    """The states of these providers, or of all that were ever used here; `lock`: to be changed."""
    query = select(providers).order_by(providers.c.name)
    if names is not None:
        query = query.where(one_of(tx, providers.c.name, names))
    return {row.name: _state(row) for row in await tx.execute(locked(tx, query) if lock else query)}


async def save(tx: Tx, state: ProviderState) -> None:
    """Write the state of a provider whose row the caller has locked."""
    await tx.execute(
        update(providers)
        .where(providers.c.name == state.name)
        .values(
            health=state.health,
            judged_at=state.judged_at,
            rests_until=state.rests_until,
            rests_because=state.rests_because,
            openings=state.openings,
        )
    )


async def take_tokens(tx: Tx, name: str, *, rate: float, wanted: int, now: datetime) -> int:
    """Take up to `wanted` tokens from the provider's bucket, which fills with `rate` a second up to one second's worth.

    How many there were. The row stays locked until `tx` ends: let nothing follow in it.
    """
    query = select(providers.c.tokens, providers.c.refilled_at).where(providers.c.name == name)
    row = (await tx.execute(locked(tx, query))).one()
    refilled_at = row.refilled_at or now - timedelta(seconds=1)
    if refilled_at > now + SKEW_MAX:  # a clock was wrong: nobody waits until that is true
        refilled_at = now
    passed = max(0.0, (now - refilled_at).total_seconds())
    there = min(max(rate, 1.0), row.tokens + passed * rate)
    taken = min(wanted, int(there))
    # Never back: a process whose clock is behind would have the same second filled in twice.
    values = {"tokens": there - taken, "refilled_at": max(refilled_at, now)}
    await tx.execute(update(providers).where(providers.c.name == name).values(values))
    return taken


async def give_back_tokens(tx: Tx, name: str, unused: int) -> None:
    """Put tokens back that were taken and not used."""
    await tx.execute(update(providers).where(providers.c.name == name).values(tokens=providers.c.tokens + unused))


async def add_figures(tx: Tx, process: UUID, buckets: Iterable[Bucket]) -> None:
    """Add to what this process has counted."""
    rows = [
        {"provider": each.provider, "began_at": each.began_at, "process": process, **_counts(each.figures)}
        for each in buckets
    ]
    if not rows:
        return
    insert = postgresql.insert if tx.is_postgres else sqlite.insert
    statement = insert(provider_figures)
    statement = statement.on_conflict_do_update(
        index_elements=["provider", "began_at", "process"],
        set_={name: provider_figures.c[name] + statement.excluded[name] for name in _COUNTS},
    )
    await tx.execute(statement, rows)


async def figures(tx: Tx, since: datetime, until: datetime) -> dict[str, list[Bucket]]:
    """What all processes have counted of attempts that started in [since, until), by provider, oldest first."""
    column = provider_figures.c
    query = (
        select(column.provider, column.began_at, *(func.sum(column[name]).label(name) for name in _COUNTS))
        .where(column.began_at >= since, column.began_at < until)
        .group_by(column.provider, column.began_at)
        .order_by(column.provider, column.began_at)
    )
    found: dict[str, list[Bucket]] = {}
    for row in await tx.execute(query):
        counted = Figures(**{name: int(getattr(row, name)) for name in _COUNTS})
        found.setdefault(row.provider, []).append(Bucket(provider=row.provider, began_at=row.began_at, figures=counted))
    return found


async def forget_figures(tx: Tx, *, before: datetime) -> None:
    """Delete what is too old to judge anybody by."""
    await tx.execute(delete(provider_figures).where(provider_figures.c.began_at < before))


def total(buckets: Iterable[Bucket], since: datetime, until: datetime) -> Figures:
    """The sum over the buckets that began in [since, until)."""
    return sum((each.figures for each in buckets if since <= each.began_at < until), start=Figures())


def _counts(figures_: Figures) -> Mapping[str, int]:
    return {name: getattr(figures_, name) for name in _COUNTS}


def _state(row: Any) -> ProviderState:
    return ProviderState(
        name=row.name,
        health=row.health,
        judged_at=row.judged_at,
        rests_until=row.rests_until,
        rests_because=row.rests_because,
        openings=row.openings,
    )
