"""Do-not-contact marks: keyed hashes of contacts that were withdrawn by an erasure. Nobody can be read from one."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from app.domain.channel import Channel
from app.domain.retention import MARK_MONTHS, months_later
from app.storage.database import Tx
from app.storage.sql import one_of, upsert
from app.storage.tables import contact_marks

Contact = tuple[Channel, str]


async def mark(tx: Tx, operator: str, contacts: Iterable[Contact], *, now: datetime) -> None:
    """Mark these contacts as withdrawn from that operator, for 13 months from now."""
    marks = sorted({_mark(tx, operator, contact) for contact in contacts})  # one order for everybody
    rows = [{"mark": each, "marked_at": now, "ends_at": months_later(now, MARK_MONTHS)} for each in marks]
    if rows:
        await tx.execute(upsert(tx, contact_marks, "mark"), rows)


async def live(tx: Tx, operator: str, contacts: Iterable[Contact], *, now: datetime) -> dict[Contact, datetime]:
    """Those of these contacts that bear a mark now, and since when."""
    by_mark = {_mark(tx, operator, contact): contact for contact in contacts}
    if not by_mark:
        return {}
    query = select(contact_marks).where(one_of(tx, contact_marks.c.mark, by_mark), contact_marks.c.ends_at > now)
    return {by_mark[row.mark]: row.marked_at for row in await tx.execute(query)}


async def lift(tx: Tx, operator: str, contact: Contact) -> None:
    """Forget the mark of a contact: the person has just confirmed it, or agreed there."""
    await tx.execute(delete(contact_marks).where(contact_marks.c.mark == _mark(tx, operator, contact)))


async def delete_ended(tx: Tx, *, now: datetime, limit: int) -> int:
    """Delete up to `limit` marks whose time is over; how many."""
    ended = select(contact_marks.c.mark).where(contact_marks.c.ends_at <= now).limit(limit)
    return (await tx.execute(delete(contact_marks).where(contact_marks.c.mark.in_(ended)))).rowcount


def _mark(tx: Tx, operator: str, contact: Contact) -> bytes:
    channel, value = contact
    return tx.vault.index("withdrawn-contact", operator, channel, value)
