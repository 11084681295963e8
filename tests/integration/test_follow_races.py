"""Following up while others erase, report, change and give up leases; and people whose values are damaged."""

import asyncio
import itertools

import pytest
from sqlalchemy import select, update

from app.domain.channel import Channel
from app.domain.notification import FINAL, Notification
from app.domain.receipt import ReceiptStatus
from app.storage.tables import recipient_keys, recipients
from app.usecases.close_chains import close_chains
from app.usecases.erase_recipient import erase_recipient
from app.usecases.expire_leases import expire_leases
from tests.builders import OPERATOR, event
from tests.conftest import TestClock
from tests.integration.scripted import LOST, Scripted, attempts, follow, follower, report, send, standing, through
from tests.integration.world import World

PEOPLE = 6


async def told(world: World) -> list[Notification]:
    """One SMS to each of several people."""
    sent: list[Notification] = []
    for number in range(PEOPLE):
        await world.register(f"person-{number}", channels=[Channel.SMS], consents=[Channel.SMS])
        answer = await world.accepted(
            event(id=f"e-{number}", data={"recipient": f"person-{number}", "shipment": f"item-{number}"})
        )
        sent += [n for n in answer.notifications if n.channel is Channel.SMS]
    return sent


async def erase(world: World, number: int) -> None:
    await world.database.transact(
        lambda tx: erase_recipient(
            tx, OPERATOR, f"person-{number}", actor="0123456789abcdef", surroundings=world.surroundings
        )
    )


async def keep_house(world: World) -> None:
    for keep in (expire_leases, close_chains):
        await world.database.transact(lambda tx, keep=keep: keep(tx, surroundings=world.surroundings))  # type: ignore[misc]


async def test_everything_at_once_ends_every_chain_once(world: World, clock: TestClock) -> None:
    every = await told(world)
    provider = Scripted(*[LOST] * PEOPLE, has_keys=True)
    sending = through(world, provider)
    await send(sending)
    followers = [follower(world, sending, resends=[Channel.SMS]) for _ in range(2)]
    clock.forward(seconds=31)
    first = [(await attempts(world, each))[0] for each in every]
    await asyncio.gather(
        *(each.turn() for each in followers),
        *(erase(world, number) for number in range(0, PEOPLE, 2)),
        *(report(world, attempt, ReceiptStatus.DELIVERED) for attempt in first[::3]),
        *(world.put(f"person-{number}", language="en") for number in range(1, PEOPLE, 2)),
        keep_house(world),
    )
    await sending.settled()
    for _ in range(30):
        clock.forward(minutes=1)
        await follow(followers[0], sending)
    clock.forward(hours=73)
    await keep_house(world)
    for each in every:
        found = await world.notification(each.id)
        types = await world.fact_types(each.id)
        assert found.status in FINAL or found.due_at is None
        assert sum(fact_type.startswith("notification.") for fact_type in types) == 2, types  # planned, and one end
        assert types.count("attempt.reconciled") <= 1
    copies = [message.notification for message in provider.taken]  # type: ignore[union-attr]
    assert all(len(list(group)) <= 2 for _, group in itertools.groupby(sorted(copies)))


async def damage(world: World, number: int) -> None:
    """A bit of that person's wrapped key is flipped."""
    index = world.database.vault.index("recipient", OPERATOR, f"person-{number}")
    async with world.database.write() as tx:
        person = select(recipients.c.id).where(recipients.c.name_index == index).scalar_subquery()
        of_person = recipient_keys.c.recipient_id == person
        key = (await tx.execute(select(recipient_keys.c.wrapped_key).where(of_person))).scalar_one()
        await tx.execute(update(recipient_keys).where(of_person).values(wrapped_key=key[:-1] + bytes([key[-1] ^ 1])))


@pytest.mark.parametrize("is_lost", [True, False], ids=["unknown", "lease-expired"])
async def test_somebody_whose_key_is_damaged_keeps_nobody_elses_message_from_its_end(
    world: World, clock: TestClock, is_lost: bool
) -> None:
    damaged, *others = await told(world)
    provider = Scripted(*[LOST] * PEOPLE, looks_up=False)
    sending = through(world, provider)
    if is_lost:
        await send(sending)
    else:
        provider.sending.clear()
        await sending.turn()
    await damage(world, 0)
    clock.forward(minutes=3)
    await keep_house(world)
    following = follower(world, sending)
    clock.forward(minutes=28)
    await follow(following)
    provider.sending.set()
    await sending.settled()
    for each in others:
        assert await standing(world, each) == ("unknown", True)
    assert await standing(world, damaged) == ("unknown", True)
