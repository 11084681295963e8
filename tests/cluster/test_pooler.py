"""Behind pgbouncer in transaction mode everything works, with fewer connections than processes ask for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.storage.database import STALL_SECONDS, Database, DatabaseUnavailableError
from app.storage.schema import SchemaError, migrate_database, require_idle_timeout, set_idle_timeout
from app.storage.vault import Vault
from tests.cluster.deployment import PATIENCE_SECONDS, Deployment, assert_log_is_sound, deployed
from tests.cluster.pgbouncer import POOL, Pooler, pooler
from tests.cluster.servers import Server, single
from tests.conftest import ROOT_SECRET
from tests.integration.api.scene import until
from tests.integration.command import Awizo

pytestmark = pytest.mark.cluster

CLIENTS, EVENTS = 12, 60


@pytest.fixture
def server() -> Iterator[Server]:
    with single() as running:
        yield running


@pytest.fixture
def bouncer(server: Server) -> Iterator[Pooler]:
    with pooler(server) as running:
        yield running


@pytest.fixture
async def pooled(bouncer: Pooler) -> AsyncIterator[Database]:
    database = Database(bouncer.url, Vault(ROOT_SECRET), is_pooled=True, pool_size=3 * POOL)
    yield database
    await database.close()


async def idle_timeout(database: Database) -> str:
    async with database.read() as tx:
        return str((await tx.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one())


def test_migrate_goes_past_the_pooler_and_sets_what_the_pooler_cannot(
    server: Server, bouncer: Pooler, awizo: Awizo, tmp_path: Path
) -> None:
    settings = {"database_url": bouncer.url, "database_direct_url": server.url()}
    ended = awizo("serve", "--port", "0", **settings)
    assert ended.sentence == "The database has another schema than this version needs; run `awizo migrate`."
    assert awizo("migrate", **settings).code == 0
    assert server.ask("SHOW idle_in_transaction_session_timeout", database="awizo") == f"{STALL_SECONDS}s"
    assert awizo("keys", "list", **settings).code == 0
    assert awizo("migrate", **settings).code == 0, "it may be repeated"


async def test_without_that_limit_nobody_starts_and_one_sentence_says_why(
    server: Server, bouncer: Pooler, pooled: Database
) -> None:
    with pytest.raises(SchemaError, match=r"idle_in_transaction_session_timeout is 0.*run `awizo migrate`"):
        await require_idle_timeout(pooled)
    direct = Database(server.url(), Vault(ROOT_SECRET), stall_seconds=None)
    await set_idle_timeout(direct)
    await direct.close()
    await bouncer.tell("RECONNECT")
    await require_idle_timeout(pooled)


async def test_a_limit_that_somebody_chose_stays(server: Server, pooled: Database) -> None:
    await server.query("ALTER DATABASE awizo SET idle_in_transaction_session_timeout = '3s'")
    direct = Database(server.url(), Vault(ROOT_SECRET), stall_seconds=None)
    await set_idle_timeout(direct)
    await direct.close()
    assert await idle_timeout(pooled) == "3s"


async def test_a_transaction_that_stalls_loses_its_locks_there_too(server: Server, pooled: Database) -> None:
    await server.query("ALTER DATABASE awizo SET idle_in_transaction_session_timeout = '200ms'")
    await server.query("CREATE TABLE wanted ()", database="awizo")

    async def stall() -> None:
        async with pooled.write() as tx:
            await tx.execute(text("LOCK TABLE wanted"))
            async with pooled.write() as other:
                await other.execute(text("LOCK TABLE wanted"))  # given to us once the first one has lost it
            await tx.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailableError):
        await stall()


async def test_no_statement_or_setting_is_left_behind_for_the_next_who_gets_the_connection(
    server: Server, pooled: Database
) -> None:
    direct = Database(server.url(), Vault(ROOT_SECRET), stall_seconds=None)
    await migrate_database(direct)
    await direct.close()

    async def work() -> None:
        async with pooled.write() as tx:
            await tx.execute(text("SELECT CAST(:ids AS uuid[])"), {"ids": []})
            await tx.execute(text("SELECT count(*) FROM events"))

    await asyncio.gather(*(work() for _ in range(10 * POOL)))
    async with pooled.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM pg_prepared_statements"))).scalar_one() == 0
        assert (await tx.execute(text("SHOW jit"))).scalar_one() == "on"
        mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'awizo' AND backend_type = 'client backend'"
        assert (await tx.execute(text(mine))).scalar_one() <= POOL


@pytest.fixture
async def deployment(server: Server, bouncer: Pooler, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with deployed(bouncer.url, tmp_path / "data", database_direct_url=server.url()) as running:
        direct = Database(server.url(), Vault(ROOT_SECRET), stall_seconds=None)
        await set_idle_timeout(direct)
        await direct.close()
        yield running


async def test_a_deployment_sends_and_seals_through_it_though_its_connections_come_and_go(
    deployment: Deployment, bouncer: Pooler
) -> None:
    api, other, *workers = [deployment.start(role) for role in ("api", "api", "worker", "worker")]
    await asyncio.gather(deployment.ready(api), deployment.ready(other))
    await deployment.register(api)
    numbers = iter(range(EVENTS))

    async def client(number: int) -> None:
        for event in numbers:
            await deployment.post_until_accepted((api, other)[number % 2], event)
            await deployment.look(api)
            if event == EVENTS // 2:
                await bouncer.tell("RECONNECT")

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(client(number) for number in range(CLIENTS)))

    async def everything_is_sent() -> bool:
        return await deployment.statuses() == {"sent": 2 * EVENTS}

    await until(everything_is_sent, seconds=PATIENCE_SECONDS)
    assert {answer.status_code for answer in deployment.refused} <= {503}, "a busy machine may be told to wait"
    await asyncio.gather(*(node.stop() for node in deployment.nodes))
    assert max(deployment.copies().values()) == 1
    assert not [node.said for node in workers if "turn_failed" in node.said]
    await assert_log_is_sound(deployment)


async def test_while_the_pooler_is_away_the_service_says_503_and_recovers(
    deployment: Deployment, server: Server, bouncer: Pooler
) -> None:
    api = deployment.start("all")
    await deployment.ready(api)
    await bouncer.tell("DISABLE awizo")
    await bouncer.tell("KILL awizo")
    answer = await deployment.post(api, 0)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    await bouncer.tell("RESUME awizo")
    await bouncer.tell("ENABLE awizo")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await deployment.post_until_accepted(api, 0)
    await api.stop()
