"""Forget a person without breaking anybody's proof (GDPR art. 17)."""

from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.end_chain import cancelled
from app.usecases.record_facts import new_fact_sheet


async def erase_recipient(tx: Tx, operator: str, name: str, *, actor: str, surroundings: Surroundings) -> bool:
    """Destroy the person's key and all that it protects; False when there is nobody of that name.

    Also for a name that events mentioned and nobody registered. What has not left is cancelled. The skeleton –
    documents, record salts, leaf hashes, states and times – stays, so every proof still verifies. `actor` is the id
    of the API key that asked. The same name is a stranger afterwards.
    """
    record = await recipient_store.find(tx, operator, name, for_update=True)
    if record is None:
        return False
    waiting = await outbox.waiting_of_recipient(tx, record.id)
    now = surroundings.clock()
    sheet = await new_fact_sheet(tx, surroundings)
    await outbox.save_all(tx, [cancelled(sheet, notification, "erased", at=now) for notification in waiting])
    # No leaf hashes under `facts`: a list of all that is known of one person would outlive the erasure.
    sheet.record(
        "recipient.erased",
        at=now,
        recipient=record.id,
        data={"actor": actor, "act": "erased", "legal_basis": "gdpr_17"},
    )
    await fact_store.erase_values(tx, record.id)
    await receipt_store.erase_values(tx, record.id)
    await recipient_store.erase(tx, record.id, now=now)
    await sheet.write(tx)
    return True
