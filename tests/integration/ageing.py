"""Ids that are as old as the clock says: retention goes by them."""

import itertools
import secrets
from collections.abc import Iterator
from uuid import UUID

from app.domain.retention import Retention, first_id_at
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.keep_retention import keep_retention
from tests.conftest import TestClock

POLICY = Retention(months=13, skeleton_years=10)


def ageing_surroundings(clock: TestClock) -> Surroundings:
    numbers: Iterator[int] = itertools.count(1)

    def new_id() -> UUID:
        return UUID(int=first_id_at(clock.now).int | 7 << 76 | 2 << 62 | next(numbers))

    return Surroundings(clock=clock, new_id=new_id, entropy=secrets.token_bytes, jitter=lambda: 0.5)


async def keep(database: Database, surroundings: Surroundings, policy: Retention = POLICY) -> int:
    """Run the retention until it finds nothing more to do; on how many rows it worked."""
    total = 0
    while done := await keep_retention(database, policy=policy, surroundings=surroundings):
        total += done
    return total
