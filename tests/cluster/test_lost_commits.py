"""The primary fails, and its asynchronous standby lacks what was committed last: noticed, and nothing leaves twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cluster.deployment import PATIENCE_SECONDS, Deployment, Node, assert_log_is_sound, deployed
from tests.cluster.servers import Pair, pair
from tests.integration.api.scene import until
from tests.integration.command import Awizo

pytestmark = pytest.mark.cluster


@pytest.fixture
def both() -> Iterator[Pair]:
    with pair(synchronous=False) as servers:
        yield servers


@pytest.fixture
async def deployment(both: Pair, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with deployed(both.url(), tmp_path / "data") as running:
        yield running


async def test_a_standby_that_lacks_commits_is_noticed_by_every_process_and_recovered(
    deployment: Deployment, both: Pair, awizo: Awizo
) -> None:
    api = deployment.start("api")
    worker = deployment.start("worker")
    await deployment.ready(api)
    assert "failover_may_lose_commits" in api.said
    await deployment.register(api)
    await worker.stop()
    await deployment.post_until_accepted(api, 0)
    await replicated(both)
    await both.no_longer_streaming()
    worker = deployment.start("worker")  # the standby will never hear that it sent both messages
    await until_sent_and_signed(deployment)

    both.primary.kill()
    await both.standby.promote()
    await until_red(deployment, api)
    assert (await deployment.post(api, 1)).status_code == 503
    waiting = await deployment.rows("SELECT status FROM notifications")
    assert [row.status for row in waiting] == ["queued", "queued"]
    assert "log_fault" in worker.said
    assert set(deployment.copies().values()) == {1}

    await asyncio.gather(api.stop(), worker.stop())
    ended = await asyncio.to_thread(recover, deployment, awizo)
    assert "Notifications that are unknown now, and are not sent: 2." in ended
    api, worker = deployment.start("api"), deployment.start("worker")
    await deployment.ready(api)
    await deployment.post_until_accepted(api, 1)

    async def new_ones_left() -> bool:
        return len(deployment.copies()) == 4

    await until(new_ones_left, seconds=PATIENCE_SECONDS)
    await asyncio.gather(api.stop(), worker.stop())
    assert set(deployment.copies().values()) == {1}
    assert await deployment.statuses() == {"unknown": 2, "sent": 2}
    await assert_log_is_sound(deployment)


async def replicated(both: Pair) -> None:
    """Return once the standby has all that the primary committed."""

    async def level() -> bool:
        written = await both.primary.query("SELECT pg_current_wal_flush_lsn()::text")
        return bool(await both.standby.query(f"SELECT pg_last_wal_receive_lsn() >= '{written}'"))

    await until(level, seconds=PATIENCE_SECONDS)


async def until_sent_and_signed(deployment: Deployment) -> None:
    mark = deployment.settings.mark_path
    before = await asyncio.to_thread(mark.read_bytes)

    async def sent_and_signed() -> bool:
        pending = await deployment.rows("SELECT 1 FROM pending_entries")
        signed = await asyncio.to_thread(mark.read_bytes) != before
        return await deployment.statuses() == {"sent": 2} and not pending and signed

    await until(sent_and_signed, seconds=PATIENCE_SECONDS)


async def until_red(deployment: Deployment, api: Node) -> None:
    """Return once the process that only answers HTTP says what must be done."""

    async def is_red() -> bool:
        answer = await deployment.asked(api, "/readyz")
        return answer is not None and answer.status_code == 503 and "awizo log recover" in answer.json()["detail"]

    await until(is_red, seconds=PATIENCE_SECONDS)


def recover(deployment: Deployment, awizo: Awizo) -> str:
    ended = awizo("log", "recover", "--reason", "the standby lacked commits", **deployment.told())
    assert ended.code == 0, ended.err
    return ended.out
