"""Seal that somebody read what is personal, before they are given it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from app.ports import Surroundings
from app.storage import recipients as recipient_store
from app.storage.database import Tx
from app.storage.recipients import NOBODY
from app.storage.vault import PersonKey
from app.usecases.record_facts import FactSheet, new_fact_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who reads (the id of an API key), by which act, and why as they say; the reason stays sealed."""

    actor: str
    act: str
    reason: str | None = field(default=None, repr=False)


async def seal_reading(
    tx: Tx, *, operator: str, people: Collection[UUID], reading: Reading, surroundings: Surroundings
) -> None:
    """One `access.read` for each of these people who was not erased.

    Where there are none, one under the key of what concerns nobody of that operator: that somebody asked is kept, too.
    """
    found, _ = await recipient_store.sound_by_ids(tx, people, lock=True) if people else ({}, set())
    records = list(found.values())
    if not records:
        ensured = await recipient_store.ensure(
            tx, [(operator, NOBODY)], now=surroundings.clock(), new_ids=[surroundings.new_id()]
        )
        records = list(ensured.values())
    sheet = await new_fact_sheet(tx, surroundings)
    for record in records:
        record_reading(sheet, record.id, record.key, reading, surroundings=surroundings)
    await sheet.write(tx)


def record_reading(
    sheet: FactSheet, person: UUID, key: PersonKey, reading: Reading, *, surroundings: Surroundings
) -> None:
    """The same of one person, on a sheet that the caller writes."""
    sheet.record(
        "access.read",
        at=surroundings.clock(),
        recipient=person,
        key=key,
        data={"actor": reading.actor, "act": reading.act, "facts": []},
        sealed={"reason": reading.reason.encode() if reading.reason else None},
    )
