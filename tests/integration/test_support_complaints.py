"""Complaints, corrections and what timelines show of support: kept once, withheld where nobody may, gone in time."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import func, select

from app.domain.channel import Channel
from app.domain.correction_of_contact import ContactCorrection
from app.domain.merge import WantedContact
from app.domain.pumping import CodeLimits
from app.domain.statement import StatementKind
from app.domain.support import Act
from app.ports import Surroundings
from app.storage import complaints as complaint_store
from app.storage import facts as fact_store
from app.storage import statements as statement_store
from app.storage.tables import complaints, support_acts
from app.usecases.correct_contact import Corrected, correct_recipient
from app.usecases.erase_recipient import erase_recipient
from app.usecases.keep_complaints import Attached, Kept, NotKept, attach_complaint
from app.usecases.place_hold import place_hold
from app.usecases.put_recipient import Withheld
from app.usecases.read_shipment import read_shipment
from app.usecases.record_support import ActingSupport
from app.usecases.say_about_notice import Saying, say_about_notice
from app.usecases.send_codes import Confirming
from tests.builders import NOON, OPERATOR, PHONE, RECIPIENT, SHIPMENT, event
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.world import World

ASKED = ActingSupport(actor="0123456789abcdef", reason="The addressee asked for it by phone")
RECEIVED_ON = date(2026, 11, 23)
MEANT = "+48600100201"
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def attach(world: World, reference: str = "RK-1") -> Kept | NotKept:
    attached = Attached(reference=reference, received_on=RECEIVED_ON)
    return await world.database.transact(
        lambda tx: attach_complaint(tx, OPERATOR, SHIPMENT, attached, by=ASKED, surroundings=world.surroundings)
    )


async def correct(world: World) -> object:
    wanted = WantedContact(channel=Channel.SMS, value=MEANT, verified=False)
    return await world.database.transact(
        lambda tx: correct_recipient(
            tx,
            OPERATOR,
            RECIPIENT,
            ContactCorrection(wrong=PHONE, right=wanted),
            by=ASKED,
            operator_verified=True,
            confirming=Confirming(limits=CodeLimits(), surroundings=world.surroundings),
        )
    )


async def counted(world: World) -> tuple[int, int]:
    """How many complaints and how many acts there are."""
    async with world.database.read() as tx:
        rows = [
            (await tx.execute(select(func.count()).select_from(each))).scalar_one()
            for each in (complaints, support_acts)
        ]
    return rows[0], rows[1]


async def withhold(world: World) -> None:
    """An erasure was asked for, and a legal hold defers it."""
    surroundings = world.surroundings
    until = NOON.replace(year=2030)
    await world.database.transact(
        lambda tx: place_hold(
            tx, OPERATOR, RECIPIENT, reason="a claim", until=until, actor="test", surroundings=surroundings
        )
    )
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="test", surroundings=surroundings)
    )


async def test_several_at_once_keep_one_complaint_and_correct_a_contact_once(world: World) -> None:
    await world.register()
    await world.accepted(event())
    kept = await asyncio.gather(*(attach(world) for _ in range(4)))
    assert sorted(isinstance(each, Kept) and each.is_new for each in kept) == [False, False, False, True]
    done = await asyncio.gather(*(correct(world) for _ in range(4)))
    assert sorted(isinstance(each, Corrected) and each.is_new for each in done) == [False, False, False, True]
    assert await counted(world) == (1, 2)


@ONE_ENGINE
async def test_nothing_is_taken_in_about_somebody_who_is_to_be_erased(world: World) -> None:
    await world.register()
    await world.accepted(event())
    await withhold(world)
    assert await attach(world) is NotKept.WITHHELD
    assert await correct(world) == Withheld()
    assert await counted(world) == (0, 0)


@ONE_ENGINE
async def test_a_complaint_under_a_statements_reference_names_the_fact_of_what_was_said(world: World) -> None:
    await world.register()
    (sms, _) = (await world.accepted(event())).notifications
    saying = Saying(kind=StatementKind.DISPUTED, words="Zgłoś brak awiza", language="pl")
    await world.database.transact(lambda tx: say_about_notice(tx, sms.id, saying, surroundings=world.surroundings))
    async with world.database.read() as tx:
        ((statement,),) = (await statement_store.of_notifications(tx, [sms.id])).values()
    await attach(world, statement.reference)
    async with world.database.read() as tx:
        ((leaf,),) = await tx.execute(select(support_acts.c.fact_leaf))
        (act,) = await fact_store.by_leaves(tx, [leaf])
        chain = await fact_store.of_notification(tx, sms.id)
    (said,) = [fact.leaf.hex() for fact in chain if fact.type == "recipient.disputed"]
    assert f'"facts":["{said}"]' in act.document.decode()


@ONE_ENGINE
@pytest.mark.parametrize("misdirected", [True, False])
async def test_a_wrong_number_hears_of_its_correction_unless_it_said_that_it_is_a_strangers(
    world: World, *, misdirected: bool
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    told = [n for n in (await world.accepted(event())).notifications if n.channel is Channel.SMS]
    await world.dispatch()
    if misdirected:
        saying = Saying(kind=StatementKind.MISDIRECTED, words="To nie do mnie", language="pl")
        await world.database.transact(
            lambda tx: say_about_notice(tx, told[0].id, saying, surroundings=world.surroundings)
        )
    await correct(world)
    await world.dispatch()
    assert [sms.form["To"] for sms in world.gateway.journal][1:] == [MEANT, *([] if misdirected else [PHONE])]


@ONE_ENGINE
async def test_a_correction_stands_on_the_timelines_of_what_the_person_had_by_then(
    world: World, clock: TestClock
) -> None:
    await world.register()
    await world.accepted(event())
    await correct(world)
    clock.forward(minutes=1)
    await world.accepted(event(id="later", at=NOON, data={"shipment": "later"}))
    acts = {}
    for shipment in (SHIPMENT, "later"):
        async with world.database.read() as tx:
            answer = await read_shipment(tx, OPERATOR, shipment, now=clock())
        assert answer is not None
        acts[shipment] = [each.act.act for each in answer.timeline.entries if hasattr(each, "act")]
    assert acts == {SHIPMENT: [Act.CONTACT_CORRECTED], "later": []}


class TestAged:
    """Where ids are as old as the clock says."""

    @pytest.fixture
    def surroundings(self, clock: TestClock) -> Surroundings:
        return ageing_surroundings(clock)

    @ONE_ENGINE
    async def test_complaints_and_acts_go_with_other_values_unless_the_person_is_held(
        self, world: World, clock: TestClock
    ) -> None:
        await world.register()
        await world.accepted(event())
        await attach(world)
        until = NOON.replace(year=2028)
        await world.database.transact(
            lambda tx: place_hold(
                tx, OPERATOR, RECIPIENT, reason="a claim", until=until, actor="test", surroundings=world.surroundings
            )
        )
        clock.forward(days=400)
        await keep(world.database, world.surroundings)
        assert await counted(world) == (1, 1)
        clock.now = until
        await keep(world.database, world.surroundings)
        assert await counted(world) == (0, 0)
        async with world.database.read() as tx:
            assert await complaint_store.find(tx, OPERATOR, SHIPMENT, "RK-1") is None
