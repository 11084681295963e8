"""How often something limited was done: counted in the database, so that no restart and no other process forgets it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.pumping import Limit
from app.storage.database import Tx
from app.storage.tables import quotas

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def take(tx: Tx, wanted: Sequence[Limit], *, now: datetime) -> bool:
    """Count one more of each; whether all of them allow it. What is refused is counted, too."""
    allowed = True
    for quota in sorted(wanted, key=lambda each: each.about):  # one order for everybody who counts at once
        began_at = _EPOCH + (now - _EPOCH) // quota.per * quota.per
        statement = (postgresql if tx.is_postgres else sqlite).insert(quotas)
        counted = (
            statement.values(key=tx.vault.index("quota", *quota.about), began_at=began_at, used=1)
            .on_conflict_do_update(index_elements=["key", "began_at"], set_={"used": quotas.c.used + 1})
            .returning(quotas.c.used)
        )
        used = (await tx.execute(counted)).scalar_one()
        allowed = allowed and used <= quota.most
    return allowed


async def used_up(tx: Tx, limit: Limit, *, now: datetime) -> bool:
    """Whether nothing is left of it now; nothing is counted."""
    began_at = _EPOCH + (now - _EPOCH) // limit.per * limit.per
    query = select(quotas.c.used).where(
        quotas.c.key == tx.vault.index("quota", *limit.about), quotas.c.began_at == began_at
    )
    used: int | None = (await tx.execute(query)).scalar_one_or_none()
    return (used or 0) >= limit.most


async def forget(tx: Tx, *, before: datetime, limit: int) -> int:
    """Remove up to `limit` counts of stretches that began before that moment; how many."""
    old = select(quotas.c.key, quotas.c.began_at).where(quotas.c.began_at < before).limit(limit)
    rows = list(await tx.execute(old))
    for row in rows:
        await tx.execute(delete(quotas).where(quotas.c.key == row.key, quotas.c.began_at == row.began_at))
    return len(rows)
