"""The primary fails under load, its synchronous standby takes over: nothing is lost, doubled or forked, by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app.storage import database as storage
from app.storage.database import CommitUnknownError, Database, DatabaseUnavailableError
from app.storage.vault import Vault
from tests.cluster.deployment import PATIENCE_SECONDS, Deployment, Node, assert_log_is_sound, attempt_of, deployed
from tests.cluster.servers import Pair, pair
from tests.conftest import ROOT_SECRET
from tests.integration.api.scene import until

pytestmark = pytest.mark.cluster

CLIENTS = 6
BEFORE, AFTER = 40, 40
OUTCOMES = ("attempt.accepted", "attempt.refused", "attempt.not_sent", "attempt.unknown")


@pytest.fixture
def both() -> Iterator[Pair]:
    with pair(synchronous=True) as servers:
        yield servers


@pytest.fixture
async def deployment(both: Pair, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with deployed(both.url(), tmp_path / "data") as running:
        yield running


async def test_a_failover_under_load_loses_nothing_and_doubles_nothing(deployment: Deployment, both: Pair) -> None:
    nodes = [deployment.start(role) for role in ("api", "api", "worker", "worker")]
    apis = nodes[:2]
    await asyncio.gather(*(deployment.ready(api) for api in apis))
    await deployment.register(apis[0])
    await post_through_a_failover(deployment, apis, both)
    await until_nothing_waits(deployment)

    assert all(node.process.poll() is None for node in nodes), "a process ended"
    assert {answer.status_code for answer in deployment.refused} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in deployment.refused)
    await asyncio.gather(*(node.stop() for node in nodes))  # what is in flight is settled
    await assert_each_event_is_there_once(deployment)
    await assert_no_message_left_twice(deployment)
    await assert_each_attempt_ended_once(deployment)
    await assert_log_is_sound(deployment)


async def test_when_the_primary_hangs_everybody_goes_to_the_standby_once_it_is_promoted(both: Pair) -> None:
    database = Database(both.url(), Vault(ROOT_SECRET), pool_size=2, command_seconds=1)
    assert await port(database) == both.primary.port
    idle = Database(both.url(), Vault(ROOT_SECRET), command_seconds=None)
    assert await port(idle) == both.primary.port
    both.primary.freeze()
    await idle.close()  # nobody answers its farewell, and nobody waits for that
    with pytest.raises(DatabaseUnavailableError):
        await port(database)
    await both.standby.promote()
    assert await port(database) == both.standby.port
    await database.close()


async def test_a_commit_that_its_standby_does_not_confirm_is_unknown_and_seen_by_nobody_until_it_does(
    both: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "COMMIT_SECONDS", 1)
    database = Database(both.url(), Vault(ROOT_SECRET))
    await both.primary.query("CREATE TABLE kept (id integer)", database="awizo")
    both.standby.stop()
    with pytest.raises(CommitUnknownError):
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO kept VALUES (1)"))
    assert await kept(database) == 0, "on one server only, and not to be relied on"
    await asyncio.to_thread(both.standby.start)

    async def is_kept() -> bool:
        return await kept(database) == 1

    await until(is_kept, seconds=PATIENCE_SECONDS)
    await database.close()


async def kept(database: Database) -> int:
    async with database.read() as tx:
        return int((await tx.execute(text("SELECT count(*) FROM kept"))).scalar_one())


async def port(database: Database) -> int:
    async with database.write() as tx:
        return int((await tx.execute(text("SELECT inet_server_port()"))).scalar_one())


async def post_through_a_failover(deployment: Deployment, apis: list[Node], both: Pair) -> None:
    numbers = iter(range(BEFORE + AFTER))
    half_way = asyncio.Event()

    async def client(api: Node) -> None:
        for number in numbers:
            if number >= BEFORE:
                half_way.set()
            await deployment.post_until_accepted(api, number)
            await deployment.look(api)

    async def fail_over() -> None:
        await half_way.wait()
        both.primary.kill()
        await asyncio.sleep(1)
        await both.standby.promote()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(fail_over(), *(client(apis[number % 2]) for number in range(CLIENTS)))


async def until_nothing_waits(deployment: Deployment) -> None:
    """What is still being sent then was claimed in the very moment of the failure, and waits for its lease to end."""

    async def nothing_waits() -> bool:
        statuses = await deployment.statuses()
        return not statuses["queued"] and statuses["sent"] > BEFORE

    await until(nothing_waits, seconds=PATIENCE_SECONDS)


async def assert_each_event_is_there_once(deployment: Deployment) -> None:
    rows = await deployment.rows("SELECT id::text FROM events")
    assert Counter(row.id for row in rows) == Counter(deployment.accepted.values())
    assert len(deployment.accepted) == BEFORE + AFTER
    (notifications,) = await deployment.rows("SELECT count(*) AS n FROM notifications")
    assert notifications.n == 2 * len(rows)


async def assert_no_message_left_twice(deployment: Deployment) -> None:
    assert max(deployment.copies().values()) == 1
    known = {row.id for row in await deployment.rows("SELECT id::text FROM attempts")}
    assert {attempt_of(sms.form["StatusCallback"]) for sms in deployment.gateway.journal} <= known
    sent = (await deployment.statuses())["sent"]
    assert sent <= len(deployment.gateway.journal) + len(deployment.mail.journal)


async def assert_each_attempt_ended_once(deployment: Deployment) -> None:
    now = datetime.now(UTC)
    started = {
        (row.notification_id, row.number): row
        for row in await deployment.rows(
            "SELECT a.notification_id, a.number, n.status, n.due_at FROM attempts a "
            "JOIN notifications n ON n.id = a.notification_id"
        )
    }
    facts = await deployment.rows(
        "SELECT notification_id, type, convert_from(document, 'UTF8')::json -> 'data' ->> 'attempt' AS number "
        "FROM facts WHERE type LIKE 'attempt.%'"
    )
    said = Counter((row.notification_id, int(row.number)) for row in facts if row.type == "attempt.started")
    ended = Counter((row.notification_id, int(row.number)) for row in facts if row.type in OUTCOMES)
    assert said == Counter(started.keys())
    assert not ended.keys() - started.keys()
    assert set(ended.values()) == {1}
    for key in started.keys() - ended.keys():
        assert started[key].status == "sending"
        assert started[key].due_at > now, "its lease ran out, and nobody said what became of it"
