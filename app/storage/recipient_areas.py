"""In which areas people say that they live: found by a keyed blind index of operator and area, never in clear."""

from uuid import UUID

from sqlalchemy import delete, select

from app.domain.incident import areas_of
from app.domain.recipient import Recipient
from app.storage.database import Tx
from app.storage.sql import insert_rows, one_of
from app.storage.tables import recipient_areas


async def keep(tx: Tx, recipient: Recipient) -> None:
    """Keep exactly the areas that the post codes of `recipient` lie in; its row is locked by the caller."""
    areas = {area for code in recipient.post_codes for area in areas_of(code)}
    wanted = {_index(tx, recipient.operator, area) for area in areas}
    mine = recipient_areas.c.recipient_id == recipient.id
    kept = set((await tx.execute(select(recipient_areas.c.area_index).where(mine))).scalars())
    if gone := kept - wanted:
        await tx.execute(delete(recipient_areas).where(mine, one_of(tx, recipient_areas.c.area_index, gone)))
    await insert_rows(
        tx,
        recipient_areas,
        [{"area_index": index, "recipient_id": recipient.id} for index in sorted(wanted - kept)],
    )


async def living_in(tx: Tx, operator: str, area: str, *, after: UUID | None, limit: int) -> list[UUID]:
    """Up to `limit` of that operator's recipients who live in `area`, in the order of their ids, those past `after`.

    `area` is one of `app.domain.incident.areas_of`.
    """
    query = select(recipient_areas.c.recipient_id).where(recipient_areas.c.area_index == _index(tx, operator, area))
    if after is not None:
        query = query.where(recipient_areas.c.recipient_id > after)
    return list((await tx.execute(query.order_by(recipient_areas.c.recipient_id).limit(limit))).scalars())


def _index(tx: Tx, operator: str, area: str) -> bytes:
    return tx.vault.index("area", operator, area)
