"""Sessions that credentials open, on both engines: what is kept of them, and when nobody gets them back."""

from datetime import timedelta
from functools import partial

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update

from app.domain.access import Scope
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.tables import sessions
from app.usecases.create_key import create_key
from app.usecases.guard_sign_in import WRONG_SECRETS_MAX, may_try, note_failure
from app.usecases.sessions import IDLE, OPEN_FOR, digest_of, open_session, presented_in, visitor_of
from tests.builders import OPERATOR

CREDENTIALS = "awz_0123456789abcdef_" + "A" * 43


async def opened(database: Database, surroundings: Surroundings, *, replacing: str | None = None) -> str:
    async with database.write() as tx:
        return await open_session(tx, credentials=CREDENTIALS, replacing=replacing, surroundings=surroundings)


async def test_only_the_token_gives_the_credentials_back(database: Database, surroundings: Surroundings) -> None:
    token, other = await opened(database, surroundings), await opened(database, surroundings)
    now = surroundings.clock()
    async with database.read() as tx:
        presented = await presented_in(tx, token, now=now)
        (kept, _) = (await tx.execute(select(sessions.c.credentials))).scalars()
        assert presented is not None
        assert presented.credentials == CREDENTIALS
        assert CREDENTIALS.encode() not in kept
        assert await presented_in(tx, token[::-1], now=now) is None
        assert await visitor_of(tx, token, now=now) is None
    async with database.write() as tx:
        row = await tx.execute(select(sessions.c.credentials).where(sessions.c.token_digest == digest_of(other)))
        stolen = row.scalar_one()
        await tx.execute(update(sessions).where(sessions.c.token_digest == digest_of(token)).values(credentials=stolen))
    async with database.read() as tx:
        with pytest.raises(InvalidTag):
            await presented_in(tx, token, now=now)


async def test_a_session_is_over_when_it_is_idle_old_or_replaced(
    database: Database, surroundings: Surroundings
) -> None:
    token = await opened(database, surroundings)
    now = surroundings.clock()
    async with database.read() as tx:
        assert await presented_in(tx, token, now=now + IDLE) is None
        assert await presented_in(tx, token, now=now + OPEN_FOR) is None
        assert await presented_in(tx, token, now=now + IDLE - timedelta(seconds=1)) is not None
    newer = await opened(database, surroundings, replacing=token)
    async with database.read() as tx:
        assert await presented_in(tx, token, now=now) is None
        assert await presented_in(tx, newer, now=now) is not None


async def test_wrong_secrets_of_a_key_are_counted_for_an_hour_and_nothing_else_is(
    database: Database, surroundings: Surroundings
) -> None:
    now = surroundings.clock().replace(minute=0, second=0)
    make = partial(
        create_key, name="auditor", operators=[OPERATOR], scopes=[Scope.PROOFS_READ], expires_at=None,
        surroundings=surroundings,
    )  # fmt: skip
    key, other = await database.transact(make), await database.transact(make)
    wrong = key[:-43] + "A" * 43
    for _ in range(WRONG_SECRETS_MAX):
        assert await may_try(database, wrong, now=now)
        for tried in (wrong, CREDENTIALS, "no key at all"):
            await note_failure(database, tried, now=now)
    assert not await may_try(database, key, now=now)
    for free in (other, CREDENTIALS, "no key at all"):
        assert await may_try(database, free, now=now)
    assert await may_try(database, key, now=now + timedelta(hours=1))
