"""Shipments have no rows of their own, only blind indexes; still, one transaction at a time decides about each."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.storage.database import Tx

_KEY = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("key")
_LOCK = select(func.count(func.pg_advisory_xact_lock(_KEY)))


async def lock_shipments(tx: Tx, shipments: Iterable[bytes]) -> None:
    """Until `tx` ends, nobody else decides about these shipments; what others decided before is visible afterwards.

    Advisory locks of the transaction on PostgreSQL: no session holds them, so pgbouncer may stand in between. Taken
    in one order by everybody.
    """
    if tx.is_postgres:
        keys = sorted({int.from_bytes(index[:8], "big", signed=True) for index in shipments})
        await tx.execute(_LOCK, {"keys": keys})
