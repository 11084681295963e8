"""Keep a report that matches no attempt: as evidence that it came, which changes nothing."""

from app.domain.receipt import Receipt, ReceiptStatus
from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage import stray_receipts
from app.storage.database import Tx
from app.storage.recipients import NOBODY
from app.storage.stray_receipts import StrayReport
from app.usecases.record_facts import new_fact_sheet

# Strays belong to no operator, so neither does the key that they are kept under.
_NOBODYS = ("", NOBODY)

_FACTS = {ReceiptStatus.DELIVERED: "receipt.delivered", ReceiptStatus.FAILED: "receipt.failed"}


def stray_of(receipt: Receipt) -> StrayReport:
    """A report whose MAC was ours, and whose attempt the database has lost."""
    return StrayReport(
        provider=receipt.provider,
        status=receipt.status,
        code=receipt.code,
        via=receipt.via,
        signature=receipt.signature,
        claimed_at=receipt.claimed_at,
        raw=receipt.raw,
    )


async def keep_stray(tx: Tx, stray: StrayReport, *, surroundings: Surroundings) -> bool:
    """Keep the report, and seal a fact in no chain if it tells of an end; False when it was kept before."""
    records = await recipient_store.ensure(tx, [_NOBODYS], now=surroundings.clock(), new_ids=[surroundings.new_id()])
    nobody = records[_NOBODYS]
    now = surroundings.clock()
    if not await stray_receipts.insert_new(tx, surroundings.new_id(), stray, nobody, received_at=now):
        return False
    fact_type = _FACTS.get(stray.status) if stray.status else None
    if fact_type is not None:
        sheet = await new_fact_sheet(tx, surroundings)
        sheet.record(
            fact_type,
            at=now,
            recipient=nobody.id,
            key=nobody.key,
            data={
                "attempt": None,
                "provider": stray.provider,
                "code": stray.code,
                "claimed_at": stray.claimed_at,
                "via": stray.via,
                "signature": stray.signature,
            },
            sealed={"receipt": stray.raw},
        )
        await sheet.write(tx)
    return True
