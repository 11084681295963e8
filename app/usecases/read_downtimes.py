"""When the service could not do its duties, and where the facts that say so are sealed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from app.domain.duty import Downtime, Duty, is_downtime
from app.storage import downtimes, log
from app.storage.database import Tx

__all__ = ["Downtime", "downtimes_within", "ongoing", "recent_downtimes"]

LISTED_MAX = 1000


async def recent_downtimes(tx: Tx, *, since: datetime, limit: int = LISTED_MAX) -> tuple[Downtime, ...]:
    """Up to `limit` downtimes that ended at `since` or later, the last to end first."""
    return await _published(tx, await downtimes.newest(tx, since=since, limit=limit))


async def ongoing(tx: Tx, *, now: datetime) -> tuple[Downtime, ...]:
    """The duties that nobody has done for longer than a restart takes: no fact says so yet, and `ended_at` is None."""
    return tuple(
        Downtime(duty=duty, began_at=fine_at, ended_at=None)
        for duty, fine_at in (await downtimes.fine_moments(tx)).items()
        if is_downtime(fine_at, now)
    )


async def downtimes_within(
    tx: Tx, since: Mapping[Duty, datetime], until: datetime, *, limit: int
) -> tuple[tuple[Downtime, ...], int]:
    """The first `limit` downtimes, by their end, of each duty between its moment and `until`; how many more there are.

    Downtimes of one duty follow each other, so those that end first tell whether there are others.
    """
    candidates = await downtimes.first_ended_after(tx, since, limit=limit + 1)
    within = [each for each in reversed(candidates) if each.began_at < until]
    if len(within) <= limit:
        return await _published(tx, within), 0
    return await _published(tx, within[:limit]), await downtimes.count_within(tx, since, until) - limit


async def _published(tx: Tx, found: Iterable[Downtime]) -> tuple[Downtime, ...]:
    """The same, without the places that no published checkpoint covers yet."""
    listed = tuple(found)
    if not listed:
        return ()
    sizes = {shard: checkpoint.size for shard, checkpoint in (await log.newest_checkpoints(tx)).items()}
    return tuple(
        each
        if each.shard is None or each.index is None or each.index < sizes.get(each.shard, 0)
        else replace(each, shard=None, index=None)
        for each in listed
    )
