"""Reports of providers: early, late, repeated, out of order – never a step backwards, never two ends of a chain."""

import asyncio
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.domain.channel import Channel
from app.domain.notification import Attempt, AttemptStatus, Notification
from app.domain.outcome import Accepted, NotSent, Outcome, Permanence, Refused, Unknown
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage import notifications as outbox
from app.storage import receipts as receipt_store
from app.usecases.close_chains import close_chains
from app.usecases.expire_leases import expire_leases
from app.usecases.record_receipt import record_receipts
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.providers import GatedTransport, attempts_in, dispatcher, until
from tests.integration.sealed import sealed_facts
from tests.integration.world import World

PLANNED, STARTED, ACCEPTED, UNKNOWN = "notification.planned", "attempt.started", "attempt.accepted", "attempt.unknown"
DELIVERED_FACTS = ["receipt.delivered", "notification.closed"]
PROGRESS, DELIVERED, FAILED = ReceiptStatus.PROGRESS, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED


def receipt(attempt: UUID, status: ReceiptStatus, code: str | None = None) -> Receipt:
    return Receipt(
        attempt=attempt,
        provider="twilio",
        status=status,
        code=code or str(status),
        via="callback",
        signature="shared_key",
        provider_id="SM1",
        raw=f"MessageStatus={status}".encode(),
    )


async def report(world: World, attempt: UUID, status: ReceiptStatus, code: str | None = None) -> bool:
    (recorded,) = await world.database.transact(
        lambda tx: record_receipts(tx, [receipt(attempt, status, code)], surroundings=world.surroundings)
    )
    return recorded.is_new


async def attempted(world: World, outcome: Outcome) -> tuple[Notification, UUID]:
    """An SMS whose one attempt ended like this."""
    sms = await planned(world)
    transport = GatedTransport(outcome)
    transport.gate.set()
    one = dispatcher(world, transport)
    await one.turn()
    await one.settled()
    return sms, transport.taken[0].attempt


async def planned(world: World) -> Notification:
    await world.register(channels=[Channel.SMS], consents=[Channel.SMS])
    return (await world.accepted(event())).notifications[0]


async def status_of(world: World, sms: Notification) -> str:
    return (await world.notification(sms.id)).status


async def attempts(world: World, sms: Notification) -> list[Attempt]:
    async with world.database.read() as tx:
        return (await outbox.attempts_of(tx, [sms.id]))[sms.id]


async def test_reports_in_order_end_delivered(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    assert await report(world, attempt, PROGRESS, "queued")
    assert await report(world, attempt, PROGRESS, "sent")
    assert await report(world, attempt, DELIVERED)
    assert await status_of(world, sms) == "delivered"
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, ACCEPTED, *DELIVERED_FACTS]


async def test_a_hundred_repeats_are_one_fact(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    assert [await report(world, attempt, DELIVERED) for _ in range(100)] == [True] + [False] * 99
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, ACCEPTED, *DELIVERED_FACTS]


async def test_repeats_at_the_same_time_are_one_fact(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    answers = await asyncio.gather(*(report(world, attempt, DELIVERED) for _ in range(8)))
    assert sorted(answers) == [False] * 7 + [True]
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, ACCEPTED, *DELIVERED_FACTS]


async def test_different_reports_at_the_same_time_end_the_chain_once(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    await asyncio.gather(
        report(world, attempt, DELIVERED),
        report(world, attempt, FAILED, "30003"),
        *(report(world, attempt, PROGRESS, f"sent-{n}") for n in range(4)),
    )
    types = await world.fact_types(sms.id)
    assert sum(fact in {"notification.closed", "notification.failed"} for fact in types) == 1
    assert types[-1] == "receipt.late"


async def test_delivered_then_sent_stays_delivered(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    await report(world, attempt, DELIVERED)
    assert await report(world, attempt, PROGRESS, "sent")
    assert await status_of(world, sms) == "delivered"
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, ACCEPTED, *DELIVERED_FACTS]


@pytest.mark.parametrize(
    ("first", "second", "status"), [(DELIVERED, FAILED, "delivered"), (FAILED, DELIVERED, "failed")]
)
async def test_the_first_final_report_stands_and_the_second_is_kept_as_late(
    world: World, first: ReceiptStatus, second: ReceiptStatus, status: str
) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    await report(world, attempt, first)
    await report(world, attempt, second)
    assert await status_of(world, sms) == status
    assert (await world.fact_types(sms.id))[-1] == "receipt.late"


async def test_a_report_that_comes_before_the_outcome_waits_for_it(world: World) -> None:
    sms = await planned(world)
    transport = GatedTransport(Accepted(provider_id="SM1"))
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    assert await report(world, transport.taken[0].attempt, PROGRESS, "sent")
    assert await report(world, transport.taken[0].attempt, DELIVERED)
    assert await status_of(world, sms) == "sending"
    transport.gate.set()
    await slow.settled()
    assert await status_of(world, sms) == "delivered"
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, ACCEPTED, *DELIVERED_FACTS]


async def test_a_report_that_waited_is_used_when_the_lease_runs_out(world: World, clock: TestClock) -> None:
    sms = await planned(world)
    transport = GatedTransport(Accepted(provider_id="SM1"))
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    await report(world, transport.taken[0].attempt, DELIVERED)
    clock.forward(minutes=3)
    await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings))
    assert await status_of(world, sms) == "delivered"
    transport.gate.set()
    await slow.settled()
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, UNKNOWN, "attempt.reconciled", *DELIVERED_FACTS]


@pytest.mark.parametrize(
    ("status", "stands", "end"),
    [
        (PROGRESS, "sent", []),
        (DELIVERED, "delivered", DELIVERED_FACTS),
        (FAILED, "failed", ["receipt.failed", "notification.failed"]),
    ],
)
async def test_a_report_resolves_an_unknown_attempt(
    world: World, status: ReceiptStatus, stands: str, end: list[str]
) -> None:
    sms, attempt = await attempted(world, Unknown(stage="response", code="timeout"))
    await report(world, attempt, status)
    assert await status_of(world, sms) == stands
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, UNKNOWN, "attempt.reconciled", *end]


async def test_a_report_on_an_attempt_believed_not_sent_stops_the_retry(world: World, clock: TestClock) -> None:
    sms, attempt = await attempted(world, NotSent(stage="connect", code="refused"))
    await report(world, attempt, PROGRESS, "sent")
    clock.forward(minutes=1)
    assert await world.dispatch() == 0
    assert await status_of(world, sms) == "sent"
    assert [a.status for a in await attempts(world, sms)] == [AttemptStatus.ACCEPTED]


@pytest.mark.parametrize(("status", "stands"), [(PROGRESS, "sent"), (DELIVERED, "delivered"), (FAILED, "sent")])
async def test_a_report_on_an_older_attempt_leaves_the_one_under_way_its_outcome(
    world: World, clock: TestClock, status: ReceiptStatus, stands: str
) -> None:
    sms, older = await attempted(world, NotSent(stage="connect", code="refused"))
    clock.forward(minutes=1)
    transport = GatedTransport(Accepted(provider_id="SM2"))
    slow = dispatcher(world, transport)
    await slow.turn()
    await until(lambda: transport.taken)
    await report(world, older, status)
    transport.gate.set()
    await slow.settled()
    types = await world.fact_types(sms.id)
    assert types[:5] == [PLANNED, STARTED, "attempt.not_sent", STARTED, ACCEPTED]
    assert types[5] == "attempt.reconciled"
    assert {a.status for a in await attempts(world, sms)} == {AttemptStatus.ACCEPTED}
    assert await status_of(world, sms) == stands


async def test_a_report_after_a_permanent_refusal_is_late(world: World) -> None:
    refused = Refused(permanence=Permanence.PERMANENT, stage="response", code="21211")
    sms, attempt = await attempted(world, refused)
    await report(world, attempt, DELIVERED)
    assert await status_of(world, sms) == "failed"
    assert (await world.fact_types(sms.id))[-2:] == ["notification.failed", "receipt.late"]


@pytest.mark.parametrize("outcome", [Accepted(provider_id="SM1"), Unknown(stage="response", code="timeout")])
async def test_a_report_after_the_chain_was_closed_is_late(world: World, clock: TestClock, outcome: Outcome) -> None:
    sms, attempt = await attempted(world, outcome)
    before = await status_of(world, sms)
    clock.forward(hours=73)
    await world.follow()
    await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings))
    await report(world, attempt, DELIVERED)
    assert await status_of(world, sms) == before
    assert (await world.fact_types(sms.id))[-2:] == ["notification.closed", "receipt.late"]


async def test_a_report_on_an_attempt_that_is_not_there_is_kept_apart_once(world: World) -> None:
    lost = uuid7()
    assert await report(world, lost, DELIVERED)
    assert not await report(world, lost, DELIVERED)
    await world.seal()
    stray = (await sealed_facts(world.database))[-1]
    assert (stray.type, stray.document["notification"]) == ("receipt.delivered", None)
    assert len(await sealed_facts(world.database)) == 2


async def test_the_report_is_kept_as_it_came(world: World) -> None:
    sms, attempt = await attempted(world, Accepted(provider_id="SM1"))
    await report(world, attempt, DELIVERED)
    async with world.database.read() as tx:
        (stored,) = (await receipt_store.of_notifications(tx, [sms.id]))[sms.id]
    assert (stored.receipt.status, stored.late, stored.applied) == (DELIVERED, False, True)
    (delivered,) = (fact for fact in await world.facts(sms.id) if fact["type"] == "receipt.delivered")
    assert delivered["data"] | {"claimed_at": None} == {
        "attempt": 1, "provider": "twilio", "code": "delivered", "claimed_at": None, "via": "callback",
        "signature": "shared_key", "substitutes_paper": False,
    }  # fmt: skip
    await world.seal()
    assert b"MessageStatus=delivered" not in await world.bundle(sms.id, frozenset())


async def test_the_callback_address_of_a_message_names_its_attempt(world: World) -> None:
    sms = await planned(world)
    await world.dispatch()
    assert attempts_in(world.gateway.journal) == [a.id for a in await attempts(world, sms)]
