"""Nothing is kept for longer than it must be, and nothing that somebody needs is let go of."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.keywords import Asked
from app.domain.notification import Attempt, AttemptStatus, Notification, Status
from app.domain.receipt import InboundSms, Receipt, ReceiptStatus
from app.evidence.commitment import commitment_of, leaf_of
from app.ports import Surroundings
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.storage import recipients as recipient_store
from app.storage.database import Database
from app.storage.tables import (
    contact_marks,
    events,
    facts,
    inbound_messages,
    legal_holds,
    notifications,
    receipts,
    recipient_keys,
    recipients,
    retention_cursors,
)
from app.usecases import keep_retention as retention
from app.usecases.accept_events import Accepted, accept_events
from app.usecases.erase_recipient import Deferred, Erased, erase_recipient
from app.usecases.lift_hold import lift_hold
from app.usecases.place_hold import place_hold
from app.usecases.record_inbound_sms import record_inbound_sms
from tests.builders import OPERATOR, PHONE, RECIPIENT
from tests.conftest import TestClock
from tests.integration.ageing import ageing_surroundings, keep
from tests.integration.people import World, consent, documents, notice_event, phone
from tests.vocabularies import BUILT_IN

KEY_ID = "0123456789abcdef"


@pytest.fixture
def surroundings(clock: TestClock) -> Surroundings:
    return ageing_surroundings(clock)


@pytest.fixture
def world(database: Database, surroundings: Surroundings) -> World:
    return World(database, surroundings)


async def register(world: World, name: str = RECIPIENT, **patch: object) -> None:
    await world.put(name=name, **({"contact_points": (phone(),), "consents": (consent(),)} | patch))


async def hold(world: World, clock: TestClock, name: str = RECIPIENT, *, days: float = 1000) -> None:
    placed = await world.database.transact(
        lambda tx: place_hold(
            tx, OPERATOR, name, reason="a claim", until=clock.now + timedelta(days=days), actor=KEY_ID,
            surroundings=world.surroundings,
        )
    )  # fmt: skip
    assert placed is not None


async def lift(world: World, name: str = RECIPIENT) -> bool:
    return await world.database.transact(
        lambda tx: lift_hold(tx, OPERATOR, name, actor=KEY_ID, surroundings=world.surroundings)
    )


async def erase(world: World, name: str = RECIPIENT) -> Erased | Deferred | None:
    return await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, name, actor=KEY_ID, surroundings=world.surroundings)
    )


async def report(world: World, told: Accepted) -> None:
    """A provider's report about the first notification, which was sent."""
    attempt = Attempt(
        id=world.surroundings.new_id(), notification=told.notifications[0].id, number=1, provider="twilio",
        status=AttemptStatus.ACCEPTED, code=None, started_at=world.surroundings.clock(), ended_at=None,
    )  # fmt: skip
    receipt = Receipt(
        attempt=attempt.id, provider="twilio", status=ReceiptStatus.PROGRESS, code="sent", via="callback",
        signature="shared_key", raw=b"To=%2B48600100200",
    )  # fmt: skip
    async with world.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
        assert record is not None
        await outbox.insert_attempts(tx, [attempt])
        await receipt_store.insert_new(
            tx, world.surroundings.new_id(), receipt, key=record.key, received_at=attempt.started_at, applied=True,
            late=False,
        )  # fmt: skip


async def column(world: World, what: object) -> list[object]:
    async with world.database.read() as tx:
        return list((await tx.execute(select(what))).scalars())  # type: ignore[call-overload]


async def sealed_types(world: World) -> set[str]:
    """The types of the facts that can still be opened."""
    async with world.database.read() as tx:
        return set((await tx.execute(select(facts.c.type).where(facts.c.sealed.is_not(None)))).scalars())


async def test_values_go_when_they_are_old_enough_and_what_the_person_needs_stays(
    world: World, clock: TestClock
) -> None:
    await register(world)
    await report(world, await world.tell())
    clock.forward(days=397)
    await keep(world.database, world.surroundings)
    async with world.database.read() as tx:
        (event,) = await tx.execute(select(events))
        assert (event.payload, event.decoded, event.shipment_index, event.content_mac) == (None, None, None, b"")
        assert event.dedupe_key == event.id.bytes
        assert list((await tx.execute(select(receipts.c.raw))).scalars()) == [None]
        assert {(n.contact_id, n.shipment_index) for n in await tx.execute(select(notifications))} == {(None, None)}
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    assert record.recipient is not None
    assert [point.value for point in record.recipient.contact_points] == [phone().value]
    assert len(record.recipient.consents) == 1
    assert await sealed_types(world) == {"consent.granted"}


async def test_what_is_a_day_younger_stays(world: World, clock: TestClock) -> None:
    await register(world)
    await world.tell()
    clock.forward(days=394)
    before = await sealed_types(world)
    assert await keep(world.database, world.surroundings) == 0
    assert await sealed_types(world) == before
    assert None not in await column(world, events.c.payload)


async def test_every_leaf_still_follows_from_what_is_kept(world: World, clock: TestClock) -> None:
    await register(world)
    await world.tell()
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    async with world.database.read() as tx:
        kept = list(await tx.execute(select(facts)))
    assert len(kept) > 4
    assert all(leaf_of(commitment_of(row.document, row.salt)) == row.leaf for row in kept)


async def test_a_stranger_goes_with_their_key_when_no_younger_event_names_them(world: World, clock: TestClock) -> None:
    await world.tell("seen-once")
    await world.tell("seen-twice")
    clock.forward(days=300)
    await world.tell("seen-twice", number=2)
    clock.forward(days=100)
    await keep(world.database, world.surroundings)
    async with world.database.read() as tx:
        assert await recipient_store.find(tx, OPERATOR, "seen-once") is None
        assert await recipient_store.find(tx, OPERATOR, "seen-twice") is not None
    assert len(await column(world, recipient_keys.c.recipient_id)) == 1
    erasures = [data for kind, data in await world.recorded() if kind == "recipient.erased"]
    assert [(data["actor"], data["legal_basis"]) for data in erasures] == [("retention", "gdpr_5_1_e")]
    clock.forward(days=300)
    await keep(world.database, world.surroundings)
    assert await column(world, recipient_keys.c.recipient_id) == []


async def test_events_that_name_nobody_lose_their_values_and_their_key_stays(world: World, clock: TestClock) -> None:
    news = replace(notice_event("somebody"), recipient=None)
    await world.database.transact(
        lambda tx: accept_events(tx, [news], surroundings=world.surroundings, vocabularies=BUILT_IN)
    )
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    assert await column(world, events.c.payload) == [None]
    assert len(await column(world, recipient_keys.c.recipient_id)) == 1


async def test_what_a_consent_was_given_with_stays_until_the_next_one_is_too_old(
    world: World, clock: TestClock
) -> None:
    await register(world)
    clock.forward(days=500)
    await keep(world.database, world.surroundings)
    await world.put(consents=(consent(at=clock.now, granted=False),))
    await keep(world.database, world.surroundings)
    assert await sealed_types(world) == {"consent.granted", "consent.withdrawn"}
    clock.forward(days=500)
    await keep(world.database, world.surroundings)
    assert await sealed_types(world) == {"consent.withdrawn"}


async def test_a_message_that_is_sent_again_is_known_until_its_values_go(world: World, clock: TestClock) -> None:
    await register(world)
    first = await world.tell()
    clock.forward(days=390)
    assert (await world.tell()).event == first.event
    clock.forward(days=10)
    await keep(world.database, world.surroundings)
    assert (await world.tell()).event != first.event


async def test_a_hold_keeps_old_values_and_lifting_it_lets_them_go(world: World, clock: TestClock) -> None:
    for name in ("held", "other"):
        await register(world, name)
        await world.tell(name)
    await hold(world, clock, "held")
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    payloads = await column(world, events.c.payload)
    assert [payload is None for payload in payloads].count(False) == 1
    assert await lift(world, "held")
    assert set(await column(world, events.c.payload)) == {None}
    for gone in ("shipment_index", "facility", "courier_index"):
        assert set(await column(world, notifications.c[gone])) == {None}
    assert await sealed_types(world) == {"consent.granted"}


async def test_a_hold_ends_by_itself_with_its_fact(world: World, clock: TestClock) -> None:
    await register(world)
    await hold(world, clock, days=3)
    clock.forward(days=2)
    assert await keep(world.database, world.surroundings) == 0
    clock.forward(days=2)
    await keep(world.database, world.surroundings)
    assert await column(world, legal_holds.c.recipient_id) == []
    kinds = [(kind, data["actor"], data["act"]) for kind, data in await world.recorded() if kind.startswith("hold.")]
    assert kinds == [("hold.placed", KEY_ID, "placed"), ("hold.lifted", "retention", "expired")]


@pytest.mark.parametrize("ends", ["lifted", "expired"])
async def test_a_deferred_erasure_is_carried_out_when_its_hold_ends(world: World, clock: TestClock, ends: str) -> None:
    await register(world)
    await world.tell()
    await hold(world, clock, days=3)
    assert isinstance(await erase(world), Deferred)
    assert await keep(world.database, world.surroundings) == 0
    if ends == "lifted":
        assert await lift(world)
    else:
        clock.forward(days=4)
    await keep(world.database, world.surroundings)
    assert await column(world, recipient_keys.c.recipient_id) == []
    assert await column(world, recipients.c.profile) == [None]
    kind, data = (await world.recorded())[-1]
    assert (kind, data["actor"], data["legal_basis"]) == ("recipient.erased", KEY_ID, "gdpr_17")
    assert await sealed_types(world) == set()


async def test_marks_end_after_thirteen_months(world: World, clock: TestClock) -> None:
    await register(world)
    await erase(world)
    clock.forward(days=394)
    await keep(world.database, world.surroundings)
    assert len(await column(world, contact_marks.c.mark)) == 1
    clock.forward(days=3)
    await keep(world.database, world.surroundings)
    assert await column(world, contact_marks.c.mark) == []


async def test_what_tells_a_repeated_answer_goes_after_thirteen_months(world: World, clock: TestClock) -> None:
    await register(world)
    sms = InboundSms(provider="twilio", provider_id="SM1", sender=PHONE, text="STOP")
    assert await record_inbound_sms(world.database, sms, surroundings=world.surroundings) is Asked.STOP
    kept = len(await column(world, inbound_messages.c.digest))
    assert kept > 0
    clock.forward(days=394)
    await keep(world.database, world.surroundings)
    assert len(await column(world, inbound_messages.c.digest)) == kept
    clock.forward(days=3)
    await keep(world.database, world.surroundings)
    assert await column(world, inbound_messages.c.digest) == []


async def test_small_batches_and_many_workers_come_to_the_same(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_MAX", 3)
    await register(world)
    for number in range(8):
        await world.tell(number=number)
        await world.tell(f"stranger-{number}")
    clock.forward(days=400)
    await asyncio.gather(*(keep(world.database, world.surroundings) for _ in range(4)))
    await keep(world.database, world.surroundings)
    assert set(await column(world, events.c.payload)) == {None}
    assert await sealed_types(world) == {"consent.granted"}
    assert len(await column(world, recipient_keys.c.recipient_id)) == 1
    erased = [document for kind, document in await world.recorded() if kind == "recipient.erased"]
    assert len(erased) == 8


async def test_a_run_looks_at_nothing_a_second_time(world: World, clock: TestClock) -> None:
    await register(world)
    await world.tell()
    clock.forward(days=400)
    assert await keep(world.database, world.surroundings) > 0
    passed = await column(world, retention_cursors.c.passed)
    clock.forward(days=1)
    assert await keep(world.database, world.surroundings) == 0
    assert await column(world, retention_cursors.c.passed) == passed


async def test_skeletons_go_after_ten_years_but_not_what_a_living_consent_stands_on(
    world: World, clock: TestClock
) -> None:
    await register(world)
    told = await world.tell()
    await finish(world, told)
    clock.forward(days=3660)
    await keep(world.database, world.surroundings)
    assert await column(world, notifications.c.id) == []
    assert len(await column(world, events.c.id)) == 1  # what is younger may name it
    clock.forward(days=366)
    await keep(world.database, world.surroundings)
    assert await column(world, events.c.id) == []
    assert await column(world, facts.c.type) == ["consent.granted"]
    async with world.database.read() as tx:
        record = await recipient_store.find(tx, OPERATOR, RECIPIENT)
    assert record is not None
    assert record.recipient is not None
    assert [point.value for point in record.recipient.contact_points] == [phone().value]


async def test_of_somebody_erased_nothing_at_all_is_left_in_the_end(world: World, clock: TestClock) -> None:
    await register(world)
    await finish(world, await world.tell())
    await erase(world)
    clock.forward(days=4100)
    await keep(world.database, world.surroundings)
    for table in (events, notifications, facts, recipients, recipient_keys):
        assert await column(world, func.count(table.c[table.primary_key.columns.keys()[0]])) == [0]


async def test_the_documents_of_somebody_under_a_hold_wait_for_its_end(world: World, clock: TestClock) -> None:
    await register(world)
    await finish(world, await world.tell())
    await hold(world, clock, days=5000)
    clock.forward(days=4100)
    before = len(await column(world, facts.c.id))
    await keep(world.database, world.surroundings)
    assert len(await column(world, facts.c.id)) == before
    await lift(world)
    await keep(world.database, world.surroundings)
    assert await column(world, notifications.c.id) == []


async def finish(world: World, told: Accepted) -> None:
    """Whatever waited has expired."""
    async with world.database.write() as tx:
        waiting = await outbox.lock(tx, [n.id for n in told.notifications])
        ended = [n for n in waiting.values() if n.due_at is not None]
        await outbox.save_all(tx, [_over(n) for n in ended])


def _over(notification: Notification) -> Notification:
    return replace(notification, status=Status.EXPIRED, due_at=None)


async def test_documents_that_are_kept_are_untouched(world: World, clock: TestClock) -> None:
    await register(world)
    await world.tell()
    async with world.database.read() as tx:
        before = [json.dumps(document) for document in await documents(tx)]
    clock.forward(days=400)
    await keep(world.database, world.surroundings)
    async with world.database.read() as tx:
        after = [json.dumps(document) for document in await documents(tx)]
    assert after[: len(before)] == before
