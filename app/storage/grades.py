"""What the facts of notifications show at best (evidence log: grade), derived from their documents each time."""

from collections.abc import Collection
from uuid import UUID

import orjson
from sqlalchemy import select

from app.evidence.catalogue import CATALOGUE, Grading, grade_of
from app.storage.database import Tx
from app.storage.sql import one_of
from app.storage.tables import facts

_SHOWING_MORE = [name for name, row in CATALOGUE.items() if row.grading is not Grading.OWN_RECORD]


async def of_notifications(tx: Tx, notifications: Collection[UUID]) -> dict[UUID, int]:
    """The highest grade among the facts of each of these notifications, 0 to 5."""
    found = dict.fromkeys(notifications, 0)
    query = select(facts.c.notification_id, facts.c.document).where(
        one_of(tx, facts.c.notification_id, notifications), one_of(tx, facts.c.type, _SHOWING_MORE)
    )
    for row in await tx.execute(query):
        found[row.notification_id] = max(found[row.notification_id], grade_of(orjson.loads(row.document)))
    return found
