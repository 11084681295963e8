"""Nobody's message waits behind the backlog of another source, or of another operator."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import TextClause, insert, text

from app.domain.channel import Channel, Purpose
from app.domain.notification import Status
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import turns
from app.storage.database import Database, Tx
from app.storage.lanes import lane_of
from app.storage.tables import notifications, recipients
from app.storage.turns import LANES_MAX, Room, due_to_send
from tests.builders import NOON, OPERATOR, event
from tests.integration.scripted import Scripted, through
from tests.integration.world import World

BACKLOG = 10_000
LOUD, QUIET = "/loud", "/quiet"


class Queue:
    """Notifications that wait, of nobody in particular, written straight into their table."""

    def __init__(self, database: Database, surroundings: Surroundings) -> None:
        self.database = database
        self._surroundings = surroundings
        self._number = 0

    async def add(
        self, count: int, *, source: str, operator: str = OPERATOR, minutes: int = 0, due: bool = True
    ) -> list[UUID]:
        """So many, due some `minutes` after noon; or never, unless `due`."""
        async with self.database.write() as tx:
            person = await self._person(tx)
            at = NOON + timedelta(minutes=minutes)
            rows = [
                {
                    "id": self._surroundings.new_id(), "operator": operator, "kind": "notice_left",
                    "channel": "sms", "purpose": Purpose.DELIVERY, "recipient_id": person, "status": Status.QUEUED,
                    "created_at": NOON, "expires_at": NOON + timedelta(days=1), "due_at": at if due else None,
                    "chain_length": 1, "chain_leaf": bytes(32), "lane": lane_of(tx.vault, operator, source),
                }
                for _ in range(count)
            ]  # fmt: skip
            await tx.execute(insert(notifications), rows)
        return [row["id"] for row in rows]

    async def _person(self, tx: Tx) -> UUID:
        return (await tx.execute(recipients.select().with_only_columns(recipients.c.id).limit(1))).scalar_one()

    async def claim(self, limit: int, *, chance: float = 0.5) -> list[UUID]:
        """What one claim takes; it is gone afterwards."""
        async with self.database.write() as tx:
            room = Room(channel=Channel.SMS, now=NOON + timedelta(hours=1), limit=limit, chance=chance)
            taken = await due_to_send(tx, room)
            await outbox.save_all(tx, [replace(n, status=Status.SENT, due_at=None) for n in taken])
        return [n.id for n in taken]


@pytest.fixture
async def queue(world: World) -> Queue:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    return Queue(world.database, world.surroundings)


async def test_behind_ten_thousand_of_another_source_a_message_is_in_the_first_claim(queue: Queue) -> None:
    loud = await queue.add(BACKLOG, source=LOUD)
    quiet = await queue.add(3, source=QUIET, minutes=30)
    first = await queue.claim(20)
    assert set(first) >= set(quiet)
    assert set(first) - set(quiet) <= set(loud)
    assert len(set(first)) == 20
    assert first.index(quiet[0]) < 2


async def test_an_operator_with_very_many_sources_keeps_no_other_one_waiting(queue: Queue) -> None:
    for number in range(LANES_MAX + 40):
        await queue.add(2, source=f"/device/{number}")
    other = await queue.add(5, source=QUIET, operator="inpost", minutes=30)
    assert set(await queue.claim(20)) >= set(other)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_of_very_many_sources_each_has_its_turn(queue: Queue) -> None:
    await queue.add(300, source=LOUD)
    waiting = {id_ for number in range(LANES_MAX + 40) for id_ in await queue.add(1, source=f"/device/{number}")}
    for claim in range(60):
        waiting -= set(await queue.claim(20, chance=(claim * 0.37) % 1))
    assert waiting == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_not_due_yet_takes_nobodys_place(queue: Queue) -> None:
    loud = await queue.add(50, source=LOUD)
    await queue.add(50, source="/tomorrow", minutes=24 * 60)
    await queue.add(50, source="/held", due=False)
    assert set(await queue.claim(20)) <= set(loud)


async def test_while_everything_finds_a_place_the_longest_waiting_goes_first(queue: Queue) -> None:
    late = await queue.add(3, source=QUIET, minutes=30)
    early = await queue.add(3, source=LOUD)
    assert await queue.claim(20) == early + late


async def test_a_source_gets_its_own_in_their_order_and_all_places_are_used(queue: Queue) -> None:
    loud = [id_ for minute in range(30) for id_ in await queue.add(1, source=LOUD, minutes=minute)]
    quiet = [id_ for minute in range(4) for id_ in await queue.add(1, source=QUIET, minutes=40 + minute)]
    first = await queue.claim(10)
    assert len(first) == 10
    assert [id_ for id_ in first if id_ in quiet] == quiet
    assert [id_ for id_ in first if id_ in loud] == loud[:6]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_two_workers_at_once_take_turns_over_what_the_other_one_leaves(queue: Queue) -> None:
    loud, quiet = await queue.add(30, source=LOUD), await queue.add(30, source=QUIET, minutes=30)
    room = Room(channel=Channel.SMS, now=NOON + timedelta(hours=1), limit=10, chance=0.5)
    async with queue.database.write() as one, queue.database.write() as other:
        taken = [{n.id for n in await due_to_send(tx, room)} for tx in (one, other)]
    assert taken[0].isdisjoint(taken[1])
    assert [(len(each & set(loud)), len(each & set(quiet))) for each in taken] == [(5, 5), (5, 5)]


async def test_a_look_goes_along_the_index_of_turns_and_through_no_backlog(queue: Queue) -> None:
    await queue.add(2_000, source=LOUD)
    await queue.add(10, source=QUIET)
    async with queue.database.write() as tx:
        plans = [await _plan(tx, statement) for statement in (turns.LANES, turns.take_of(tx))]
    for plan in plans:
        assert "ix_notifications_turns" in plan
        assert "Seq Scan" not in plan
        assert "SCAN notifications" not in plan


async def _plan(tx: Tx, statement: TextClause) -> str:
    await tx.execute(text("ANALYZE notifications"))
    asked = {"channel": "sms", "now": NOON + timedelta(hours=1), "begin": 0, "most": LANES_MAX, "share": 5}
    asked["lanes"] = [1, 2] if tx.is_postgres else "[1, 2]"
    how = "EXPLAIN" if tx.is_postgres else "EXPLAIN QUERY PLAN"
    explained = text(f"{how} {statement.text}").bindparams(*statement._bindparams.values())
    rows = await tx.execute(explained, {name: asked[name] for name in statement._bindparams})
    return " ".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_event_of_another_source_is_told_before_a_backlog_of_events_is(world: World) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.post(*(event(id=f"a-{n}", source=LOUD, data={"shipment": f"a-{n}"}) for n in range(12)))
    answer = await world.accepted(event(id="b", source=QUIET, data={"shipment": "b"}))
    provider = Scripted(capacity=2)
    sending = through(world, provider)
    await sending.turn()
    assert (await world.notification(answer.notifications[0].id)).status is Status.SENDING
    await sending.settled()
