"""What changes between planning, sending and proving: collections, clocks, keys, erasures, refusals."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct
from app.domain.outcome import Accepted, NotSent
from app.domain.quiet_hours import QuietHours
from app.domain.receipt import Receipt, ReceiptStatus
from app.evidence.bundle import AssembledBundle
from app.storage import log
from app.storage.database import Database, Tx
from app.storage.schema import SchemaError, require_same_root
from app.storage.tables import facts, pending_entries
from app.storage.vault import Vault
from app.usecases import prove_notification as proving
from app.usecases.check_log import Difference, check_log
from app.usecases.erase_recipient import erase_recipient
from app.usecases.record_receipt import record_receipts
from tests.builders import NOON, OPERATOR, RECIPIENT, event
from tests.conftest import TestClock
from tests.integration.providers import GatedTransport, dispatcher, until
from tests.integration.world import KEYS, World
from tests.second_verifier import verify


async def test_news_that_became_untrue_while_it_was_being_sent_is_not_sent_again(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    notice = (await world.accepted(event())).notifications[0]
    transport = GatedTransport(NotSent(stage="response", code="429"))
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    await world.accepted(event("delivered", at=NOON + timedelta(seconds=1)))
    transport.gate.set()
    await slow.settled()
    clock.forward(minutes=5)
    assert (await world.notification(notice.id)).status == "queued"
    await slow.turn()
    await slow.settled()
    ended = await world.notification(notice.id)
    assert (ended.status, ended.reason) == ("cancelled", "collected")
    assert len(transport.taken) == 1


async def test_a_retry_that_falls_into_quiet_hours_waits_for_their_end(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS], quiet_hours=QuietHours())
    notice = (await world.accepted(event())).notifications[0]
    clock.forward(hours=10)  # 22:00 in Warsaw: the worker comes back after an outage
    assert await world.dispatch() == 0
    held = await world.notification(notice.id)
    assert held.status == "held"
    assert held.not_before is not None
    assert held.not_before.hour == 7  # 08:00 in Warsaw
    clock.forward(hours=10)
    assert await world.dispatch() == 1


async def test_somebody_who_refused_before_ever_agreeing_hurts_no_event(world: World) -> None:
    refusal = ConsentAct(
        channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=False, at=NOON, method="counter", text_version="1"
    )
    await world.register(channels=[Channel.SMS], consents=[])
    await world.put(consents=(refusal,))
    (sms, _email) = (await world.accepted(event())).notifications
    assert (sms.status, sms.reason) == ("suppressed", "no_consent")
    (fact,) = await world.facts(sms.id)
    assert fact["data"]["consent_version"] is None


async def test_a_wrong_clock_does_not_silence_a_shipment(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.accepted(event("delivered", at=NOON + timedelta(days=3650)))
    clock.forward(minutes=1)
    assert (await world.accepted(event())).notifications[0].status == "queued"


async def test_repeated_news_that_has_expired_is_stale_first(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    await world.accepted(event())
    clock.forward(days=20)
    assert (await world.accepted(event(id="again"))).notifications[0].reason == "stale"


async def test_a_fact_sealed_while_a_proof_is_made_is_counted_as_pending_not_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    notice = (await world.accepted(event())).notifications[0]
    await world.seal()
    read_checkpoints = log.newest_checkpoints

    async def checkpoints_and_then_more_happens(tx: Tx) -> Any:
        found = await read_checkpoints(tx)
        monkeypatch.setattr(log, "newest_checkpoints", read_checkpoints)
        if not world.database.is_sqlite:  # SQLite's reader sees one moment all along
            await world.dispatch()
            await world.seal()
        return found

    monkeypatch.setattr(log, "newest_checkpoints", checkpoints_and_then_more_happens)
    async with world.database.read() as tx:
        proof = await proving.prove_notification(tx, notice.id, opened=None, keys=KEYS, surroundings=world.surroundings)
    assert isinstance(proof, AssembledBundle)
    assert verify(proof.data, world.vkeys).accepted
    bundle = json.loads(proof.data)
    assert [fact["document"]["type"] for fact in bundle["facts"]] == ["notification.planned"]
    assert bundle["pending"] == (0 if world.database.is_sqlite else 2)


async def test_a_report_that_came_before_the_outcome_is_applied_for_an_erased_person_too(
    world: World, clock: TestClock
) -> None:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    notice = (await world.accepted(event())).notifications[0]
    transport = GatedTransport(Accepted(provider_id="SM1", reply=b"{}"))
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    report = Receipt(
        attempt=transport.taken[0].attempt,
        provider="twilio",
        status=ReceiptStatus.DELIVERED,
        code="delivered",
        via="callback",
        signature="shared_key",
        raw=b"MessageStatus=delivered",
    )
    await world.database.transact(lambda tx: record_receipts(tx, [report], surroundings=world.surroundings))
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, RECIPIENT, actor="key", surroundings=world.surroundings)
    )
    transport.gate.set()
    await slow.settled()
    assert (await world.notification(notice.id)).status == "delivered"


async def test_another_root_key_is_refused(database: Database) -> None:
    await require_same_root(database)
    await require_same_root(database)
    stranger = Database(str(database.url.render_as_string(hide_password=False)), Vault(bytes(32)))
    with pytest.raises(SchemaError, match="restore keys"):
        await require_same_root(stranger)
    await stranger.close()


async def test_a_fact_that_lost_its_place_in_the_queue_is_found(world: World) -> None:
    await world.accepted(event())
    async with world.database.write() as tx:
        await tx.execute(delete(pending_entries))
    results = await check_log(
        world.database,
        keys=KEYS,
        mark=world.mark.read(),
        progress=lambda _count: None,
    )
    assert isinstance(results[-1], Difference)
    assert "never reached the log" in results[-1].sentence
    async with world.database.write() as tx:  # so that the world's own check at the end finds nothing
        await tx.execute(delete(facts).where(facts.c.type.in_(["event.accepted"])))
