"""Shipments have no rows of their own, only blind indexes; still, one transaction at a time decides about each."""

from collections.abc import Iterable

from app.storage.database import Tx
from app.storage.driver import fetch

_LOCK = "SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS key"


async def lock_shipments(tx: Tx, shipments: Iterable[bytes]) -> None:
    """Until `tx` ends, nobody else decides about these shipments; what others decided before is visible afterwards.

    Advisory locks of the transaction on PostgreSQL: no session holds them, so pgbouncer may stand in between. Taken
    in one order by everybody.
    """
    if tx.is_postgres:
        keys = sorted({int.from_bytes(index[:8], "big", signed=True) for index in shipments})
        await fetch(tx, _LOCK, [keys])
