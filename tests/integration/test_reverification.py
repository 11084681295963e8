"""Phones that were confirmed a year ago: asked about once, then confirmed once more, or written to no more."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from app.domain.channel import Channel
from app.domain.notification import Notification, Status
from app.domain.one_time_code import Use
from app.domain.own_choices import AddContact, ConfirmContact
from app.domain.pumping import CodeLimits
from app.domain.recipient import ContactState
from app.domain.reverification import ANSWER_WITHIN
from app.storage import notifications as outbox
from app.usecases.give_code import Right
from app.usecases.reverify_contacts import reverify_contacts
from app.usecases.send_codes import ask_for_code, send_codes
from tests.builders import EMAIL, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.people import phone
from tests.integration.preferring import USUAL, choose, confirming, give, registered
from tests.integration.world import World

A_YEAR = timedelta(days=366)


async def reverify(world: World, limits: CodeLimits = USUAL) -> int:
    return await world.database.transact(partial(reverify_contacts, confirming=confirming(world, limits)))


async def asked(world: World, name: str = RECIPIENT) -> list[Notification]:
    """The requests to confirm that went to that person, the oldest first."""
    person = await registered(world, name)
    async with world.database.read() as tx:
        told = await outbox.of_recipient(tx, person.id, after=UUID(int=0), limit=100)
    return sorted((each for each in told if each.kind == "confirmation"), key=lambda each: each.created_at)


async def state(world: World, channel: Channel = Channel.SMS) -> ContactState:
    return next(c.state for c in (await registered(world)).contact_points if c.channel is channel)


async def test_a_phone_is_asked_about_after_a_year_and_once(world: World, clock: TestClock) -> None:
    await world.register()
    clock.forward(days=364)
    assert await reverify(world) == 0
    clock.forward(days=2)
    assert [await reverify(world) for _ in range(3)] == [1, 0, 0]
    await world.dispatch()
    assert [(each.channel, each.status) for each in await asked(world)] == [(Channel.SMS, Status.SENT)]
    assert await state(world) is ContactState.ACTIVE


async def test_who_does_not_answer_within_a_month_is_not_written_to_any_more(world: World, clock: TestClock) -> None:
    await world.register()
    clock.now += A_YEAR
    await reverify(world)
    clock.now += ANSWER_WITHIN
    assert [await reverify(world) for _ in range(2)] == [1, 0]
    assert await state(world) is ContactState.UNCONFIRMED
    assert await state(world, Channel.EMAIL) is ContactState.ACTIVE


async def test_an_operators_copy_does_not_bring_back_what_the_person_did_not_confirm(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=(Channel.SMS,))
    clock.now += A_YEAR
    await reverify(world)
    clock.now += ANSWER_WITHIN
    await reverify(world)
    await world.put(contact_points=(phone(),))
    assert await state(world) is ContactState.UNCONFIRMED
    person = await registered(world)
    changed = await choose(world, person.id, AddContact(channel=Channel.SMS, value=PHONE))
    assert changed.code is not None
    assert isinstance(await give(world, changed.code), Right)
    await choose(world, person.id, ConfirmContact(contact=person.contact_points[0].id))
    assert await state(world) is ContactState.ACTIVE


async def test_who_gives_the_code_back_is_left_in_peace_for_another_year(world: World, clock: TestClock) -> None:
    await world.register()
    clock.now += A_YEAR
    await reverify(world)
    (request,) = await asked(world)
    given = await give(world, request.id)
    assert isinstance(given, Right)
    assert given.code.contact is not None
    await choose(world, (await registered(world)).id, ConfirmContact(contact=given.code.contact))
    clock.forward(days=364)
    assert await reverify(world) == 0
    clock.forward(days=2)
    assert await reverify(world) == 1


async def test_who_signs_in_with_the_phone_has_confirmed_it(world: World, clock: TestClock) -> None:
    await world.register()
    clock.now += A_YEAR
    await reverify(world)
    clock.forward(days=20)
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=PHONE, surroundings=world.surroundings)
    code = await world.database.transact(ask)
    await world.database.transact(partial(send_codes, limits=USUAL, surroundings=world.surroundings))
    assert isinstance(await give(world, code, use=Use.SIGN_IN), Right)
    clock.now += ANSWER_WITHIN
    assert await reverify(world) == 0
    assert await state(world) is ContactState.ACTIVE


async def test_asking_leaves_most_of_the_codes_of_a_day_to_those_who_wait_for_one(
    world: World, clock: TestClock
) -> None:
    names = [f"customer-{number}" for number in range(6)]
    for number, name in enumerate(names):
        await world.register(name, contact_points=(phone(f"+4860010{number}200"),))
    clock.now += A_YEAR
    assert await reverify(world, CodeLimits(per_day=12)) == 3
    assert await reverify(world, CodeLimits(per_day=12)) == 0
    clock.forward(days=1)
    assert await reverify(world, CodeLimits(per_day=12)) == 3


async def test_whom_a_limit_keeps_from_being_asked_is_asked_later(world: World, clock: TestClock) -> None:
    await world.register()
    clock.now += A_YEAR
    assert await reverify(world, CodeLimits(per_prefix=0)) == 0
    assert await asked(world) == []
    clock.now += ANSWER_WITHIN
    assert await reverify(world) == 1
    assert await state(world) is ContactState.ACTIVE


async def test_addresses_are_not_asked_about(world: World, clock: TestClock) -> None:
    await world.register(channels=(Channel.EMAIL,))
    clock.now += A_YEAR
    assert await reverify(world) == 0
    assert [c.value for c in (await registered(world)).contact_points] == [EMAIL]
