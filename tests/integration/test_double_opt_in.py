"""Contact points that an operator gives unconfirmed: who has them is asked once, within limits, and nobody else is."""

import quopri
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from app.domain.channel import Channel
from app.domain.merge import RecipientPatch, WantedContact
from app.domain.notification import Notification, Status
from app.domain.one_time_code import Use
from app.domain.own_choices import AddContact, ConfirmContact, RemoveContact
from app.domain.pumping import CodeLimits
from app.domain.recipient import ContactState
from app.storage import codes as code_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.recipients import RecipientRecord
from app.usecases.change_own_record import Changed, Said, change_own_record
from app.usecases.erase_recipient import erase_recipient
from app.usecases.give_code import Gone, Right, give_code
from app.usecases.put_recipient import Put, put_recipient
from app.usecases.send_codes import Confirming
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.people import email, phone
from tests.integration.world import World

USUAL = CodeLimits()
PREFIX = "+4860010"


async def record_of(world: World, name: str = RECIPIENT) -> RecipientRecord:
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, name)
    assert record is not None
    return record


async def told(world: World, name: str = RECIPIENT) -> list[Notification]:
    """The messages about the service to that person, the oldest first."""
    record = await record_of(world, name)
    async with world.database.read() as tx:
        return await outbox.of_recipient(tx, record.id, after=UUID(int=0), limit=100)


async def put(world: World, *contacts: WantedContact, trusting: bool = True, limits: CodeLimits = USUAL) -> None:
    patch = RecipientPatch(contact_points=contacts)
    done = await world.database.transact(
        lambda tx: put_recipient(
            tx,
            OPERATOR,
            RECIPIENT,
            patch,
            operator_verified=trusting,
            surroundings=world.surroundings,
            limits=limits,
        )
    )
    assert isinstance(done, Put)


async def choose(world: World, choice: AddContact | ConfirmContact | RemoveContact) -> Changed:
    record = await record_of(world)
    changed = await world.database.transact(
        partial(
            change_own_record,
            person=record.id,
            choice=choice,
            said=Said(statement=b"{}"),
            confirming=Confirming(limits=USUAL, surroundings=world.surroundings),
        )
    )
    assert changed is not None
    return changed


async def confirm(world: World, code: UUID) -> Changed:
    """Give the code of that message back, as the page does."""
    typed = code_store.reading(world.database.vault, code)
    given = await world.database.transact(
        partial(give_code, code=code, typed=typed, uses=(Use.CONFIRM,), surroundings=world.surroundings)
    )
    assert isinstance(given, Right)
    assert given.code.contact is not None
    return await choose(world, ConfirmContact(contact=given.code.contact))


async def test_a_number_given_unconfirmed_is_asked_to_confirm_and_then_used(world: World) -> None:
    await put(world, phone(verified=False))
    await world.dispatch()
    (asked,) = await told(world)
    assert (asked.kind, asked.status) == ("confirmation", Status.SENT)
    (body,) = [received.form["Body"] for received in world.gateway.journal]
    assert code_store.reading(world.database.vault, asked.id) in body
    changed = await confirm(world, asked.id)
    assert [(c.state, c.method) for c in changed.after.contact_points] == [(ContactState.ACTIVE, "code")]
    assert await world.fact_types(asked.id) == ["notification.planned", "attempt.started", "attempt.accepted"]


async def test_an_address_given_unconfirmed_gets_a_code_and_the_page_for_it(world: World) -> None:
    await put(world, email(verified=False))
    await world.dispatch()
    (asked,) = await told(world)
    assert asked.expires_at - asked.created_at == timedelta(hours=24)
    (mail,) = world.mail.journal
    assert f"/preferences/confirm/{asked.id}" in quopri.decodestring(mail.mime).decode()


async def test_a_nightly_copy_asks_nobody_a_second_time(world: World, clock: TestClock) -> None:
    for _ in range(3):
        await put(world, phone(verified=False), email(verified=False))
        clock.forward(days=1)
    assert sorted(each.channel for each in await told(world)) == [Channel.EMAIL, Channel.SMS]


async def test_who_is_claimed_to_be_verified_is_asked_only_where_that_claim_is_not_trusted(world: World) -> None:
    await put(world, phone())
    assert await told(world) == []
    await put(world, email(), trusting=False)
    assert [each.channel for each in await told(world)] == [Channel.EMAIL]


async def test_a_contact_that_the_person_took_away_is_left_in_peace(world: World) -> None:
    await put(world, phone(), email())
    number = next(c for c in (await record_of(world)).recipient.contact_points if c.channel is Channel.SMS)  # type: ignore[union-attr] # registered
    await choose(world, RemoveContact(contact=number.id))
    await put(world, phone(verified=False), email())
    assert "confirmation" not in {each.kind for each in await told(world)}


async def test_a_contact_under_a_do_not_contact_mark_is_left_in_peace(world: World) -> None:
    await put(world, phone())
    erase = partial(erase_recipient, operator=OPERATOR, name=RECIPIENT, actor="key", surroundings=world.surroundings)
    await world.database.transact(erase)
    await put(world, phone(verified=False))
    assert await told(world) == []


async def test_a_person_gives_a_contact_again_and_the_new_code_counts_alone(world: World) -> None:
    await put(world, phone(), email(verified=False))
    (first,) = await told(world)
    changed = await choose(world, AddContact(channel=Channel.EMAIL, value=EMAIL))
    assert changed.code is not None
    old = partial(give_code, uses=(Use.CONFIRM,), surroundings=world.surroundings)
    typed = code_store.reading(world.database.vault, first.id)
    assert await world.database.transact(partial(old, code=first.id, typed=typed)) == Gone()
    assert (await confirm(world, changed.code)).after.contact_points[-1].state is ContactState.ACTIVE


async def test_of_a_thousand_numbers_of_a_prefix_no_more_than_the_limit_are_sent_a_code(
    world: World, database_url: str
) -> None:
    limits = CodeLimits(per_prefix=7)
    numbers = [f"{PREFIX}{last:04}" for last in range(1000)]
    restarted = Database(database_url, world.database.vault)
    for begin in range(0, 1000, 20):
        database = world.database if begin < 500 else restarted
        await _put_somebody(world, f"p-{begin}", numbers[begin : begin + 20], limits, database)
    await restarted.close()
    people = [f"p-{begin}" for begin in range(0, 1000, 20)]
    outcomes = [(each.status, each.reason) for name in people for each in await told(world, name)]
    assert len(outcomes) == 1000
    assert outcomes.count((Status.QUEUED, None)) == 7
    assert outcomes.count((Status.SUPPRESSED, "rate_limited")) == 993


async def _put_somebody(world: World, name: str, numbers: list[str], limits: CodeLimits, database: Database) -> None:
    patch = RecipientPatch(contact_points=tuple(phone(number, verified=False) for number in numbers))
    given = {"operator_verified": True, "surroundings": world.surroundings, "limits": limits}
    await database.transact(lambda tx: put_recipient(tx, OPERATOR, name, patch, **given))  # type: ignore[arg-type] # of many types


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (CodeLimits(per_day=0), "rate_limited"),
        (CodeLimits(per_contact=0), "rate_limited"),
        (CodeLimits(countries=frozenset({"DE"})), "destination_not_allowed"),
    ],
)
async def test_a_number_that_no_code_may_go_to_is_kept_unconfirmed_and_it_is_sealed_why(
    world: World, limits: CodeLimits, reason: str
) -> None:
    await put(world, phone(verified=False), limits=limits)
    (asked,) = await told(world)
    assert (asked.status, asked.reason) == (Status.SUPPRESSED, reason)
    assert await world.fact_types(asked.id) == ["notification.suppressed"]
    assert (await record_of(world)).recipient.contact_points[0].state is ContactState.UNCONFIRMED  # type: ignore[union-attr] # registered


async def test_a_code_confirms_the_contact_again_without_alarming_the_others(world: World) -> None:
    await world.register()
    number = next(c for c in (await record_of(world)).recipient.contact_points if c.value == PHONE)  # type: ignore[union-attr] # registered
    await choose(world, ConfirmContact(contact=number.id))
    assert await told(world) == []
