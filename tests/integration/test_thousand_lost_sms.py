"""A thousand SMS that a gateway takes and never answers: one copy of each, and an honest end for each."""

from collections import Counter
from collections.abc import Sequence

import pytest

from adapters.sms import TwilioSms
from app.domain.channel import Channel
from app.domain.merge import WantedContact
from app.domain.notification import Notification
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.usecases.record_receipt import record_receipts
from tests.builders import event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import AcceptThenHang
from tests.integration.providers import attempts_in, dispatcher
from tests.integration.scripted import follow, follower
from tests.integration.world import World

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

COUNT = 1_000
LOST_FACTS = ("notification.planned", "attempt.started", "attempt.unknown")
FACTS = {
    ("delivered", False): (*LOST_FACTS, "attempt.reconciled", "receipt.delivered", "notification.closed"),
    ("sent", False): (*LOST_FACTS, "attempt.reconciled"),
    ("unknown", True): (*LOST_FACTS, "attempt.unresolved"),
}


async def plan(world: World) -> None:
    """A hundred people are told of ten shipments each."""
    for person in range(100):
        number = WantedContact(channel=Channel.SMS, value=f"+48600100{person:03}", verified=True, method="counter")
        await world.register(f"person-{person}", contact_points=(number,), consents=[Channel.SMS])
    news = [event(id=f"e-{n}", data={"shipment": f"item-{n}", "recipient": f"person-{n % 100}"}) for n in range(COUNT)]
    for begin in range(0, COUNT, 100):
        await world.post(*news[begin : begin + 100])


async def all_of(world: World) -> Sequence[Notification]:
    async with world.database.read() as tx:
        return await outbox.newest(tx, outbox.NotificationFilter(channel=Channel.SMS, limit=COUNT + 1))


async def send_impatiently(world: World, clock: TestClock) -> None:
    transport = TwilioSms(
        account_sid="AC0", auth_token="secret", sender="Awizo", base_url=world.gateway.base_url, capacity=100,
        connect_timeout=1.0, total_timeout=1.5,
    )  # fmt: skip
    sms = dispatcher(world, transport)
    while {n.status for n in await all_of(world)} != {"unknown"}:  # what reached nobody is tried again
        await sms.turn()
        await sms.wait_for_room(0.5)
        clock.forward(seconds=0.5)
    await sms.settled()
    await transport.close()


def without_retries(types: Sequence[str]) -> tuple[str, ...]:
    """The chain without the attempts of which it is certain that they reached nobody."""
    kept: list[str] = []
    for fact_type in types:
        if fact_type == "attempt.not_sent":
            assert kept.pop() == "attempt.started"
        else:
            kept.append(fact_type)
    return tuple(kept)


async def report_delivered(world: World, callbacks: Sequence[Receipt]) -> None:
    for begin in range(0, len(callbacks), 100):
        batch = callbacks[begin : begin + 100]
        await world.database.transact(
            lambda tx, batch=batch: record_receipts(tx, batch, surroundings=world.surroundings)  # type: ignore[misc]
        )


async def test_a_thousand_messages_taken_without_an_answer_are_one_copy_each_and_end_honestly(
    world: World, clock: TestClock
) -> None:
    gateway = world.gateway
    gateway.clock = clock
    gateway.behave = lambda _: AcceptThenHang()
    await plan(world)
    await send_impatiently(world, clock)
    assert len(await all_of(world)) == COUNT
    # A third is reported by callback, a third stands in the provider's list, of a third nothing is ever heard.
    reported = [
        Receipt(attempt=each, provider="twilio", status=ReceiptStatus.DELIVERED, code="delivered", via="callback",
                signature="shared_key", provider_id="SM1", raw=b"MessageStatus=delivered")
        for each in attempts_in(gateway.journal[0::3])
    ]  # fmt: skip
    await report_delivered(world, reported)
    gateway.held = gateway.journal[1::3]
    following = follower(world, world.sms)
    for minutes in (1, 2, 8, 16, 60):
        clock.forward(minutes=minutes)
        await follow(following, world.sms)
        assert await world.sms.turn() == 0
    # On a busy machine a request may have been cut off before it was read: nobody got that message.
    assert COUNT * 0.9 <= len(gateway.journal) <= COUNT
    assert len({(sms.form["To"], sms.form["Body"]) for sms in gateway.journal}) == len(gateway.journal)
    ended = await all_of(world)
    heard_of = len(reported), len(gateway.held)
    expected = dict(zip(FACTS, (*heard_of, COUNT - sum(heard_of)), strict=True))
    assert Counter((n.status, n.unresolved) for n in ended) == expected
    async with world.database.read() as tx:
        for notification in ended:
            chain = await fact_store.of_notification(tx, notification.id)
            assert without_retries([fact.type for fact in chain]) == FACTS[notification.status, notification.unresolved]
    for stands, facts in FACTS.items():  # the second verifier accepts one of each
        chosen = next(n for n in ended if (n.status, n.unresolved) == stands)
        assert without_retries(await world.fact_types(chosen.id)) == facts
