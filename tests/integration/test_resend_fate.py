"""What becomes of a re-send that does not leave, or whose first message is heard of while it is under way."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused
from app.domain.receipt import ReceiptStatus
from app.usecases.expire_leases import expire_leases
from tests.builders import NOON
from tests.conftest import TestClock
from tests.integration.providers import until
from tests.integration.scripted import (
    LOST,
    follower,
    lose,
    report,
)
from tests.integration.world import World

PLANNED, STARTED, UNKNOWN, ACCEPTED = "notification.planned", "attempt.started", "attempt.unknown", "attempt.accepted"
NOT_SENT, REFUSED, RECONCILED = "attempt.not_sent", "attempt.refused", "attempt.reconciled"
UNRESOLVED, CLOSED = "attempt.unresolved", "notification.closed"
LOST_FACTS = [PLANNED, STARTED, UNKNOWN]
UNREACHED = NotSent(stage="connect", code="refused")
LATER = Refused(permanence=Permanence.TEMPORARY, stage="response", code="21611")
NEVER = Refused(permanence=Permanence.PERMANENT, stage="response", code="21211")


async def withdraw(world: World) -> None:
    act = ConsentAct(
        channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False, at=NOON + timedelta(seconds=1), method="counter"
    )
    await world.put(consents=(act,))


@pytest.mark.parametrize(("refusal", "fact"), [(UNREACHED, NOT_SENT), (LATER, REFUSED)])
async def test_a_re_send_that_did_not_leave_is_tried_again_later(
    world: World, clock: TestClock, refusal: Outcome, fact: str
) -> None:
    lost = await lose(world, clock, refusal, refusal)
    await lost.follow(seconds=31)
    assert await lost.standing() == ("unknown", False)
    await lost.follow(seconds=10)
    await lost.follow(seconds=20)
    assert await lost.standing() == ("sent", False)
    assert await lost.types() == [*LOST_FACTS, STARTED, fact, STARTED, fact, STARTED, ACCEPTED]
    await lost.follow(hours=2)
    assert len(lost.provider.taken) == 4


async def test_a_re_send_that_never_leaves_ends_unresolved_in_time(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock, *[UNREACHED] * 100)
    began = clock.now
    while await lost.standing() == ("unknown", False):
        await lost.follow(seconds=30)
        assert clock.now - began < timedelta(minutes=30)
    assert await lost.standing() == ("unknown", True)
    tried = len(lost.provider.taken)
    assert tried > 3
    await lost.follow(hours=2)
    assert len(lost.provider.taken) == tried
    assert (await lost.types())[-3:] == [STARTED, NOT_SENT, UNRESOLVED]


async def test_a_re_send_that_is_refused_for_good_ends_unresolved(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock, NEVER)
    await lost.follow(seconds=31)
    await lost.follow(minutes=28)
    await lost.follow(hours=2)
    assert len(lost.provider.taken) == 2
    assert await lost.standing() == ("unknown", True)
    facts = await world.facts(lost.notification.id)
    assert [fact["type"] for fact in facts] == [*LOST_FACTS, STARTED, REFUSED, UNRESOLVED]
    assert facts[-1]["data"]["attempt"] == 1


async def test_consent_withdrawn_just_before_the_re_send_leaves_keeps_it_here(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    clock.forward(seconds=31)
    plan = await world.database.transact(lost.following._begin)
    await withdraw(world)
    lost.sending.hand_over(plan.again[Channel.SMS])
    await lost.sending.settled()
    await lost.follow(minutes=28)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", True)
    assert await lost.types() == [*LOST_FACTS, STARTED, NOT_SENT, UNRESOLVED]


async def test_a_process_that_dies_between_the_re_sends_commit_and_its_sending_never_sends_a_third(
    world: World, clock: TestClock
) -> None:
    lost = await lose(world, clock)
    clock.forward(seconds=31)
    await world.database.transact(lost.following._begin)
    assert await lost.standing() == ("sending", False)
    clock.forward(minutes=3)
    assert await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings)) == 1
    await lost.follow(minutes=1)
    await lost.follow(minutes=28)
    assert len(lost.provider.taken) == 1
    assert await lost.standing() == ("unknown", True)
    assert await lost.types() == [*LOST_FACTS, STARTED, UNKNOWN, UNRESOLVED]


async def test_two_followers_at_once_send_again_once(world: World, clock: TestClock) -> None:
    lost = await lose(world, clock)
    clock.forward(seconds=31)
    others = [follower(world, lost.sending, resends=[Channel.SMS]) for _ in range(4)]
    await asyncio.gather(*(each.turn() for each in others))
    await lost.sending.settled()
    assert len(lost.provider.taken) == 2
    assert await lost.types() == [*LOST_FACTS, STARTED, ACCEPTED]


REPORTS: Sequence[tuple[ReceiptStatus, Outcome, str, list[str]]] = [
    (ReceiptStatus.DELIVERED, Accepted(provider_id="SM2"), "delivered",
     [ACCEPTED, RECONCILED, "receipt.delivered", CLOSED]),
    (ReceiptStatus.DELIVERED, UNREACHED, "delivered", [NOT_SENT, RECONCILED, "receipt.delivered", CLOSED]),
    (ReceiptStatus.DELIVERED, LOST, "delivered", [UNKNOWN, RECONCILED, "receipt.delivered", CLOSED]),
    (ReceiptStatus.PROGRESS, UNREACHED, "sent", [NOT_SENT, RECONCILED]),
    (ReceiptStatus.PROGRESS, LOST, "sent", [UNKNOWN, RECONCILED]),
    (ReceiptStatus.FAILED, Accepted(provider_id="SM2"), "sent", [ACCEPTED, RECONCILED, "receipt.failed"]),
    (ReceiptStatus.FAILED, LOST, "unknown", [UNKNOWN, RECONCILED, "receipt.failed"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "outcome", "stands", "facts"), REPORTS)
async def test_a_callback_for_the_first_attempt_while_the_second_is_under_way_waits_for_it(
    world: World, clock: TestClock, said: ReceiptStatus, outcome: Outcome, stands: str, facts: list[str]
) -> None:
    lost = await lose(world, clock, outcome)
    lost.provider.sending.clear()
    clock.forward(seconds=31)
    await lost.following.turn()
    await until(lambda: len(lost.provider.taken) == 2)
    first, _ = await lost.attempts()
    await report(world, first, said, provider="smsapi")
    assert await lost.standing() == ("sending", False)
    lost.provider.sending.set()
    await lost.sending.settled()
    assert await lost.standing() == (stands, False)
    assert await lost.types() == [*LOST_FACTS, STARTED, *facts]


@pytest.mark.parametrize("outcome", [UNREACHED, NEVER], ids=["not-sent", "refused"])
@pytest.mark.parametrize("is_early", [True, False])
async def test_when_the_re_send_did_not_leave_and_the_first_is_reported_failed_the_message_has_failed(
    world: World, clock: TestClock, outcome: Outcome, is_early: bool
) -> None:
    lost = await lose(world, clock, outcome)
    lost.provider.sending.clear()
    clock.forward(seconds=31)
    await lost.following.turn()
    await until(lambda: len(lost.provider.taken) == 2)
    first, _ = await lost.attempts()
    if is_early:
        await report(world, first, ReceiptStatus.FAILED, provider="smsapi")
    lost.provider.sending.set()
    await lost.sending.settled()
    if not is_early:
        await report(world, first, ReceiptStatus.FAILED, provider="smsapi")
    await lost.follow(seconds=20)
    found = await world.notification(lost.notification.id)
    assert (found.status, found.failure, found.due_at) == ("failed", "permanent", None)
    assert (await lost.types())[-3:] == [RECONCILED, "receipt.failed", "notification.failed"]
    assert len(lost.provider.taken) == 2
