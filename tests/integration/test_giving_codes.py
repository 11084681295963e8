"""One-time codes that people give back: a few tries, one success, whatever happens in between."""

import asyncio
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event

from app.domain.channel import Channel
from app.domain.one_time_code import Use
from app.domain.pumping import CodeLimits
from app.storage import codes as code_store
from app.storage.database import Database
from app.usecases.give_code import GivenCode, Gone, Right, Wrong, give_code
from app.usecases.send_codes import ask_for_code, send_codes
from tests.builders import PHONE
from tests.conftest import TestClock
from tests.integration.world import World

UNKNOWN = "+48600100299"


async def asked(world: World, value: str = PHONE, *, limits: CodeLimits | None = None) -> UUID:
    """A code that somebody asked for there, after the worker dealt with it."""
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=value, surroundings=world.surroundings)
    code = await world.database.transact(ask)
    send = partial(send_codes, limits=limits or CodeLimits(), surroundings=world.surroundings)
    await world.database.transact(send)
    return code


async def give(
    world: World, code: UUID, typed: str, *, use: Use = Use.SIGN_IN, by: Database | None = None
) -> GivenCode:
    given = partial(give_code, code=code, typed=typed, uses=(use,), surroundings=world.surroundings)
    return await (by or world.database).transact(given)


async def give_at_once(world: World, code: UUID, guesses: list[str]) -> list[GivenCode]:
    """All of them, as many at the same moment as have a connection to the database."""
    room = asyncio.Semaphore(10)

    async def one(typed: str) -> GivenCode:
        async with room:
            return await give(world, code, typed)

    return await asyncio.gather(*map(one, guesses))


def reads(world: World, code: UUID) -> str:
    return code_store.reading(world.database.vault, code)


def wrong(world: World, code: UUID) -> str:
    return f"{(int(reads(world, code)) + 1) % 10**6:06}"


async def test_the_right_code_is_right_once(world: World) -> None:
    await world.register()
    code = await asked(world)
    right = await give(world, code, reads(world, code))
    assert isinstance(right, Right)
    assert right.code.recipient is not None
    assert right.code.contact is not None
    assert await give(world, code, reads(world, code)) == Gone()


async def test_a_code_may_be_typed_in_groups(world: World) -> None:
    await world.register()
    code = await asked(world)
    digits = reads(world, code)
    assert isinstance(await give(world, code, f" {digits[:3]} {digits[3:]} "), Right)


@pytest.mark.parametrize("typed", ["", "١٢٣٤٥٦", "\ud800", "x" * 10_000, "000000\x00"])
async def test_whatever_is_typed_is_a_try(world: World, typed: str) -> None:
    await world.register()
    assert await give(world, await asked(world), typed) == Wrong(tries_left=4)


async def test_after_five_wrong_ones_the_right_one_is_worthless(world: World) -> None:
    await world.register()
    code = await asked(world)
    left = [await give(world, code, wrong(world, code)) for _ in range(5)]
    assert left == [Wrong(tries_left=number) for number in (4, 3, 2, 1, 0)]
    assert await give(world, code, reads(world, code)) == Gone()


async def test_of_a_hundred_guesses_at_once_five_are_looked_at_and_one_is_right(world: World) -> None:
    await world.register()
    code = await asked(world)
    guesses = [reads(world, code)] * 50 + [wrong(world, code)] * 50
    given = await give_at_once(world, code, guesses[::-7] + guesses)
    assert sum(isinstance(each, Right) for each in given) <= 1
    assert sum(not isinstance(each, Gone) for each in given) <= 5
    again = await asked(world)
    given = await give_at_once(world, again, [reads(world, again)] * 100)
    assert sum(isinstance(each, Right) for each in given) == 1
    assert sum(not isinstance(each, Gone) for each in given) <= 5


async def test_another_process_counts_on_where_the_first_one_stopped(world: World, database_url: str) -> None:
    await world.register()
    code = await asked(world)
    for _ in range(4):
        await give(world, code, wrong(world, code))
    other = Database(database_url, world.database.vault)
    assert await give(world, code, wrong(world, code), by=other) == Wrong(tries_left=0)
    assert await give(world, code, reads(world, code), by=other) == Gone()
    await other.close()


async def test_a_code_that_is_too_old_is_gone(world: World, clock: TestClock) -> None:
    await world.register()
    code = await asked(world)
    clock.forward(minutes=10)
    assert await give(world, code, reads(world, code)) == Gone()


async def test_a_code_is_good_for_its_own_use_only(world: World) -> None:
    await world.register()
    code = await asked(world)
    assert await give(world, code, reads(world, code), use=Use.CONFIRM) == Gone()
    assert isinstance(await give(world, code, reads(world, code)), Right)


async def test_for_a_contact_that_nobody_has_every_code_is_wrong_in_the_same_way(world: World) -> None:
    await world.register()
    code, nobodys = await asked(world), await asked(world, UNKNOWN)
    assert await give(world, nobodys, reads(world, nobodys)) == await give(world, code, wrong(world, code))
    assert [await give(world, nobodys, reads(world, nobodys)) for _ in range(5)][-1] == Gone()


async def test_a_code_that_was_not_sent_because_of_a_limit_cannot_be_guessed_at(world: World) -> None:
    await world.register()
    code = await asked(world, limits=CodeLimits(per_contact=0))
    assert await give(world, code, reads(world, code)) == Gone()


async def test_a_code_that_waits_to_be_sent_is_not_right_yet(world: World) -> None:
    await world.register()
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=PHONE, surroundings=world.surroundings)
    code = await world.database.transact(ask)
    assert await give(world, code, reads(world, code)) == Wrong(tries_left=4)


async def test_asking_and_guessing_take_the_same_statements_whether_anybody_has_the_number(world: World) -> None:
    await world.register()
    said = [await _statements_of_a_wrong_guess(world, value) for value in (PHONE, UNKNOWN)]
    assert said[0] == said[1]
    assert said[0]


async def _statements_of_a_wrong_guess(world: World, value: str) -> list[str]:
    """What a page has the database do for it: all but the sending, which is the worker's."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = world.database.writer.sync_engine
    ask = partial(ask_for_code, use=Use.SIGN_IN, channel=Channel.SMS, value=value, surroundings=world.surroundings)
    event.listen(engine, "before_cursor_execute", note)
    code = await world.database.transact(ask)
    event.remove(engine, "before_cursor_execute", note)
    await world.database.transact(partial(send_codes, limits=CodeLimits(), surroundings=world.surroundings))
    event.listen(engine, "before_cursor_execute", note)
    assert await give(world, code, wrong(world, code)) == Wrong(tries_left=4)
    event.remove(engine, "before_cursor_execute", note)
    return statements
