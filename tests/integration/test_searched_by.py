"""What notifications are searched by: the place and the courier that their news names, and what their facts show."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.domain.channel import Channel
from app.domain.event import AREA_INCIDENT_KINDS
from app.domain.outcome import Permanence, Refused
from app.domain.receipt import Receipt, ReceiptStatus
from app.domain.statement import StatementKind
from app.storage import erasure, grades
from app.storage import notifications as outbox
from app.storage import search as search_store
from app.storage.search import Search
from app.storage.tables import notifications, recipients
from app.usecases.record_receipt import record_receipts
from app.usecases.say_about_notice import Saying, say_about_notice
from tests.builders import FACILITY, NOON, OPERATOR, area_event, event
from tests.conftest import TestClock
from tests.integration.incident_stories import settle, told, waits
from tests.integration.scripted import Scripted, through
from tests.integration.world import World
from tests.second_documents import grade

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PLACE = FACILITY["id"]


async def found(world: World, **wanted: Any) -> set[UUID]:
    async with world.database.read() as tx:
        page = await search_store.page(tx, Search(operators=(OPERATOR,), **wanted), before=None, limit=50)
    assert page.following is None
    return {n.id for n in page.notifications}


async def ids_of(world: World, *kinds: str) -> set[UUID]:
    async with world.database.read() as tx:
        return set((await tx.execute(select(notifications.c.id).where(notifications.c.kind.in_(kinds)))).scalars())


async def test_news_and_reminders_are_found_by_their_facility_and_courier(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(event())
    clock.forward(days=8)
    await world.remind()
    everything = await ids_of(world, "notice_left", "reminder")
    assert await ids_of(world, "reminder")
    assert await found(world, facility=PLACE) == everything
    assert await found(world, courier="K-0421") == everything
    assert await found(world, facility=PLACE, courier="K-0421", channel=Channel.SMS) < everything
    assert await found(world, facility="UP-00-999") == await found(world, courier="K-0422") == set()


async def test_news_that_names_no_place_is_found_where_its_item_waits(world: World, clock: TestClock) -> None:
    await world.register()
    await world.post(event())
    clock.forward(days=1)
    await world.post(event("terms_changed", at=clock(), data={"pickup": {"until": "2026-12-20"}}))
    late = await ids_of(world, "terms_changed")
    assert late
    assert late <= await found(world, facility=PLACE)


async def test_an_incident_is_found_by_the_facility_at_which_something_waits(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event())
    await settle(world)
    of_incident = {n.id for n in await told(world)}
    assert of_incident
    assert of_incident == await ids_of(world, *AREA_INCIDENT_KINDS) & await found(world, facility=PLACE)


async def test_the_grade_that_is_looked_for_is_what_the_facts_of_a_bundle_show(world: World) -> None:
    await world.register()
    sms = Scripted(Refused(permanence=Permanence.PERMANENT, stage="response", code="21610", reply=b"{}"))
    for number in range(3):
        await world.accepted(event(id=f"n-{number}", data={"shipment": f"s-{number}"}))
        await through(world, sms).turn()
        await world.email.turn()
    await world.email.settled()
    await settle_all(world)
    shown = {id_: await grade_in_bundle(world, id_) for id_ in await ids_of(world, "notice_left")}
    assert set(shown.values()) == {1, 2, 5}
    for number in range(6):
        assert await found(world, grade=number) == {id_ for id_, each in shown.items() if each == number}


async def settle_all(world: World) -> None:
    """The report on one SMS that was taken, and what somebody says about one e-mail."""
    async with world.database.read() as tx:
        rows = (await tx.execute(select(notifications).where(notifications.c.status == "sent"))).all()
    (first, *_) = [row.id for row in rows if row.channel == "sms"]
    (mail, *_) = [row.id for row in rows if row.channel == "email"]
    attempt = await attempt_of(world, first)
    report = Receipt(
        attempt=attempt,
        provider="twilio",
        status=ReceiptStatus.DELIVERED,
        code="delivered",
        via="callback",
        signature="shared_key",
        raw=b"x",
    )
    await world.database.transact(lambda tx: record_receipts(tx, [report], surroundings=world.surroundings))
    saying = Saying(kind=StatementKind.ACKNOWLEDGED, words="Got it", language="en")
    await world.database.transact(lambda tx: say_about_notice(tx, mail, saying, surroundings=world.surroundings))


async def attempt_of(world: World, notification: UUID) -> UUID:
    async with world.database.read() as tx:
        (attempt,) = (await outbox.attempts_of(tx, [notification]))[notification]
    return attempt.id


async def grade_in_bundle(world: World, notification: UUID) -> int:
    """As an independent verifier derives it."""
    return max(grade(document) for document in await world.facts(notification))


async def test_a_grade_that_a_row_only_claims_is_not_believed(world: World) -> None:
    await world.register()
    await world.post(event())
    async with world.database.write() as tx:
        await tx.execute(update(notifications).values(grade=5))
    assert await found(world, grade=5) == set()
    async with world.database.read() as tx:
        assert set((await grades.of_notifications(tx, await ids_of(world, "notice_left"))).values()) == {0}


async def test_whoever_is_erased_is_found_by_no_place_and_no_courier(world: World) -> None:
    await world.register()
    await world.post(event())
    async with world.database.write() as tx:
        people = list((await tx.execute(select(recipients.c.id))).scalars())
        await erasure.destroy(tx, people, now=NOON)
    assert await found(world, facility=PLACE) == await found(world, courier="K-0421") == set()
    assert await found(world, grade=0) == await ids_of(world, "notice_left", "reminder")
