"""Attempts whose outcome nobody knows: looked for with the provider, and left open when nothing is left to look at."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.look_up import Found, LookUp, NotFound, Unclear
from app.domain.notification import AttemptStatus
from app.domain.receipt import ReceiptStatus
from app.usecases import follow_unknown
from app.usecases.close_chains import close_chains
from app.usecases.follow_unknown import Follower
from tests.conftest import TestClock
from tests.doubles.sms_gateway import Answer, Behaviour, Raw
from tests.integration.lost_messages import NOT_TAKEN, later, lost
from tests.integration.providers import until
from tests.integration.scripted import (
    LOST,
    Scripted,
    attempts,
    follow,
    follower,
    planned,
    report,
    send,
    standing,
    statuses,
    through,
)
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN = "notification.planned", "attempt.started", "attempt.unknown"
RECONCILED, UNRESOLVED, CLOSED = "attempt.reconciled", "attempt.unresolved", "notification.closed"
LOST_FACTS = [PLANNED, STARTED, UNKNOWN]
FOUND = Found(provider_id="SM7", code="sent", reply=b'{"sid":"SM7"}')


async def test_a_message_in_the_providers_list_was_sent(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    await later(world, clock, seconds=29)
    assert world.gateway.asked == []
    await later(world, clock, seconds=2)
    assert len(world.gateway.asked) == 1
    assert await standing(world, sms) == ("sent", False)
    (attempt,) = await attempts(world, sms)
    assert (attempt.status, attempt.code) == (AttemptStatus.ACCEPTED, "queued")
    *_, reconciled = await world.facts(sms.id)
    assert reconciled["type"] == RECONCILED
    assert reconciled["data"] == {
        "attempt": 1, "provider": "twilio", "stage": None, "code": "queued", "method": "list",
        "substitutes_paper": False,
    }  # fmt: skip
    bundle = json.loads(await world.bundle(sms.id))
    (original,) = (each for each in bundle["originals"] if each["fact"] == reconciled["id"])
    listed = json.loads(base64.b64decode(original["bytes"]))
    assert (original["field"], listed["sid"]) == ("provider_reply", world.gateway.held[0].sid)
    assert bundle["facts"][-1]["openings"]["provider_id"]["value"] == listed["sid"]


async def test_what_was_found_is_closed_after_72_hours_like_what_was_accepted(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    await later(world, clock, seconds=31)
    clock.forward(hours=73)
    assert await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings)) == 1
    assert await world.fact_types(sms.id) == [*LOST_FACTS, RECONCILED, CLOSED]


@pytest.mark.parametrize("status", ["failed", "undelivered", "canceled"])
async def test_a_message_that_the_list_says_failed_has_failed(world: World, clock: TestClock, status: str) -> None:
    sms = await lost(world, clock)
    world.gateway.statuses[world.gateway.held[0].sid] = status
    await later(world, clock, seconds=31)
    found = await world.notification(sms.id)
    assert (found.status, found.failure, found.due_at) == ("failed", "permanent", None)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, RECONCILED, "notification.failed"]


async def test_two_messages_alike_show_nothing_and_it_stays_unknown(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    world.gateway.held.append(replace(world.gateway.held[0], sid="SM-other"))
    await later(world, clock, minutes=26)
    assert await standing(world, sms) == ("unknown", False)
    await later(world, clock, minutes=1)
    assert await standing(world, sms) == ("unknown", True)
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [*LOST_FACTS, UNRESOLVED]
    assert (facts[3]["data"]["attempt"], facts[3]["data"]["provider"], facts[3]["sealed"]) == (1, "twilio", {})


async def test_a_list_that_stays_empty_is_asked_four_times_in_25_minutes(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock, NOT_TAKEN)
    asked = []
    for _ in range(30):
        await later(world, clock, minutes=1)
        asked.append(len(world.gateway.asked))
    assert [minute for minute in range(1, 30) if asked[minute] > asked[minute - 1]] == [1, 9, 24]
    assert asked[-1] == 4
    assert await standing(world, sms) == ("unknown", True)
    assert world.gateway.journal == []
    clock.forward(hours=73)
    assert await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings)) == 1
    assert await world.fact_types(sms.id) == [*LOST_FACTS, UNRESOLVED, CLOSED]


async def test_a_message_that_shows_up_late_in_the_list_is_found(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    taken = world.gateway.held.pop()
    await later(world, clock, seconds=31)
    await later(world, clock, minutes=2)
    world.gateway.held.append(taken)
    await later(world, clock, minutes=8)
    assert len(world.gateway.asked) == 3
    assert await standing(world, sms) == ("sent", False)


@pytest.mark.parametrize("listing", [Answer(status=500), Answer(status=401), Raw(payload=b"?"), Answer(status=200)])
async def test_a_list_that_cannot_be_read_is_asked_again_each_minute(
    world: World, clock: TestClock, listing: Behaviour
) -> None:
    sms = await lost(world, clock)
    world.gateway.listing = listing
    await later(world, clock, seconds=31)
    await later(world, clock, seconds=59)
    assert len(world.gateway.asked) == 1
    await later(world, clock, seconds=2)
    assert len(world.gateway.asked) == 2
    world.gateway.listing = None
    await later(world, clock, seconds=61)
    assert await standing(world, sms) == ("sent", False)


async def test_a_list_that_can_never_be_read_leaves_the_message_unresolved_in_time(
    world: World, clock: TestClock
) -> None:
    sms = await lost(world, clock)
    world.gateway.listing = Answer(status=503)
    for _ in range(27):
        await later(world, clock, minutes=1)
    assert await standing(world, sms) == ("unknown", True)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, UNRESOLVED]


@pytest.mark.parametrize("answer", [RuntimeError("a bug in a transport"), TimeoutError(), Unclear(reason="no answer")])
async def test_a_look_that_fails_is_made_again(world: World, clock: TestClock, answer: LookUp | Exception) -> None:
    sms = await planned(world)
    twilio = Scripted(LOST, looks=[answer, FOUND])
    sending = through(world, twilio)
    await send(sending)
    following = follower(world, sending)
    clock.forward(seconds=31)
    await follow(following)
    assert await standing(world, sms) == ("unknown", False)
    clock.forward(seconds=61)
    await follow(following)
    assert await standing(world, sms) == ("sent", False)


async def test_a_look_that_never_ends_holds_up_nobody(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_unknown, "LOOK_SECONDS", 0.05)
    sms = await planned(world)
    twilio = Scripted(LOST, looks=[FOUND, FOUND])
    sending = through(world, twilio)
    await send(sending)
    twilio.looking.clear()
    clock.forward(seconds=31)
    await follow(follower(world, sending))
    assert await standing(world, sms) == ("unknown", False)
    twilio.looking.set()
    clock.forward(seconds=61)
    await follow(follower(world, sending))
    assert await standing(world, sms) == ("sent", False)


REPORTED = [
    (ReceiptStatus.PROGRESS, "sent", []),
    (ReceiptStatus.DELIVERED, "delivered", ["receipt.delivered", CLOSED]),
    (ReceiptStatus.FAILED, "failed", ["receipt.failed", "notification.failed"]),
]


@pytest.mark.parametrize(("status", "stands", "end"), REPORTED)
@pytest.mark.parametrize("looks_before", [0, 2, 4])
async def test_a_callback_resolves_it_before_between_and_after_the_looks(
    world: World, clock: TestClock, looks_before: int, status: ReceiptStatus, stands: str, end: list[str]
) -> None:
    sms = await lost(world, clock, NOT_TAKEN)
    for minutes in (1, 2, 8, 15)[:looks_before]:
        await later(world, clock, minutes=minutes)
    assert len(world.gateway.asked) == looks_before
    (attempt,) = await attempts(world, sms)
    await report(world, attempt, status)
    await later(world, clock, hours=1)
    assert len(world.gateway.asked) == looks_before
    assert await standing(world, sms) == (stands, False)
    given_up = [UNRESOLVED] if looks_before == 4 else []
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [*LOST_FACTS, *given_up, RECONCILED, *end]
    assert facts[3 + len(given_up)]["data"]["method"] == "callback"


@pytest.mark.parametrize("answer", [FOUND, replace(FOUND, failed=True), NotFound(), Unclear(reason="no answer")])
async def test_a_callback_that_comes_while_the_provider_is_asked_is_not_overwritten(
    world: World, clock: TestClock, answer: LookUp
) -> None:
    sms = await planned(world)
    twilio = Scripted(LOST, looks=[answer])
    sending = through(world, twilio)
    await send(sending)
    twilio.looking.clear()
    clock.forward(seconds=31)
    turn = asyncio.create_task(follower(world, sending).turn())
    await until(lambda: twilio.sought)
    (attempt,) = await attempts(world, sms)
    await report(world, attempt, ReceiptStatus.DELIVERED)
    twilio.looking.set()
    await turn
    assert await standing(world, sms) == ("delivered", False)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, RECONCILED, "receipt.delivered", CLOSED]


async def test_a_process_that_dies_while_it_asks_leaves_the_look_to_another(world: World, clock: TestClock) -> None:
    sms = await lost(world, clock)
    clock.forward(seconds=31)
    plan = await world.database.transact(world.follower._begin)
    assert len(plan.looks) == 1
    await later(world, clock, seconds=58)
    assert world.gateway.asked == []
    await later(world, clock, seconds=3)
    assert len(world.gateway.asked) == 1
    assert await standing(world, sms) == ("sent", False)


async def test_who_asks_again_does_not_write_the_same_finding_twice(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    twilio = Scripted(LOST, looks=[FOUND, FOUND])
    sending = through(world, twilio)
    await send(sending)
    twilio.looking.clear()
    clock.forward(seconds=31)
    turns = []
    for _ in range(2):
        turns.append(asyncio.create_task(follower(world, sending).turn()))
        await until(lambda: len(twilio.sought) == len(turns))
        clock.forward(seconds=61)
    twilio.looking.set()
    await asyncio.gather(*turns)
    assert await standing(world, sms) == ("sent", False)
    assert await world.fact_types(sms.id) == [*LOST_FACTS, RECONCILED]


async def test_two_followers_at_once_ask_once(world: World, clock: TestClock) -> None:
    sent = [await planned(world, name=f"item-{number}") for number in range(8)]
    twilio = Scripted(*[LOST] * 8, looks=[FOUND] * 8)
    sending = through(world, twilio)
    await send(sending)
    clock.forward(seconds=31)
    both: Sequence[Follower] = [follower(world, sending), follower(world, sending)]
    await asyncio.gather(*(follow(each) for each in both))
    assert len(twilio.sought) == len({each.attempt for each in twilio.sought}) == 8
    for sms in sent:
        assert await world.fact_types(sms.id) == [*LOST_FACTS, RECONCILED]


async def test_what_is_sought_is_what_the_attempt_committed_to(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    twilio = Scripted(LOST)
    sending = through(world, twilio)
    await send(sending)
    await world.put(language="en")  # would be told otherwise by now
    clock.forward(seconds=31)
    await follow(follower(world, sending))
    (sought,), (outgoing,), (attempt,) = twilio.sought, twilio.taken, await attempts(world, sms)
    assert (sought.to, sought.message) == (outgoing.to, outgoing.body)  # type: ignore[union-attr]
    assert (sought.attempt, sought.notification) == (attempt.id, sms.id)
    assert (sought.started_at, sought.ended_at) == (attempt.started_at, attempt.ended_at)


async def test_more_unknown_messages_than_one_turn_takes_are_all_followed(world: World, clock: TestClock) -> None:
    count = follow_unknown.BATCH_MAX + 7
    sent = [await planned(world, name=f"item-{number}") for number in range(count)]
    twilio = Scripted(*[LOST] * count, looks=[FOUND] * count)
    sending = through(world, twilio)
    await send(sending)
    clock.forward(seconds=31)
    await follow(follower(world, sending))
    assert [await statuses(world, sms) for sms in sent] == [[AttemptStatus.ACCEPTED]] * count
