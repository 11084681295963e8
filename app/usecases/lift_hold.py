"""Lift a legal hold before its end."""

from app.ports import Surroundings
from app.storage import legal_holds
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.end_hold import end_hold
from app.usecases.record_facts import new_fact_sheet


async def lift_hold(tx: Tx, operator: str, name: str, *, actor: str, surroundings: Surroundings) -> bool:
    """Whether there was a hold. An erasure that it deferred is carried out by the retention, within seconds."""
    record = await recipient_store.find(tx, operator, name, for_update=True)
    if record is None or await legal_holds.of_recipient(tx, record.id, record.key) is None:
        return False
    sheet = await new_fact_sheet(tx, surroundings)
    await end_hold(tx, sheet, record.id, actor=actor, act="lifted", at=surroundings.clock())
    await sheet.write(tx)
    return True
