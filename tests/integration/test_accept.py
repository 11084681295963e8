"""Events are accepted exactly once, whoever sends them together with whom, in whatever order."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import func, select

from app.api.intake import Intake
from app.api.metrics import Metrics
from app.domain.decision import News
from app.domain.event import Event
from app.domain.recipient import Recipient
from app.storage.database import Database
from app.storage.tables import events, notifications
from app.usecases import plan_notifications as planning
from app.usecases.accept_events import Accepted, Answer, Conflict, accept_events
from app.usecases.erase_recipient import erase_recipient
from tests.builders import OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.sealed import assert_in_order, sealed_facts
from tests.integration.world import World
from tests.vocabularies import BUILT_IN


async def count(database: Database, table: object) -> int:
    async with database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


def statuses(answers: Sequence[Answer]) -> list[str]:
    return [answer.status if isinstance(answer, Accepted) else "conflict" for answer in answers]


async def post_alone(world: World, news: Event) -> Answer:
    """One event in a transaction that is not repeated."""
    async with world.database.write() as tx:
        (answer,) = await accept_events(tx, [news], surroundings=world.surroundings, vocabularies=BUILT_IN)
    return answer


@pytest.mark.parametrize("registered", [True, False])
async def test_twenty_posts_of_one_event_at_once_make_one_event(world: World, registered: bool) -> None:
    if registered:
        await world.register()
    answers = await asyncio.gather(*(post_alone(world, event()) for _ in range(20)))
    assert Counter(statuses(answers)) == {"accepted": 1, "duplicate": 19}
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len({answer.event for answer in accepted}) == 1
    assert len({tuple(n.id for n in answer.notifications) for answer in accepted}) == 1
    assert await count(world.database, events) == 1
    assert await count(world.database, notifications) == (2 if registered else 0)


async def test_of_two_contents_under_one_key_the_first_stays(world: World) -> None:
    first = await world.accepted(event())
    (other,) = await world.post(event(data={"shipment": "another"}))
    assert isinstance(other, Conflict)
    (again,) = await world.post(event())
    assert isinstance(again, Accepted)
    assert (again.event, again.status) == (first.event, "duplicate")


async def test_two_contents_under_one_key_at_once_are_one_event_and_one_conflict(world: World) -> None:
    contents = [event(), event(data={"shipment": "another"})] * 5
    answers = await asyncio.gather(*(post_alone(world, news) for news in contents))
    assert Counter(statuses(answers)) == {"accepted": 1, "duplicate": 4, "conflict": 5}


async def test_repeats_inside_one_list_count_like_repeats(world: World) -> None:
    await world.register()
    answers = await world.post(event(), event(), event(data={"shipment": "another"}), event(id="b"))
    assert statuses(answers) == ["accepted", "duplicate", "conflict", "accepted"]
    first, second = answers[0], answers[1]
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert (second.event, second.notifications) == (first.event, first.notifications)
    assert await count(world.database, events) == 2


async def test_the_same_id_of_another_source_or_operator_is_another_event(world: World) -> None:
    answers = await world.post(event(), event(source="/other"), event(data={"operator": "inpost"}))
    assert statuses(answers) == ["accepted"] * 3


async def test_a_repeat_names_the_notifications_of_the_first(world: World) -> None:
    await world.register()
    first = await world.accepted(event())
    await world.dispatch()
    again = await world.accepted(event())
    assert [n.id for n in again.notifications] == [n.id for n in first.notifications]
    assert {n.status for n in again.notifications} == {"sent"}


async def test_five_hundred_events_are_one_commit_and_all_are_there(world: World) -> None:
    await world.register()
    answers = await world.post(*(event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(500)))
    assert statuses(answers) == ["accepted"] * 500
    assert len({answer.event for answer in answers if isinstance(answer, Accepted)}) == 500
    assert await count(world.database, notifications) == 1000
    await world.seal()
    types = Counter(fact.type for fact in await sealed_facts(world.database))
    assert (types["event.accepted"], types["notification.planned"]) == (500, 1000)


async def test_an_empty_list_changes_nothing(world: World) -> None:
    assert await world.post() == []


async def test_a_poison_event_in_a_shared_commit_hurts_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.register()
    await world.register("poison")
    decide = planning.plan

    def fail_for_one(news: News, recipient: Recipient, *, now: datetime) -> object:
        if recipient.name == "poison":
            raise ValueError("a bug that one event finds")
        return decide(news, recipient, now=now)

    monkeypatch.setattr(planning, "plan", fail_for_one)
    hints: list[None] = []
    intake = Intake(
        world.database,
        surroundings=world.surroundings,
        vocabularies=BUILT_IN,
        metrics=Metrics(),
        on_accepted=lambda: hints.append(None),
    )
    news = [event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(40)]
    news.insert(17, event(id="bad", data={"recipient": "poison", "shipment": "bad"}))
    answers = await asyncio.gather(*(intake.accept(item) for item in news), return_exceptions=True)
    await intake.close()
    assert isinstance(answers.pop(17), ValueError)
    assert all(isinstance(answer, Accepted) and answer.status == "accepted" for answer in answers)
    assert await count(world.database, events) == 40
    assert await count(world.database, notifications) == 80
    assert hints


async def test_singles_that_arrive_together_share_commits(world: World) -> None:
    await world.register()
    commits: list[None] = []
    intake = Intake(
        world.database,
        surroundings=world.surroundings,
        vocabularies=BUILT_IN,
        metrics=Metrics(),
        on_accepted=lambda: commits.append(None),
    )
    news = [event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(200)]
    answers = await asyncio.gather(*(intake.accept(item) for item in news))
    await intake.close()
    assert statuses(answers) == ["accepted"] * 200
    assert len(commits) <= 10


async def test_batches_that_overlap_in_any_order_never_wait_for_each_other_for_ever(world: World) -> None:
    """Without repeating a transaction: a deadlock would be an error here, not something that a second try hides."""
    chance = random.Random(7)
    for name in ("a", "b", "c"):
        await world.register(name)
    news = [
        event(kind, id=f"{kind}-{item}-{name}", data={"recipient": name, "shipment": f"item-{item}"})
        for kind in ("notice_left", "delivered")
        for item in range(8)
        for name in ("a", "b", "c", "d", "e")
    ]
    room = asyncio.Semaphore(8)

    async def post_some() -> list[Answer]:
        batch = chance.sample(news, 25)
        async with room, world.database.write() as tx:
            return await accept_events(tx, batch, surroundings=world.surroundings, vocabularies=BUILT_IN)

    answers = await asyncio.gather(*(post_some() for _ in range(40)))
    flat = [answer for batch in answers for answer in batch]
    assert Counter(statuses(flat))["conflict"] == 0
    accepted = [answer.event for answer in flat if isinstance(answer, Accepted) and answer.status == "accepted"]
    assert len(accepted) == len(set(accepted)) == await count(world.database, events)
    await world.seal()
    assert_in_order(await sealed_facts(world.database))


async def race(world: World, first: Event, second: Event) -> list[Answer]:
    """Both events, the second while the transaction of the first is still open."""
    async with world.database.write() as tx:
        (earlier,) = await accept_events(tx, [first], surroundings=world.surroundings, vocabularies=BUILT_IN)
        later = asyncio.create_task(world.post(second))
        await asyncio.sleep(0.3)
    return [earlier, *await later]


async def test_a_notice_and_its_collection_at_the_same_time_tell_nothing_stale(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(hours=1)
    await race(world, event("delivered"), event())
    assert await world.dispatch() == 0
    assert world.gateway.journal == []


async def test_a_collection_that_comes_while_the_notice_is_planned_cancels_it(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(hours=1)
    await race(world, event(), event("delivered"))
    assert await world.dispatch() == 0
    assert world.gateway.journal == []


async def test_the_same_news_under_two_ids_at_the_same_time_is_told_once(world: World) -> None:
    await world.register()
    await race(world, event(), event(id="again"))
    assert await world.dispatch() == 2
    assert len(world.gateway.journal) == len(world.mail.journal) == 1


async def test_an_event_for_somebody_who_is_erased_at_that_moment_is_accepted(world: World) -> None:
    await world.register()
    async with world.database.write() as tx:
        await erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=world.surroundings)
        later = asyncio.create_task(world.post(event(), event(id="other", data={"recipient": "other"})))
        await asyncio.sleep(0.3)
    assert statuses(await later) == ["accepted", "accepted"]
    assert await count(world.database, notifications) == 0
