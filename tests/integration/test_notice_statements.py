"""What people say about notices: sealed once in the notice's chain, and heard by whoever plans what they are told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.channel import Channel
from app.domain.merge import WantedContact
from app.domain.notification import Notification, Status
from app.domain.statement import Statement, StatementKind
from app.storage import anomalies as anomaly_store
from app.storage import events as event_store
from app.storage import notifications as outbox
from app.storage import statements as statement_store
from app.usecases.erase_recipient import erase_recipient
from app.usecases.read_shipment import ShipmentAnswer, read_shipment
from app.usecases.say_about_notice import Recorded, Saying, Unsaid, say_about_notice
from tests.builders import NOON, OPERATOR, RECIPIENT, SHIPMENT, event
from tests.conftest import TestClock
from tests.doubles.smtp_server import Say as Refuse
from tests.integration.world import World
from tests.second_verifier import verify

OTHER = "00759007734123456790"

Say = Callable[[UUID, StatementKind], Awaitable[Recorded | Unsaid]]


@pytest.fixture
def say(world: World) -> Say:
    async def saying(notification: UUID, kind: StatementKind) -> Recorded | Unsaid:
        return await world.database.transact(
            lambda tx: say_about_notice(
                tx, notification, Saying(kind=kind, words="Nie do mnie", language="pl"), surroundings=world.surroundings
            )
        )

    return saying


async def letter_of(world: World, **changes: Any) -> UUID:
    """The e-mail about a notice, sent."""
    answer = await world.accepted(event(**changes))
    await world.dispatch()
    (letter,) = [n.id for n in answer.notifications if n.channel is Channel.EMAIL]
    return letter


async def told_about(world: World, shipment: str = SHIPMENT) -> list[Notification]:
    async with world.database.read() as tx:
        return await outbox.of_shipments(tx, [event_store.shipment_index(tx, OPERATOR, shipment)])


async def anomalies_of(world: World, shipment: str = SHIPMENT) -> list[str]:
    async with world.database.read() as tx:
        index = event_store.shipment_index(tx, OPERATOR, shipment)
        return [each.code for each in (await anomaly_store.of_shipments(tx, [index])).get(index, [])]


async def answer_about(world: World, shipment: str = SHIPMENT) -> ShipmentAnswer:
    async with world.database.read() as tx:
        found = await read_shipment(tx, OPERATOR, shipment, now=world.surroundings.clock())
    assert found is not None
    return found


async def kept(world: World, letter: UUID) -> list[Statement]:
    async with world.database.read() as tx:
        return (await statement_store.of_notifications(tx, [letter])).get(letter, [])


def recorded(said: Recorded | Unsaid) -> Recorded:
    assert isinstance(said, Recorded)
    return said


@pytest.mark.parametrize("kind", StatementKind)
async def test_a_statement_is_the_next_fact_of_the_chain_and_a_row(world: World, say: Say, kind: StatementKind) -> None:
    await world.register()
    letter = await letter_of(world)
    said = recorded(await say(letter, kind))
    facts = await world.facts(letter)
    assert [fact["type"] for fact in facts][-1] == f"recipient.{kind}"
    assert facts[-1]["data"] == {
        "method": "notice_page",
        "reference": said.statement.reference,
        "substitutes_paper": False,
    }
    assert await kept(world, letter) == [said.statement]
    assert said.is_new


async def test_what_was_said_is_sealed_with_its_time_its_language_and_the_words_of_the_button(
    world: World, say: Say
) -> None:
    await world.register()
    letter = await letter_of(world)
    await say(letter, StatementKind.MISDIRECTED)
    await world.seal()
    bundle = json.loads(await world.bundle(letter))
    (fact,) = [each for each in bundle["facts"] if each["document"]["type"] == "recipient.misdirected"]
    assert json.loads(fact["openings"]["statement"]["value"]) == {
        "act": "notice_statement",
        "at": fact["document"]["at"],
        "language": "pl",
        "method": "notice_page",
        "notification": str(letter),
        "said": "misdirected",
        "words": "Nie do mnie",
    }


async def test_who_says_the_same_again_is_given_the_same_reference(world: World, say: Say, clock: TestClock) -> None:
    await world.register()
    letter = await letter_of(world)
    first = recorded(await say(letter, StatementKind.DISPUTED))
    clock.forward(hours=5)
    second = recorded(await say(letter, StatementKind.DISPUTED))
    assert second.statement == first.statement
    assert not second.is_new
    assert (await world.fact_types(letter)).count("recipient.disputed") == 1


async def test_of_many_clicks_at_once_one_is_recorded(world: World, say: Say) -> None:
    await world.register()
    letter = await letter_of(world)
    said = [recorded(each) for each in await asyncio.gather(*(say(letter, StatementKind.DISPUTED) for _ in range(8)))]
    assert len({each.statement.reference for each in said}) == 1
    assert [each.is_new for each in said].count(True) == 1
    assert (await world.fact_types(letter)).count("recipient.disputed") == 1
    assert await anomalies_of(world) == ["paper_notice_missing"]


async def test_different_things_said_at_once_are_all_recorded_each_under_a_reference_of_its_own(
    world: World, say: Say
) -> None:
    await world.register()
    letter = await letter_of(world)
    said = [recorded(each) for each in await asyncio.gather(*(say(letter, kind) for kind in StatementKind))]
    assert len({each.statement.reference for each in said}) == 3
    assert {*(await world.fact_types(letter))[-3:]} == {f"recipient.{kind}" for kind in StatementKind}


async def test_a_statement_may_follow_a_chain_that_is_closed(world: World, say: Say) -> None:
    await world.register(channels=(Channel.EMAIL,), consents=())
    answer = await world.accepted(event())
    (suppressed,) = [n for n in answer.notifications if n.channel is Channel.EMAIL]
    assert suppressed.status is Status.SUPPRESSED
    await say(suppressed.id, StatementKind.ACKNOWLEDGED)
    assert await world.fact_types(suppressed.id) == ["notification.suppressed", "recipient.acknowledged"]


async def test_a_missing_paper_notice_is_an_anomaly_of_its_shipment_once(world: World, say: Say) -> None:
    await world.register()
    first = await letter_of(world)
    await say(first, StatementKind.DISPUTED)
    second = await letter_of(
        world,
        id="second",
        at=NOON - timedelta(minutes=30),
        data={"notice": {"ordinal": 2, "left_at": NOON.isoformat()}},
    )
    await say(second, StatementKind.DISPUTED)
    assert await anomalies_of(world) == ["paper_notice_missing"]
    assert [each.code for each in (await answer_about(world)).anomalies if each.code == "paper_notice_missing"] != []


async def test_nobody_misses_a_notice_that_nobody_said_to_have_left(world: World, say: Say) -> None:
    await world.register()
    letter = await letter_of(world, kind="ready_for_pickup")
    assert await say(letter, StatementKind.DISPUTED) is Unsaid.NOT_ASKED
    assert await kept(world, letter) == []
    assert await anomalies_of(world) == []


@pytest.mark.parametrize("kind", [StatementKind.DISPUTED, StatementKind.ACKNOWLEDGED])
async def test_other_statements_change_nothing_of_what_is_told(world: World, say: Say, kind: StatementKind) -> None:
    await world.register()
    letter = await letter_of(world)
    await world.remind()
    before = await answer_about(world)
    told = [(n.id, n.status) for n in await told_about(world)]
    await say(letter, kind)
    await world.remind()
    assert [(n.id, n.status) for n in await told_about(world)] == told
    assert (await answer_about(world)).plan == before.plan


async def test_who_says_that_an_item_is_not_for_them_is_reminded_no_more_at_that_address(
    world: World, say: Say, clock: TestClock
) -> None:
    await world.register()
    letter = await letter_of(world)
    await world.remind()
    (held,) = [n for n in await told_about(world) if n.status is Status.HELD]
    assert held.channel is Channel.EMAIL
    await say(letter, StatementKind.MISDIRECTED)
    ended = await world.notification(held.id)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "superseded")

    mails, texts = len(world.mail.journal), len(world.gateway.journal)
    for _ in range(14):
        clock.forward(days=1)
        await world.remind()
        await world.dispatch()
    assert len(world.mail.journal) == mails
    assert len(world.gateway.journal) > texts
    later = [n for n in await told_about(world) if n.channel is Channel.EMAIL and n.step and n.id != held.id]
    assert {(n.status, n.reason) for n in later} == {(Status.SUPPRESSED, "opted_out")}


async def test_news_of_such_an_item_goes_to_others_only_and_other_items_are_told_as_before(
    world: World, say: Say
) -> None:
    await world.register()
    await say(await letter_of(world), StatementKind.MISDIRECTED)
    news = await world.accepted(event("returned", id="back", at=NOON + timedelta(seconds=1)))
    assert {(n.channel, n.status, n.reason) for n in news.notifications} == {
        (Channel.SMS, Status.QUEUED, None),
        (Channel.EMAIL, Status.SUPPRESSED, "opted_out"),
    }
    other = await world.accepted(event(id="other", data={"shipment": OTHER}))
    assert {n.status for n in other.notifications} == {Status.QUEUED}


async def test_another_address_of_the_person_is_told_on(world: World, say: Say) -> None:
    await world.register()
    letter = await letter_of(world)
    office = WantedContact(channel=Channel.EMAIL, value="anna@firm.example", verified=True, method="counter")
    await world.put(contact_points=(office,))
    await say(letter, StatementKind.MISDIRECTED)
    news = await world.accepted(event("returned", id="back", at=NOON + timedelta(seconds=1)))
    assert sorted((n.status, n.reason) for n in news.notifications if n.channel is Channel.EMAIL) == [
        (Status.QUEUED, None),
        (Status.SUPPRESSED, "opted_out"),
    ]


async def test_support_is_not_promised_reminders_that_will_not_be_sent(world: World, say: Say) -> None:
    await world.register()
    letter = await letter_of(world)
    await world.remind()
    assert {each.channel for each in (await answer_about(world)).plan} == set(Channel)
    await say(letter, StatementKind.MISDIRECTED)
    await world.remind()
    assert {each.channel for each in (await answer_about(world)).plan} == {Channel.SMS}


async def test_what_is_said_of_a_message_about_several_items_is_said_of_each(
    world: World, say: Say, clock: TestClock
) -> None:
    await world.register()
    await letter_of(world)
    await letter_of(world, id="other", data={"shipment": OTHER})
    while not (speaking := [n for n in await told_about(world) + await told_about(world, OTHER) if n.merged_into]):
        clock.forward(days=1)
        await world.remind()
    await world.dispatch()
    speaker = next(n.merged_into for n in speaking if n.channel is Channel.EMAIL)
    assert speaker is not None
    await say(speaker, StatementKind.DISPUTED)
    await say(speaker, StatementKind.MISDIRECTED)
    for shipment in (SHIPMENT, OTHER):
        assert await anomalies_of(world, shipment) == ["paper_notice_missing"]
        news = await world.accepted(event("returned", id=f"back-{shipment}", at=clock(), data={"shipment": shipment}))
        assert {(n.channel, n.reason) for n in news.notifications if n.status is Status.SUPPRESSED} >= {
            (Channel.EMAIL, "opted_out")
        }


async def test_a_message_under_way_that_failed_for_now_is_not_tried_again_at_that_address(
    world: World, say: Say, clock: TestClock
) -> None:
    await world.register()
    letter = await letter_of(world)
    news = await world.accepted(event("returned", id="back", at=NOON + timedelta(seconds=1)))
    (returned,) = [n for n in news.notifications if n.channel is Channel.EMAIL]
    world.mail.at("mail", Refuse(reply="451 4.3.0 not now"), times=1)
    await world.email.turn()
    await say(letter, StatementKind.MISDIRECTED)  # while it is being sent
    await world.email.settled()
    assert (await world.notification(returned.id)).status is Status.QUEUED
    mails = len(world.mail.journal)
    clock.forward(hours=1)
    await world.dispatch()
    ended = await world.notification(returned.id)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "superseded")
    assert len(world.mail.journal) == mails


async def test_nobody_says_anything_for_somebody_who_was_erased(world: World, say: Say) -> None:
    await world.register()
    letter = await letter_of(world)
    await say(letter, StatementKind.DISPUTED)
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key-1", surroundings=world.surroundings)
    )
    assert await kept(world, letter) == []
    assert await say(letter, StatementKind.ACKNOWLEDGED) is Unsaid.NOBODY
    await world.seal()
    bundle = await world.bundle(letter)
    assert verify(bundle, world.vkeys).accepted
    assert "recipient.disputed" in [each["document"]["type"] for each in json.loads(bundle)["facts"]]


async def test_nobody_says_anything_about_nothing(world: World, say: Say) -> None:
    assert await say(world.surroundings.new_id(), StatementKind.DISPUTED) is Unsaid.NOBODY
