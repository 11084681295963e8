"""Which keys sign a shard of the log, and the statements about its facts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select

from app.storage.database import Tx
from app.storage.sql import insert_ignoring, one_of
from app.storage.tables import log_keys, tree_heads

Use = Literal["log", "statements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardKeys:
    """Verifier keys (c2sp.org/signed-note) of one shard, the oldest first. All of them sign."""

    log: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()


async def of_shard(tx: Tx, shard: str) -> ShardKeys:
    """The keys of one shard; none before it was opened."""
    query = select(log_keys).where(log_keys.c.shard == shard).order_by(log_keys.c.added_at)
    rows = [(row.use, row.vkey) for row in await tx.execute(query)]
    return _shard_keys(rows)


async def of_origins(tx: Tx, origins: Iterable[str]) -> dict[str, ShardKeys]:
    """The keys of each of these shards, by origin."""
    query = (
        select(tree_heads.c.origin, log_keys.c.use, log_keys.c.vkey)
        .join(log_keys, log_keys.c.shard == tree_heads.c.shard)
        .where(one_of(tx, tree_heads.c.origin, list(origins)))
        .order_by(log_keys.c.added_at)
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in await tx.execute(query):
        found[row.origin].append((row.use, row.vkey))
    return {origin: _shard_keys(rows) for origin, rows in found.items()}


def _shard_keys(rows: Iterable[tuple[str, str]]) -> ShardKeys:
    listed = list(rows)
    return ShardKeys(
        log=tuple(vkey for use, vkey in listed if use == "log"),
        statements=tuple(vkey for use, vkey in listed if use == "statements"),
    )


async def add(tx: Tx, shard: str, *, use: Use, vkey: str, now: datetime) -> None:
    """From now on this key signs too, and is the newest of its use; a key that does already changes nothing."""
    newest: datetime | None = (
        await tx.execute(select(func.max(log_keys.c.added_at)).where(log_keys.c.shard == shard))
    ).scalar_one()
    # The order must not depend on a clock that may have been set back.
    added_at = now if newest is None else max(now, newest + timedelta(milliseconds=1))
    statement = insert_ignoring(tx, log_keys, "shard", "vkey")
    await tx.execute(statement.values(shard=shard, use=use, vkey=vkey, added_at=added_at))
