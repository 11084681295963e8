"""API keys over time: what ends them, and what does not."""

from datetime import datetime, timedelta
from functools import partial

from app.domain.access import Scope
from app.ports import Surroundings
from app.storage import api_keys
from app.storage.database import Database
from app.usecases.check_credentials import REMEMBERED_SECONDS, Keyring
from app.usecases.create_key import create_key
from tests.builders import OPERATOR
from tests.conftest import TestClock


async def new_key(database: Database, surroundings: Surroundings, expires_at: datetime | None = None) -> str:
    make = partial(create_key, name="test", operators=[OPERATOR], scopes=[Scope.PROOFS_READ], expires_at=expires_at)
    return await database.transact(lambda tx: make(tx, surroundings=surroundings))


async def test_two_keys_of_one_system_live_beside_each_other_until_one_is_revoked(
    database: Database, surroundings: Surroundings, clock: TestClock
) -> None:
    old, new = [await new_key(database, surroundings) for _ in range(2)]
    keyring = Keyring(database, surroundings)
    assert [await keyring.caller(each) is not None for each in (old, new)] == [True, True]
    async with database.write() as tx:
        assert await api_keys.revoke(tx, old.split("_")[1], now=clock())
    clock.forward(seconds=REMEMBERED_SECONDS)
    assert [await keyring.caller(each) is not None for each in (old, new)] == [False, True]


async def test_a_key_ends_at_its_end_also_while_it_is_remembered(
    database: Database, surroundings: Surroundings, clock: TestClock
) -> None:
    end = clock() + timedelta(days=1)
    token = await new_key(database, surroundings, end)
    keyring = Keyring(database, surroundings)
    clock.now = end - timedelta(seconds=1)
    caller = await keyring.caller(token)
    assert caller is not None
    assert caller.expires_at == end
    clock.now = end
    assert await keyring.caller(token) is None
    clock.now = end - timedelta(seconds=1)
    assert await keyring.caller(token) is not None


async def test_any_text_can_be_presented(database: Database, surroundings: Surroundings) -> None:
    keyring = Keyring(database, surroundings)
    for text in ("", "\ud800", "\0", "awz_", "é" * 100_000, "a.b.c"):
        assert await keyring.caller(text) is None
