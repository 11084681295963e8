"""What the tests about people's own records share: joining, codes given back, records looked at."""

from functools import partial
from uuid import UUID

from app.domain.channel import Channel, Purpose
from app.domain.one_time_code import Use
from app.domain.own_choices import Choice, ConfirmContact, SetConsent
from app.domain.pumping import CodeLimits
from app.domain.recipient import Recipient
from app.storage import codes as code_store
from app.storage import recipients as recipient_store
from app.storage.recipients import RecipientRecord
from app.usecases.change_own_record import Changed, Said, change_own_record
from app.usecases.give_code import GivenCode, Right, give_code
from app.usecases.join import JoinedTooOften, Joining, join
from app.usecases.send_codes import Confirming
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.integration.world import World

USUAL = CodeLimits()


def confirming(world: World, limits: CodeLimits = USUAL) -> Confirming:
    return Confirming(limits=limits, surroundings=world.surroundings)


async def ask_to_join(world: World, value: str = PHONE, *, limits: CodeLimits = USUAL) -> Joining | JoinedTooOften:
    ask = partial(join, channel=Channel.SMS, value=value, language="uk", confirming=confirming(world, limits))
    return await world.database.transact(ask)


async def joined(world: World, value: str = PHONE, *purposes: Purpose) -> RecipientRecord:
    """An unbound person who has confirmed that number and agreed to SMS for these purposes."""
    asked = await ask_to_join(world, value)
    assert isinstance(asked, Joining)
    given = await give(world, asked.code)
    assert isinstance(given, Right)
    assert given.code.recipient is not None
    assert given.code.contact is not None
    await choose(world, given.code.recipient, ConfirmContact(contact=given.code.contact))
    for purpose in purposes:
        agree = SetConsent(channel=Channel.SMS, purpose=purpose, granted=True, text_version="2026-11")
        await choose(world, given.code.recipient, agree)
    return await record_of(world, given.code.recipient)


async def give(world: World, code: UUID, typed: str | None = None, *, use: Use = Use.CONFIRM) -> GivenCode:
    """Give a code back: the right one, or what is `typed`."""
    reads = code_store.reading(world.database.vault, code)
    return await world.database.transact(
        partial(give_code, code=code, typed=typed or reads, uses=(use,), surroundings=world.surroundings)
    )


async def choose(world: World, person: UUID, choice: Choice) -> Changed:
    said = Said(statement=b"{}")
    change = partial(change_own_record, person=person, choice=choice, said=said, confirming=confirming(world))
    changed = await world.database.transact(change)
    assert changed is not None
    return changed


async def record_of(world: World, person: UUID) -> RecipientRecord:
    async with world.database.read() as tx:
        return (await recipient_store.by_ids(tx, [person]))[person]


async def is_known(world: World, person: UUID) -> bool:
    async with world.database.read() as tx:
        return bool(await recipient_store.by_ids(tx, [person]))


async def registered(world: World, name: str = RECIPIENT) -> Recipient:
    """The operator's record of that name."""
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    assert record is not None
    assert record.recipient is not None
    return record.recipient
