"""People who join without an operator: known once they gave their code back, then bound by a code that they show."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event as database_event
from sqlalchemy import select

from app.domain.channel import Channel, Purpose
from app.domain.notification import Status
from app.domain.one_time_code import Use
from app.domain.own_choices import AddContact, SetConsent, SetSettings
from app.domain.pumping import CodeLimits
from app.domain.recipient import Actor, ContactState
from app.domain.unbound import NO_OPERATOR
from app.storage.tables import codes, recipients
from app.usecases.bind_recipient import (
    WRONG_MAX,
    Bound,
    NoSuchCode,
    TooManyWrong,
    bind_recipient,
    make_bind_code,
)
from app.usecases.erase_recipient import erase_recipient
from app.usecases.forget_codes import forget_codes
from app.usecases.give_code import Gone
from app.usecases.join import JoinedTooOften, Joining
from app.usecases.place_hold import place_hold
from app.usecases.preference_link import PreferenceLink, make_link, open_link
from app.usecases.put_recipient import Withheld
from app.usecases.send_codes import ask_for_code
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.preferring import (
    ask_to_join,
    choose,
    give,
    is_known,
    joined,
    record_of,
    registered,
)
from tests.integration.world import World

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

OTHER_PHONE = "+48600100222"


async def shown(world: World, person: UUID) -> str:
    """The code that the person shows."""
    make = partial(make_bind_code, person=person, surroundings=world.surroundings)
    return (await world.database.transact(make)).code


async def bind(
    world: World, code: str, name: str = RECIPIENT, operator: str = OPERATOR
) -> Bound | NoSuchCode | TooManyWrong | Withheld:
    bound = partial(
        bind_recipient, operator=operator, name=name, typed=code, actor="key", surroundings=world.surroundings
    )
    return await world.database.transact(bound)


async def link_to(world: World, name: str = RECIPIENT) -> PreferenceLink | None:
    make = partial(make_link, operator=OPERATOR, name=name, surroundings=world.surroundings)
    return await world.database.transact(make)


async def opened(world: World, token: str) -> UUID | None:
    return await world.database.transact(partial(open_link, token=token, now=world.surroundings.clock()))


async def forget(world: World) -> int:
    return await world.database.transact(partial(forget_codes, surroundings=world.surroundings))


async def test_who_joins_gets_a_code_and_gives_it_back(world: World) -> None:
    asked = await ask_to_join(world)
    assert isinstance(asked, Joining)
    await world.dispatch()
    assert (await world.notification(asked.code)).status is Status.SENT
    assert len(world.gateway.journal) == 1
    person = (await joined(world, OTHER_PHONE, Purpose.DELIVERY)).recipient
    assert person is not None
    assert (person.operator, person.language) == (NO_OPERATOR, "uk")
    assert [(c.value, c.state) for c in person.contact_points] == [(OTHER_PHONE, ContactState.ACTIVE)]
    assert [(c.purpose, c.granted, c.by) for c in person.consents] == [(Purpose.DELIVERY, True, Actor.PERSON)]


async def test_who_does_not_give_the_code_back_is_forgotten(world: World, clock: TestClock) -> None:
    asked = await ask_to_join(world)
    assert isinstance(asked, Joining)
    async with world.database.read() as tx:
        person = (await tx.execute(select(recipients.c.id).where(recipients.c.operator == NO_OPERATOR))).scalar_one()
    await forget(world)
    assert await is_known(world, person)
    clock.forward(minutes=11)
    await forget(world)
    assert not await is_known(world, person)
    assert await give(world, asked.code) == Gone()
    assert await forget(world) == 0


async def test_who_gave_the_code_back_stays_and_so_do_those_whom_operators_registered(
    world: World, clock: TestClock
) -> None:
    person = await joined(world)
    await world.put(contact_points=())
    clock.forward(days=1)
    await forget(world)
    assert await is_known(world, person.id)
    assert (await registered(world)).name == RECIPIENT


async def test_forgetting_who_never_confirmed_takes_no_code_from_who_has_that_number(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=(Channel.SMS,))
    await ask_to_join(world)
    clock.forward(minutes=11)
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=PHONE, surroundings=world.surroundings)
    code = await world.database.transact(ask)
    await forget(world)
    async with world.database.read() as tx:
        assert (await tx.execute(select(codes.c.id).where(codes.c.id == code))).scalar_one() == code


async def test_known_and_unknown_numbers_take_the_same_statements(world: World) -> None:
    await world.register()
    said: list[list[str]] = []
    for value in (OTHER_PHONE, PHONE, "+48600100223"):
        statements: list[str] = []
        engine = world.database.writer.sync_engine

        def note(_c: object, _u: object, statement: str, *_: object, kept: list[str] = statements) -> None:
            kept.append(statement)

        database_event.listen(engine, "before_cursor_execute", note)
        asked = await ask_to_join(world, value)
        database_event.remove(engine, "before_cursor_execute", note)
        assert isinstance(asked, Joining)
        said.append(statements)
    assert said[0] == said[1] == said[2]
    assert said[0]


async def test_joining_is_limited_for_a_number_and_for_a_day(world: World) -> None:
    limits = CodeLimits(per_contact=2, per_day=4)
    outcomes = [await ask_to_join(world, PHONE, limits=limits) for _ in range(3)]
    assert isinstance(outcomes[-1], JoinedTooOften)
    assert isinstance(await ask_to_join(world, OTHER_PHONE, limits=limits), Joining)
    assert isinstance(await ask_to_join(world, "+48600100224", limits=limits), JoinedTooOften)


async def test_an_operator_learns_by_the_code_whose_contacts_and_consents_these_are(world: World) -> None:
    person = await joined(world, PHONE, Purpose.DELIVERY)
    await choose(world, person.id, SetSettings(letters=None, safety_phrase="zielony czajnik"))
    bound = await bind(world, await shown(world, person.id))
    assert isinstance(bound, Bound)
    assert bound.created
    assert await registered(world) == bound.recipient
    assert [(c.value, c.state) for c in bound.recipient.contact_points] == [(PHONE, ContactState.ACTIVE)]
    assert [(c.purpose, c.granted, c.by) for c in bound.recipient.consents] == [(Purpose.DELIVERY, True, Actor.PERSON)]
    assert (bound.recipient.language, bound.recipient.safety_phrase) == ("uk", "zielony czajnik")
    assert not await is_known(world, person.id)
    accepted = await world.accepted(event())
    assert [n.status for n in accepted.notifications if n.channel is Channel.SMS] == [Status.QUEUED]
    await world.facts(next(n.id for n in accepted.notifications if n.channel is Channel.SMS))


async def test_a_code_binds_once(world: World) -> None:
    code = await shown(world, (await joined(world)).id)
    bound = await asyncio.gather(*(bind(world, code, f"customer-{number}") for number in range(5)))
    assert sorted(type(each).__name__ for each in bound) == ["Bound", *["NoSuchCode"] * 4]


async def test_a_code_may_be_read_out_and_typed_as_people_do(world: World) -> None:
    code = await shown(world, (await joined(world)).id)
    typed = f" {code.lower().replace('0', 'o').replace('1', 'l').replace('-', ' ')} "
    assert isinstance(await bind(world, typed), Bound)


@pytest.mark.parametrize("code", ["", "ABCDE-FGHJK", "ABCDE-FGHJU", "\x00", "ż" * 10, "482913", "A" * 5000])
async def test_a_code_that_is_none_binds_nobody_and_makes_no_record(world: World, code: str) -> None:
    assert await bind(world, code) == NoSuchCode()
    async with world.database.read() as tx:
        assert (await tx.execute(select(recipients.c.id))).all() == []


async def test_a_code_that_is_too_old_or_was_replaced_binds_nobody(world: World, clock: TestClock) -> None:
    person = await joined(world)
    first = await shown(world, person.id)
    second = await shown(world, person.id)
    assert await bind(world, first) == NoSuchCode()
    clock.forward(days=7)
    assert await bind(world, second) == NoSuchCode()
    clock.forward(days=1)
    assert isinstance(await bind(world, await shown(world, person.id)), Bound)


async def test_an_operator_that_gives_too_many_wrong_codes_has_to_wait(world: World, clock: TestClock) -> None:
    code = await shown(world, (await joined(world)).id)
    for _ in range(WRONG_MAX):
        assert await bind(world, "ABCDE-FGHJK") == NoSuchCode()
    assert isinstance(await bind(world, code), TooManyWrong)
    assert isinstance(await bind(world, "ABCDE-FGHJK", operator="another"), NoSuchCode)
    clock.forward(hours=1)
    assert isinstance(await bind(world, code), Bound)


async def test_what_the_operator_knew_stays_and_its_contacts_hear_of_the_new_one(world: World) -> None:
    await world.register(channels=(Channel.EMAIL,), consents=(Channel.EMAIL,))
    person = await joined(world, OTHER_PHONE, Purpose.DELIVERY)
    bound = await bind(world, await shown(world, person.id))
    assert isinstance(bound, Bound)
    assert not bound.created
    assert {c.value for c in bound.recipient.contact_points} == {EMAIL, OTHER_PHONE}
    assert {(c.channel, c.by) for c in bound.recipient.consents} == {
        (Channel.EMAIL, Actor.OPERATOR),
        (Channel.SMS, Actor.PERSON),
    }
    await world.dispatch()
    assert len(world.mail.journal) == 1


async def test_the_later_word_of_the_person_counts(world: World, clock: TestClock) -> None:
    person = await joined(world, PHONE, Purpose.DELIVERY)
    code = await shown(world, person.id)
    clock.forward(hours=1)
    await world.register(channels=(Channel.SMS,), consents=())
    refuse = SetConsent(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=True)
    known = await registered(world)
    await choose(world, known.id, refuse)
    await choose(world, known.id, SetConsent(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False))
    bound = await bind(world, code)
    assert isinstance(bound, Bound)
    assert [(c.granted, c.version) for c in bound.recipient.consents] == [(False, 1)]


async def test_a_contact_that_was_not_confirmed_is_not_handed_over(world: World) -> None:
    person = await joined(world)
    await choose(world, person.id, AddContact(channel=Channel.EMAIL, value=EMAIL))
    bound = await bind(world, await shown(world, person.id))
    assert isinstance(bound, Bound)
    assert [c.value for c in bound.recipient.contact_points] == [PHONE]


async def test_a_code_of_another_operators_record_binds_and_leaves_that_record(world: World) -> None:
    await world.register(channels=(Channel.SMS,), consents=(Channel.SMS,))
    known = await registered(world)
    bound = await bind(world, await shown(world, known.id), "their-name", "another")
    assert isinstance(bound, Bound)
    assert (await record_of(world, known.id)).recipient == known
    assert [c.value for c in bound.recipient.contact_points] == [PHONE]


async def test_a_code_of_the_record_itself_changes_nothing(world: World) -> None:
    await world.register()
    known = await registered(world)
    assert await bind(world, await shown(world, known.id)) == Bound(recipient=known, created=False, ignored=())


async def test_a_person_who_is_to_be_erased_is_bound_to_nothing(world: World, clock: TestClock) -> None:
    await world.register()
    known = await registered(world)
    hold = partial(
        place_hold,
        operator=OPERATOR,
        name=RECIPIENT,
        reason="a complaint",
        until=clock.now + timedelta(days=30),
        actor="key",
        surroundings=world.surroundings,
    )
    await world.database.transact(hold)
    erase = partial(erase_recipient, operator=OPERATOR, name=RECIPIENT, actor="key", surroundings=world.surroundings)
    await world.database.transact(erase)
    person = await joined(world, OTHER_PHONE)
    code = await shown(world, person.id)
    assert await bind(world, code) == Withheld()
    assert isinstance(await bind(world, code, "somebody-else"), Bound)
    assert known.id != person.id


async def test_a_link_opens_the_settings_once(world: World) -> None:
    await world.register()
    link = await link_to(world)
    assert link is not None
    known = await registered(world)
    at_once = await asyncio.gather(*(opened(world, link.token) for _ in range(5)))
    assert sorted(map(str, at_once)) == sorted([str(known.id), *["None"] * 4])


async def test_a_link_ends_after_five_minutes_and_when_another_is_made(world: World, clock: TestClock) -> None:
    await world.register()
    first, second = await link_to(world), await link_to(world)
    assert first is not None
    assert second is not None
    assert await opened(world, first.token) is None
    clock.forward(minutes=5)
    assert await opened(world, second.token) is None


@pytest.mark.parametrize("token", ["", "x", "ż", "A" * 43, "\x00"])
async def test_a_token_that_is_none_opens_nothing(world: World, token: str) -> None:
    await world.register()
    assert await opened(world, token) is None


async def test_there_is_no_link_to_a_person_whom_nobody_registered(world: World) -> None:
    assert await link_to(world) is None
    await world.post(event())
    assert await link_to(world) is None


async def test_neither_codes_nor_tokens_stand_in_the_database_or_a_repr(world: World) -> None:
    person = await joined(world)
    await world.register()
    link = await link_to(world)
    assert link is not None
    code = await shown(world, person.id)
    async with world.database.read() as tx:
        rows = repr((await tx.execute(select(codes))).all())
    assert code not in rows
    assert link.token not in rows + repr(link)
