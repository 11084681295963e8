"""What witnesses signed on published checkpoints."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, tuple_

from app.storage.database import Tx
from app.storage.log import PublishedCheckpoint
from app.storage.sql import insert_ignoring
from app.storage.tables import checkpoints, cosignatures


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


async def newest_cosigned_size(tx: Tx, shard: str, *, at_least: int) -> int | None:
    """The size of the newest published checkpoint that a witness cosigned, or None when there is none so large."""
    query = (
        select(cosignatures.c.size)
        .join(checkpoints, (checkpoints.c.shard == cosignatures.c.shard) & (checkpoints.c.size == cosignatures.c.size))
        .where(cosignatures.c.shard == shard, cosignatures.c.size >= at_least)
        .order_by(cosignatures.c.size.desc())
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()
