"""Place a legal hold on a person: until its end nothing of theirs is erased."""

from dataclasses import replace
from datetime import datetime

from app.domain.hold import LEGAL_BASIS, Hold
from app.ports import Surroundings
from app.storage import legal_holds
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.usecases.record_facts import new_fact_sheet


async def place_hold(
    tx: Tx, operator: str, name: str, *, reason: str, until: datetime, actor: str, surroundings: Surroundings
) -> Hold | None:
    """The hold as it now stands; None when there is nobody of that name. It takes the place of the one before.

    The same again changes nothing. `until` lies in the future; `actor` is the id of the API key that asks.
    """
    record = await recipient_store.find(tx, operator, name, for_update=True)
    if record is None:
        return None
    now = surroundings.clock()
    wanted = Hold(reason=reason, until=until, placed_at=now, placed_by=actor)
    present = await legal_holds.of_recipient(tx, record.id, record.key)
    if present is not None and replace(wanted, placed_at=present.placed_at, placed_by=present.placed_by) == present:
        return present
    sheet = await new_fact_sheet(tx, surroundings)
    sheet.record(
        "hold.placed",
        at=now,
        recipient=record.id,
        key=record.key,
        data={"actor": actor, "act": "placed", "legal_basis": LEGAL_BASIS},
        sealed={"reason": reason.encode()},
    )
    await sheet.write(tx)
    await legal_holds.save(tx, record.id, wanted, record.key)
    return wanted
