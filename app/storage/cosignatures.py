"""What witnesses signed on published checkpoints."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, tuple_

from app.storage.database import Tx
from app.storage.log import PublishedCheckpoint
from app.storage.sql import insert_ignoring
from app.storage.tables import checkpoints, cosignatures

_LOOKED_AT = 32


async def keep(tx: Tx, *, shard: str, size: int, witness: str, line: bytes, now: datetime) -> None:
    """Keep the signature line of one witness on a checkpoint; its first one stays."""
    statement = insert_ignoring(tx, cosignatures, "shard", "size", "witness")
    await tx.execute(statement.values(shard=shard, size=size, witness=witness, line=line, received_at=now))


async def cosigned(tx: Tx, checkpoint: PublishedCheckpoint) -> PublishedCheckpoint:
    """The same checkpoint, its note with the cosignatures that came until now, in the order of the witnesses' names."""
    return (await all_cosigned(tx, [checkpoint]))[0]


async def all_cosigned(tx: Tx, given: Sequence[PublishedCheckpoint]) -> list[PublishedCheckpoint]:
    """The same for several checkpoints, in their order."""
    if not given:
        return []
    query = (
        select(cosignatures.c.shard, cosignatures.c.size, cosignatures.c.line)
        .where(tuple_(cosignatures.c.shard, cosignatures.c.size).in_([(each.shard, each.size) for each in given]))
        .order_by(cosignatures.c.witness)
    )
    lines: dict[tuple[str, int], bytes] = defaultdict(bytes)
    for row in await tx.execute(query):
        lines[row.shard, row.size] += row.line
    return [replace(each, note=each.note + lines[each.shard, each.size]) for each in given]


async def newest_cosigned_size(tx: Tx, shard: str, *, at_least: int, quorum: int) -> int | None:
    """The size of the newest published checkpoint with cosignatures by `quorum` witnesses, if it is not smaller.

    Only the newest checkpoints are looked at; None when none of them qualifies.
    """
    newest = (
        select(checkpoints.c.size)
        .where(checkpoints.c.shard == shard, checkpoints.c.size >= at_least)
        .order_by(checkpoints.c.size.desc())
        .limit(_LOOKED_AT)
    )
    query = (
        select(cosignatures.c.size)
        .where(cosignatures.c.shard == shard, cosignatures.c.size.in_(newest))
        .group_by(cosignatures.c.size)
        .having(func.count() >= quorum)
        .order_by(cosignatures.c.size.desc())
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()
