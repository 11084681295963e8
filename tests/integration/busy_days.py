"""Days on which everything happens that figures count."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.look_up import Found, NotFound
from app.domain.outcome import Accepted, NotSent, Permanence, Refused
from app.domain.receipt import Receipt, ReceiptStatus
from app.storage import notifications as outbox
from app.storage import person_keys
from app.usecases.expire_notifications import expire_notifications
from app.usecases.record_facts import new_fact_sheet
from app.usecases.record_receipt import record_receipts
from tests.builders import FACILITY, event
from tests.conftest import TestClock
from tests.integration.quarantined import replay, set_aside, tracking
from tests.integration.scripted import LOST, Scripted, follow, follower, send, through
from tests.integration.world import World

FAR = FACILITY | {"id": "UP-00-004", "name": "UP Warszawa 4"}
OTHER = "customer-2"
STRANGER = "customer-of-nobody"
FOUND = Found(provider_id="SM7", code="sent", reply=b'{"sid":"SM7"}')

REFUSED = Refused(permanence=Permanence.PERMANENT, stage="request", code="21211")


def notice(name: str, at: datetime, *, courier: str | None = "K-0421", **changes: Any) -> Event:
    """A first notice, of a shipment that is called like it."""
    paper = {"ordinal": 1, "left_at": at.isoformat()} | ({"courier": courier} if courier else {})
    data = {"shipment": name, "notice": paper, "facility": FACILITY} | changes
    return event(id=f"notice-{name}", at=at, data=data)


async def people(world: World) -> None:
    """One who agreed to everything, one who agreed to e-mail only."""
    await world.register()
    await world.register(OTHER, consents=(Channel.EMAIL,))


async def busy_day(world: World, clock: TestClock, day: str) -> None:
    """A day called so: notices early and late, at known and unknown places, and every outcome of a message."""
    await _tell(world, clock, day)
    sms = Scripted(
        Accepted(provider_id="SM1"), LOST, LOST, REFUSED, NotSent(stage="connect", code="refused"),
        looks=[FOUND, *[NotFound()] * 9],
    )  # fmt: skip
    dispatcher = through(world, sms)
    for _ in range(3):
        await send(dispatcher)
        await send(world.email)
        clock.forward(seconds=30)
    await _report(world, sms.taken[0].attempt)
    who = follower(world, dispatcher, world.email)
    for minutes in (2, 10, 60):
        clock.forward(minutes=minutes)
        await follow(who, dispatcher, world.email)
    await _state(world, sms.taken[0].attempt)
    clock.forward(hours=2)
    await world.remind()
    await world.post(event("delivered", id=f"delivered-{day}", at=clock.now, data={"shipment": f"{day}-near"}))
    await world.post(notice(f"{day}-unsent", clock.now))
    clock.forward(days=15)
    await world.database.transact(lambda tx: expire_notifications(tx, surroundings=world.surroundings))
    await world.remind()


async def _tell(world: World, clock: TestClock, day: str) -> None:
    now = clock.now
    await world.post(
        notice(f"{day}-near", now - timedelta(minutes=2)),
        notice(f"{day}-far", now - timedelta(days=3), courier="K-0007", facility=FAR),
        notice(f"{day}-late", now - timedelta(days=9)),
        notice(f"{day}-other", now - timedelta(minutes=6), recipient=OTHER, courier=None),
        notice(f"{day}-stranger", now - timedelta(minutes=50), recipient=STRANGER, courier="K-0007"),
        event("in_transit", id=f"in-transit-{day}", at=now, data={"shipment": f"{day}-moving"}),
        tracking(at=now - timedelta(hours=5), shipment=f"{day}-coded", data={"facility": FAR}),
        tracking("P_UKEPO", at=now, shipment=f"{day}-ignored"),
    )
    await world.post(
        notice(f"{day}-to-come", now + timedelta(hours=1)),
        event("corrected", id=f"corrected-{day}", at=now, data={
            "shipment": f"{day}-near", "corrects": {"source": "/nobody", "id": "nothing"}, "action": "cancel"}),
    )  # fmt: skip
    kept = await set_aside(world, tracking("P_A", at=now, shipment=f"{day}-unknown", id=f"unknown-{day}"))
    await replay(world, kept)


async def _report(world: World, attempt: UUID) -> None:
    receipt = Receipt(
        attempt=attempt, provider="twilio", status=ReceiptStatus.DELIVERED, code="delivered", via="callback",
        signature="shared_key", provider_id="SM1", raw=b"MessageStatus=delivered",
    )  # fmt: skip
    await world.database.transact(lambda tx: record_receipts(tx, [receipt], surroundings=world.surroundings))


async def _state(world: World, attempt: UUID) -> None:
    """The person says that there was no paper notice."""
    async with world.database.write() as tx:
        tried = (await outbox.attempts_by_id(tx, [attempt]))[attempt]
        notification = (await outbox.lock(tx, [tried.notification]))[tried.notification]
        keys = await person_keys.of_notifications(tx, [notification.id])
        sheet = await new_fact_sheet(tx, world.surroundings)
        said = sheet.record_in_chain(
            notification, "recipient.disputed", at=world.surroundings.clock(), data={"method": "page"},
            sealed={"statement": b"{}"}, key=keys[notification.id],
        )  # fmt: skip
        await outbox.save_all(tx, [said])
        await sheet.write(tx)
