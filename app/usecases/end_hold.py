"""The end of a legal hold, whoever ends it: its fact, and what it had kept beyond its time."""

from datetime import datetime

from app.domain.hold import LEGAL_BASIS
from app.storage import legal_holds, retention
from app.storage.database import Tx
from app.storage.recipients import RecipientRecord
from app.usecases.record_facts import FactSheet


async def end_hold(tx: Tx, sheet: FactSheet, record: RecipientRecord, *, actor: str, act: str, at: datetime) -> None:
    """Lift the hold on that person, whose row is locked. An erasure that it deferred comes with the retention."""
    sheet.record(
        "hold.lifted",
        at=at,
        recipient=record.id,
        data={"actor": actor, "act": act, "legal_basis": LEGAL_BASIS},
    )
    await legal_holds.lift(tx, record.id)
    await retention.forget_passed(tx, record.id)
