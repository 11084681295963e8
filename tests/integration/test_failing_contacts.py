"""Contacts that messages fail at: when one is disabled, what is sealed then, and how it comes back."""

import asyncio
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.domain.channel import Channel
from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.outcome import Outcome, Permanence, Refused
from app.domain.receipt import Receipt, ReceiptStatus
from app.domain.recipient import ContactPoint, ContactState, Recipient
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import contact_failures, contact_points
from app.usecases.erase_recipient import erase_recipient
from app.usecases.note_failures import failure_of, note_failures
from app.usecases.record_receipt import record_receipts
from app.usecases.weigh_failures import weigh_failures
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.people import World, consent, email, phone

REFUSED = Refused(permanence=Permanence.PERMANENT, stage="rcpt", code="550", hard=True)
BOUNCED = replace(REFUSED, bounced=True)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def register(world: World, name: str = RECIPIENT) -> None:
    contacts = (phone(), email())
    agreed = (consent(), consent(channel=Channel.EMAIL))
    await world.put(name=name, contact_points=contacts, consents=agreed, quiet_hours=None)


async def person(world: World, name: str = RECIPIENT) -> Recipient:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    assert record is not None
    assert record.recipient is not None
    return record.recipient


async def contact(world: World, value: str = EMAIL, name: str = RECIPIENT) -> ContactPoint:
    return next(each for each in (await person(world, name)).contact_points if each.value == value)


async def sent(world: World, *, number: int, value: str = EMAIL, name: str = RECIPIENT) -> tuple[Notification, Attempt]:
    """A message to that contact point, and an attempt that starts now."""
    at = (await contact(world, value, name)).id
    told = await world.tell(name, number=number)
    notification = next(each for each in told.notifications if each.contact == at)
    attempt = Attempt(
        id=world.surroundings.new_id(), notification=notification.id, number=1, provider="smtp",
        status=AttemptStatus.STARTED, code=None, started_at=world.surroundings.clock(), ended_at=None,
    )  # fmt: skip
    await world.database.transact(lambda tx: outbox.insert_attempts(tx, [attempt]))
    return notification, attempt


async def fails(
    world: World, number: int, said: Outcome | Receipt = REFUSED, *, value: str = EMAIL, name: str = RECIPIENT
) -> Attempt:
    notification, attempt = await sent(world, number=number, value=value, name=name)
    await note(world, notification, attempt, said)
    return attempt


async def note(world: World, notification: Notification, attempt: Attempt, said: Outcome | Receipt) -> None:
    failure = failure_of(notification, attempt, said)
    assert failure is not None
    await world.database.transact(lambda tx: note_failures(tx, [failure], surroundings=world.surroundings))


async def delivered(world: World, number: int) -> None:
    _, attempt = await sent(world, number=number)
    receipt = Receipt(
        attempt=attempt.id, provider="smtp", status=ReceiptStatus.DELIVERED, code="2.0.0", via="dsn", signature="none"
    )
    await world.database.transact(
        lambda tx: receipt_store.insert_new(
            tx, world.surroundings.new_id(), receipt, key=None, received_at=attempt.started_at, applied=True, late=False
        )
    )


async def weigh(world: World) -> int:
    return await world.database.transact(lambda tx: weigh_failures(tx, surroundings=world.surroundings))


async def disabled_facts(world: World) -> list[tuple[str, str, str]]:
    return [
        (data["channel"], data["method"], data["by"])
        for type_, data in await world.recorded()
        if type_ == "contact.disabled"
    ]


async def kept(world: World) -> list[UUID]:
    async with world.database.read() as tx:
        return list((await tx.execute(select(contact_failures.c.attempt_id))).scalars())


async def test_one_hard_bounce_disables_the_contact_and_says_so(world: World) -> None:
    await register(world)
    await fails(world, 1, BOUNCED)
    assert await weigh(world) == 1
    assert (await contact(world)).state is ContactState.DISABLED
    assert (await contact(world, PHONE)).state is ContactState.ACTIVE
    assert await disabled_facts(world) == [("email", "bounced", "operator")]


async def test_what_comes_next_is_not_sent_there(world: World) -> None:
    await register(world)
    await fails(world, 1, BOUNCED)
    await weigh(world)
    told = await world.tell(number=2)
    assert {(each.channel, each.status, each.reason) for each in told.notifications} == {
        ("sms", "queued", None),
        ("email", "suppressed", "contact_disabled"),
    }


async def test_the_third_hard_failure_disables_the_contact(world: World) -> None:
    await register(world)
    for number in (1, 2):
        await fails(world, number)
    await weigh(world)
    assert (await contact(world)).state is ContactState.ACTIVE
    await fails(world, 3)
    await weigh(world)
    assert (await contact(world)).state is ContactState.DISABLED
    assert await disabled_facts(world) == [("email", "hard_failures", "operator")]


async def test_a_delivery_in_between_starts_the_count_anew(world: World) -> None:
    await register(world)
    for number in (1, 2):
        await fails(world, number)
    await delivered(world, 3)
    for number in (4, 5):
        await fails(world, number)
    await weigh(world)
    assert (await contact(world)).state is ContactState.ACTIVE
    await fails(world, 6)
    await weigh(world)
    assert (await contact(world)).state is ContactState.DISABLED


async def test_failures_of_two_contacts_are_not_added_up(world: World) -> None:
    await register(world)
    for number in (1, 2):
        await fails(world, number, value=EMAIL)
        await fails(world, number + 10, value=PHONE)
    await weigh(world)
    assert {each.state for each in (await person(world)).contact_points} == {ContactState.ACTIVE}


async def test_a_disabled_contact_comes_back_only_unverified_and_stays_so(world: World) -> None:
    await register(world)
    await fails(world, 1, BOUNCED)
    await weigh(world)
    put = await world.put(contact_points=(email(),))
    assert [each.reason for each in put.ignored] == ["only_the_person_confirms"]
    assert (await contact(world)).state is ContactState.UNCONFIRMED
    await world.put(contact_points=(email(),))
    assert (await contact(world)).state is ContactState.UNCONFIRMED
    told = await world.tell(number=2)
    assert [each.reason for each in told.notifications if each.channel is Channel.EMAIL] == ["unverified"]


async def test_a_bounce_of_what_was_sent_before_the_contact_was_verified_again_does_not_count(world: World) -> None:
    await register(world)
    notification, attempt = await sent(world, number=1)
    verified_at = world.surroundings.clock()
    await verify(world, verified_at)
    await note(world, notification, attempt, BOUNCED)
    assert await weigh(world) == 1
    assert (await contact(world)).state is ContactState.ACTIVE


async def verify(world: World, at: datetime) -> None:
    """The person confirms the contact."""
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).values(changed_at=at))


async def test_each_failure_is_weighed_once_and_kept(world: World) -> None:
    await register(world)
    attempt = await fails(world, 1)
    assert [await weigh(world), await weigh(world)] == [1, 0]
    assert await kept(world) == [attempt.id]


async def test_the_same_failure_told_twice_counts_once(world: World) -> None:
    await register(world)
    notification, attempt = await sent(world, number=1)
    for _ in range(5):
        await note(world, notification, attempt, REFUSED)
    assert await weigh(world) == 1
    assert (await contact(world)).state is ContactState.ACTIVE


async def test_workers_that_weigh_at_once_disable_once(world: World) -> None:
    for number in range(6):
        await register(world, f"r-{number}")
        await fails(world, number, BOUNCED, name=f"r-{number}")
    counts = await asyncio.gather(*(weigh(world) for _ in range(4)))
    while await weigh(world):
        pass
    assert sum(counts) <= 6
    assert len(await disabled_facts(world)) == 6


async def test_a_person_who_is_being_changed_is_left_for_the_next_turn(world: World) -> None:
    await register(world)
    await fails(world, 1, BOUNCED)
    if world.database.is_sqlite:
        assert await weigh(world) == 1  # one writer at a time: there is nobody to wait for
        return
    async with world.database.write() as tx:
        await recipient_store.find(tx, OPERATOR, RECIPIENT, for_update=True)
        assert await weigh(world) == 0
    assert await weigh(world) == 1


async def test_a_damaged_person_hurts_nobody_else(world: World) -> None:
    for name in ("whole", "damaged"):
        await register(world, name)
        await fails(world, 1, BOUNCED, name=name)
    broken = (await person(world, "damaged")).id
    async with world.database.write() as tx:
        await tx.execute(update(contact_points).where(contact_points.c.recipient_id == broken).values(value=b"\0" * 40))
    assert await weigh(world) == 2
    assert (await contact(world, EMAIL, "whole")).state is ContactState.DISABLED


async def test_an_erasure_takes_the_failures_along(world: World) -> None:
    await register(world)
    await fails(world, 1)
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="0123456789abcdef", surroundings=world.surroundings)
    )
    assert await kept(world) == []
    assert await weigh(world) == 0


async def test_failures_are_let_go_of_after_thirteen_months(database: Database, clock: TestClock) -> None:
    world = World(database, ageing_surroundings(clock))
    await register(world)
    await fails(world, 1)
    await weigh(world)
    clock.forward(days=13 * 30)
    await keep(database, world.surroundings)
    assert len(await kept(world)) == 1
    clock.forward(days=10)
    await keep(database, world.surroundings)
    assert await kept(world) == []


@pytest.mark.parametrize("status", [Status.SENDING, Status.SENT, Status.DELIVERED])
async def test_a_reported_bounce_counts_before_the_outcome_is_known_and_after_the_end(
    world: World, status: Status
) -> None:
    await register(world)
    notification, attempt = await sent(world, number=1)
    standing = replace(notification, status=status, due_at=world.surroundings.clock(), attempts=1)
    bounce = Receipt(
        attempt=attempt.id, provider="smtp", status=ReceiptStatus.FAILED, code="5.1.1", via="dsn", signature="none",
        hard=True, bounced=True,
    )  # fmt: skip
    await world.database.transact(lambda tx: outbox.save_all(tx, [standing]))
    await world.database.transact(lambda tx: record_receipts(tx, [bounce], surroundings=world.surroundings))
    await weigh(world)
    assert (await contact(world)).state is ContactState.DISABLED


@pytest.mark.parametrize(
    "said",
    [
        replace(BOUNCED, permanence=Permanence.TEMPORARY),
        replace(REFUSED, hard=False),
        Receipt(
            attempt=UUID(int=1), provider="smtp", status=ReceiptStatus.PROGRESS, code="", via="dsn", signature="none",
            hard=True,
        ),
    ],
    ids=["temporary", "not the contact's", "no end"],
)  # fmt: skip
async def test_no_other_news_counts_against_a_contact(world: World, said: Outcome | Receipt) -> None:
    await register(world)
    notification, attempt = await sent(world, number=1)
    assert failure_of(notification, attempt, said) is None


async def test_of_somebody_erased_no_failure_is_noted(world: World) -> None:
    await register(world)
    notification, attempt = await sent(world, number=1)
    assert failure_of(replace(notification, contact=None), attempt, BOUNCED) is None
