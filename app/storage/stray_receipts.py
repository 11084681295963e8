"""Reports that name no attempt of ours: kept as they came, once each, under the key that belongs to nobody."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.domain.receipt import ReceiptStatus
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.storage.sql import insert_ignoring, one_of
from app.storage.tables import stray_receipts

UNREADABLE = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReport:
    """A report without an attempt. `status` is None when nobody can tell what it says; `raw` is the body as it came."""

    provider: str
    status: ReceiptStatus | None
    code: str
    via: str
    signature: str
    claimed_at: datetime | None = None
    raw: bytes = field(default=b"", repr=False)


async def insert_new(
    tx: Tx, row_id: UUID, stray: StrayReport, nobody: RecipientRecord, *, received_at: datetime
) -> bool:
    """Keep a report; False when the same bytes of the same provider are kept already."""
    statement = insert_ignoring(tx, stray_receipts, "digest").values(
        id=row_id,
        digest=tx.vault.mac("stray_receipt", stray.provider.encode(), stray.raw),
        provider=stray.provider,
        status=stray.status or UNREADABLE,
        code=stray.code,
        via=stray.via,
        received_at=received_at,
        recipient_id=nobody.id,
        raw=nobody.key.seal(stray.raw, place=_place(row_id)),
    )
    return bool((await tx.execute(statement)).rowcount)


async def delete_before(tx: Tx, *, before: UUID, limit: int) -> int:
    """Delete up to `limit` of those that are older than the id `before` (UUIDv7), the oldest first; how many."""
    old = select(stray_receipts.c.id).where(stray_receipts.c.id < before).order_by(stray_receipts.c.id).limit(limit)
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(stray_receipts).where(one_of(tx, stray_receipts.c.id, ids)))
    return len(ids)


def _place(row_id: UUID) -> bytes:
    return b"stray_receipt" + row_id.bytes
