"""Consent and contact points at the last moment: nothing leaves that a person has ended before its bytes began to."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.domain.channel import Channel
from app.domain.merge import RecipientPatch
from app.domain.notification import AttemptStatus, Notification, Status
from app.domain.outcome import Accepted, NotSent
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import DatabaseUnavailableError, Tx
from app.storage.tables import attempts, contact_points
from app.usecases.erase_recipient import erase_recipient
from app.usecases.put_recipient import put_recipient
from app.usecases.start_attempt import Claimed
from app.usecases.withdraw_consent import withdraw_consent
from tests.builders import OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.people import consent
from tests.integration.providers import GatedTransport, attempts_in, dispatcher, until
from tests.integration.sealed import SealedFact, assert_in_order, sealed_facts
from tests.integration.world import World

PLANNED, STARTED = "notification.planned", "attempt.started"
PEOPLE, ROUNDS = 100, 10


async def sms_to(world: World, name: str = RECIPIENT) -> Notification:
    await world.register(name, channels=[Channel.SMS], consents=[Channel.SMS])
    answer = await world.accepted(event(id=name, data={"recipient": name, "shipment": name}))
    return answer.notifications[0]


async def row_id(world: World, name: str = RECIPIENT) -> UUID:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    assert record is not None
    return record.id


async def withdraw(world: World, recipient: UUID) -> None:
    await world.database.transact(
        lambda tx: withdraw_consent(
            tx,
            recipient,
            Channel.SMS,
            None,
            method="one_click",
            statement=b"{}",
            surroundings=world.surroundings,
        )
    )


async def set_contacts(world: World, state: str) -> None:
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(state=state))


def before_the_last_check(world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[], Awaitable[None]]) -> None:
    """Has `change` happen after a message was claimed and before its bytes could leave."""
    ask = world.sms._ask_last

    async def change_and_ask(item: Claimed) -> NotSent | None:
        await change()
        return await ask(item)

    monkeypatch.setattr(world.sms, "_ask_last", change_and_ask)


async def withdrawal_of(world: World) -> SealedFact:
    await world.seal()
    (withdrawn,) = (fact for fact in await sealed_facts(world.database) if fact.type == "consent.withdrawn")
    return withdrawn


async def test_a_withdrawal_before_the_claim_suppresses(world: World) -> None:
    sms = await sms_to(world)
    await withdraw(world, await row_id(world))
    assert await world.dispatch() == 0
    assert world.gateway.journal == []
    opening, suppressed = await world.facts(sms.id)
    assert (opening["type"], suppressed["type"]) == (PLANNED, "notification.suppressed")
    assert suppressed["data"]["reason"] == "opted_out"
    assert suppressed["data"]["consent_version"] == 1
    assert suppressed["data"]["consent_fact"] == (await withdrawal_of(world)).leaf
    assert suppressed["data"]["event_facts"] == opening["data"]["event_facts"]


async def test_a_withdrawal_between_claim_and_send_stops_the_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = await sms_to(world)
    recipient = await row_id(world)
    before_the_last_check(world, monkeypatch, lambda: withdraw(world, recipient))
    assert await world.dispatch() == 1
    assert world.gateway.journal == []
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, "attempt.not_sent", "notification.suppressed"]
    assert (facts[2]["data"]["stage"], facts[2]["data"]["code"]) == ("consent", "opted_out")
    assert facts[3]["data"]["reason"] == "opted_out"
    assert facts[3]["data"]["consent_fact"] == (await withdrawal_of(world)).leaf
    assert (await world.notification(sms.id)).status == "suppressed"
    assert_in_order(await sealed_facts(world.database))


@pytest.mark.parametrize(
    ("state", "reason"),
    [("disabled", "contact_disabled"), ("removed", "no_contact_point"), ("unconfirmed", "unverified")],
)
async def test_a_contact_point_that_ended_gets_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str, reason: str
) -> None:
    waiting = await sms_to(world)
    await set_contacts(world, state)
    assert await world.dispatch() == 0
    assert (await world.notification(waiting.id)).reason == reason
    await set_contacts(world, "active")
    claimed = await world.accepted(event(id="later", data={"recipient": RECIPIENT, "shipment": "later"}))
    before_the_last_check(world, monkeypatch, lambda: set_contacts(world, state))
    assert await world.dispatch() == 1
    assert (await world.notification(claimed.notifications[0].id)).reason == reason
    assert world.gateway.journal == []


async def test_a_database_that_cannot_say_lets_nothing_leave(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = await sms_to(world)

    async def unavailable(_item: Claimed) -> str | None:
        raise DatabaseUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(world.sms._last_checks, "submit", unavailable)
        assert await world.dispatch() == 1
    assert world.gateway.journal == []
    assert (await world.notification(sms.id)).status == "queued"
    clock.forward(seconds=3)
    await world.dispatch()
    assert len(world.gateway.journal) == 1


async def erase(world: World, name: str = RECIPIENT) -> None:
    assert await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor="key-1", surroundings=world.surroundings)
    )


async def test_what_waits_for_an_erased_person_is_cancelled(world: World) -> None:
    sms = await sms_to(world)
    await erase(world)
    assert await world.dispatch() == 0
    assert (await world.notification(sms.id)).reason == "erased"


async def test_a_person_erased_between_claim_and_send_gets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms = await sms_to(world)
    before_the_last_check(world, monkeypatch, lambda: erase(world))
    assert await world.dispatch() == 1
    assert world.gateway.journal == []
    ended = await world.notification(sms.id)
    assert (ended.status, ended.reason) == ("cancelled", "erased")


async def test_a_retry_to_somebody_erased_meanwhile_is_cancelled_and_holds_up_nobody(
    world: World, clock: TestClock
) -> None:
    gone = await sms_to(world, "gone")
    await world.register("other", channels=[Channel.SMS], consents=[Channel.SMS])  # before the number bears a mark
    transport = GatedTransport(NotSent(stage="connect", code="refused"), capacity=1)
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    await erase(world, "gone")
    transport.gate.set()
    await slow.settled()
    clock.forward(seconds=10)
    other = await sms_to(world, "other")
    transport.outcome = Accepted(provider_id="SM1")
    for _ in range(3):
        await slow.turn()
        await slow.settled()
    ended = await world.notification(gone.id)
    assert (ended.status, ended.reason) == ("cancelled", "erased")
    assert (await world.notification(other.id)).status == "sent"
    assert len(transport.taken) == 2


async def test_a_thousand_opt_outs_race_dispatch_and_none_loses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the version of the consent, in the order of the log, no attempt starts after the withdrawal that ends it."""
    chance = random.Random(20261123)
    before_the_last_check(world, monkeypatch, lambda: asyncio.sleep(chance.uniform(0, 0.02)))
    names = [f"person-{number}" for number in range(PEOPLE)]
    for name in names:
        await world.register(name, channels=[Channel.SMS], consents=[])
    ids = [await row_id(world, name) for name in names]
    for turn in range(ROUNDS):
        await _all_agree(world, names)
        await world.post(
            *(event(id=f"{name}-{turn}", data={"recipient": name, "shipment": f"{name}-{turn}"}) for name in names)
        )
        chance.shuffle(ids)
        await _race(world, ids)
    await world.seal()
    sealed = await sealed_facts(world.database)
    assert_in_order(sealed)
    assert sum(fact.type == "consent.withdrawn" for fact in sealed) == PEOPLE * ROUNDS
    _assert_no_start_after_its_withdrawal(sealed)
    outcomes = await _attempt_outcomes(world)
    journal = attempts_in(world.gateway.journal)
    assert len(journal) == len(set(journal))
    assert set(journal) == outcomes[AttemptStatus.ACCEPTED]
    ends = Counter(fact.data["reason"] for fact in sealed if fact.type == "notification.suppressed")
    assert ends["opted_out"] + len(journal) == PEOPLE * ROUNDS
    assert journal, "no message won the race"
    assert ends["opted_out"] > len(outcomes[AttemptStatus.NOT_SENT]), "no withdrawal won against a claim"
    assert outcomes[AttemptStatus.NOT_SENT], "no withdrawal came between a claim and its send"


async def _all_agree(world: World, names: list[str]) -> None:
    patch = RecipientPatch(consents=(consent(at=world.surroundings.clock()),))

    async def agree(tx: Tx) -> None:
        for name in names:
            await put_recipient(tx, OPERATOR, name, patch, operator_verified=True, surroundings=world.surroundings)

    await world.database.transact(agree)


async def _race(world: World, recipients: list[UUID]) -> None:
    """All withdraw, eight at a time, while one dispatcher sends what it can."""
    waiting = iter(recipients)

    async def withdraw_some() -> None:
        for recipient in waiting:
            await withdraw(world, recipient)

    async def send_all() -> None:
        while await world.sms.turn() or await _are_waiting(world):
            await world.sms.wait_for_room()
        await world.sms.settled()

    await asyncio.gather(send_all(), *(withdraw_some() for _ in range(8)))


async def _are_waiting(world: World) -> bool:
    async with world.database.read() as tx:
        counts = await outbox.unfinished_counts(tx)
    return counts[Status.QUEUED] > 0


def _assert_no_start_after_its_withdrawal(sealed: list[SealedFact]) -> None:
    ended: dict[UUID | None, set[int]] = defaultdict(set)
    for fact in sealed:
        if fact.type == "consent.withdrawn":
            ended[fact.recipient].add(fact.data["version"])
        if fact.type == STARTED:
            assert fact.data["consent_version"] not in ended[fact.recipient]


async def _attempt_outcomes(world: World) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = defaultdict(set)
    async with world.database.read() as tx:
        for row in await tx.execute(select(attempts.c.id, attempts.c.status)):
            found[row.status].add(row.id)
    return found
