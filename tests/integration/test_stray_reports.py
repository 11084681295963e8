"""Reports that match no attempt: kept once each, sealed outside every chain, and let go of after their time."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from app.domain.receipt import Receipt, ReceiptStatus
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.stray_receipts import StrayReport
from app.storage.tables import stray_receipts
from app.usecases.keep_stray import keep_stray, stray_of
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.people import World, documents

CLAIMED_AT = datetime(2026, 11, 23, 10, 42, 7, tzinfo=UTC)
FAILED = StrayReport(
    provider="email",
    status=ReceiptStatus.FAILED,
    code="5.1.1",
    via="dsn",
    signature="none",
    claimed_at=CLAIMED_AT,
    raw=b"Final-Recipient: rfc822; canary@example.org",
)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def keeps(world: World, stray: StrayReport = FAILED) -> bool:
    return await world.database.transact(lambda tx: keep_stray(tx, stray, surroundings=world.surroundings))


async def statuses(world: World) -> list[str]:
    async with world.database.read() as tx:
        query = select(stray_receipts.c.status).order_by(stray_receipts.c.id)
        return list((await tx.execute(query)).scalars())


async def test_a_stray_end_is_a_fact_in_no_chain(world: World) -> None:
    assert await keeps(world)
    async with world.database.read() as tx:
        (document,) = await documents(tx)
    assert (document["type"], document["notification"], document["n"], document["prev"]) == (
        "receipt.failed", None, None, None,
    )  # fmt: skip
    assert document["data"] == {
        "attempt": None, "provider": "email", "code": "5.1.1", "claimed_at": "2026-11-23T10:42:07.000Z", "via": "dsn",
        "signature": "none", "substitutes_paper": False,
    }  # fmt: skip
    assert document["sealed"].keys() == {"receipt"}


@pytest.mark.parametrize("status", [ReceiptStatus.PROGRESS, None])
async def test_what_tells_of_no_end_is_kept_without_a_fact(world: World, status: ReceiptStatus | None) -> None:
    assert await keeps(world, replace(FAILED, status=status))
    assert await statuses(world) == [status or "unknown"]
    assert await world.recorded() == []


async def test_a_hundred_copies_are_one_row_and_one_fact(world: World) -> None:
    assert [await keeps(world) for _ in range(100)] == [True] + [False] * 99
    assert len(await statuses(world)) == len(await world.recorded()) == 1


async def test_copies_at_the_same_time_are_one_row(world: World) -> None:
    assert sorted(await asyncio.gather(*(keeps(world) for _ in range(8)))) == [False] * 7 + [True]
    assert len(await statuses(world)) == len(await world.recorded()) == 1


async def test_other_bytes_or_another_provider_are_another_report(world: World) -> None:
    assert await keeps(world)
    assert await keeps(world, replace(FAILED, raw=FAILED.raw + b"\n"))
    assert await keeps(world, replace(FAILED, provider="twilio"))
    assert len(await statuses(world)) == 3


async def test_what_it_says_is_nowhere_in_the_clear(world: World) -> None:
    await keeps(world)
    async with world.database.read() as tx:
        (row,) = await tx.execute(select(stray_receipts))
    assert not [value for value in row if isinstance(value, bytes) and b"canary" in value]


async def test_a_report_about_an_attempt_that_was_lost_keeps_all_that_it_says(world: World) -> None:
    receipt = Receipt(
        attempt=UUID(int=7), provider="twilio", status=ReceiptStatus.DELIVERED, code="delivered", via="callback",
        signature="shared_key", provider_id="SM1", claimed_at=CLAIMED_AT, raw=b"MessageStatus=delivered",
    )  # fmt: skip
    assert stray_of(receipt) == StrayReport(
        provider="twilio", status=ReceiptStatus.DELIVERED, code="delivered", via="callback", signature="shared_key",
        claimed_at=CLAIMED_AT, raw=b"MessageStatus=delivered",
    )  # fmt: skip
    await keeps(world, stray_of(receipt))
    assert [type_ for type_, _ in await world.recorded()] == ["receipt.delivered"]


async def test_strays_are_let_go_of_after_thirteen_months(database: Database, clock: TestClock) -> None:
    world = World(database, ageing_surroundings(clock))
    await keeps(world)
    clock.forward(days=13 * 30)
    await keep(database, world.surroundings)
    assert len(await statuses(world)) == 1
    clock.forward(days=10)
    await keep(database, world.surroundings)
    assert await statuses(world) == []
