"""The end of a legal hold, whoever ends it: its fact, and what it had kept beyond its time."""

from datetime import datetime
from uuid import UUID

from app.domain.hold import LEGAL_BASIS
from app.storage import legal_holds, retention
from app.storage.database import Tx
from app.usecases.record_facts import FactSheet


async def end_hold(tx: Tx, sheet: FactSheet, person: UUID, *, actor: str, act: str, at: datetime) -> None:
    """Lift the hold on that person, whose row is locked. An erasure that it deferred comes with the retention."""
    sheet.record(
        "hold.lifted",
        at=at,
        recipient=person,
        data={"actor": actor, "act": act, "legal_basis": LEGAL_BASIS},
    )
    await legal_holds.lift(tx, person)
    await retention.forget_passed(tx, person)
