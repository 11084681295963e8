"""What each kind of failure at a provider means: tried again, ended, or unknown and never tried again."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from adapters.smtp_email import SmtpEmail, SmtpRelay
from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.merge import WantedContact
from app.domain.notification import Notification
from app.domain.outcome import Unknown
from app.rendering.notice import Telling
from app.usecases import render_message as rendering
from app.usecases.close_chains import close_chains
from app.usecases.expire_leases import expire_leases
from tests.builders import event
from tests.conftest import TestClock
from tests.doubles.connections import unused_port
from tests.doubles.sms_gateway import AcceptThenHang, Answer, Behaviour, Close, Raw, Reset, refusal
from tests.doubles.smtp_server import Action, Drop, Hang, Say
from tests.integration.providers import GatedTransport, dispatcher, sms_through
from tests.integration.world import World

PLANNED, STARTED = "notification.planned", "attempt.started"


async def one(world: World, channel: Channel, shipment: str = "item-1") -> Notification:
    """One notification on that channel, ready to be sent."""
    await world.register(channels=[channel], consents=[channel])
    answer = await world.accepted(event(id=shipment, data={"shipment": shipment}))
    (notification,) = (n for n in answer.notifications if n.channel is channel)
    assert notification.status == "queued"
    return notification


def only_email(value: str) -> dict[str, object]:
    contact = WantedContact(channel=Channel.EMAIL, value=value, verified=True, method="counter")
    return {"contact_points": (contact,)}


async def pass_hours(world: World, clock: TestClock, hours: int, turn: Callable[[], Awaitable[object]]) -> None:
    """What any number of later turns may do: dispatch, give up leases, close chains."""
    for _ in range(hours):
        clock.forward(hours=1)
        await turn()
        await world.database.transact(lambda tx: expire_leases(tx, surroundings=world.surroundings))
        await world.database.transact(lambda tx: close_chains(tx, surroundings=world.surroundings))


async def through_new_connection(world: World) -> None:
    """One turn of e-mail; a connection that was kept would pass by the greeting and by what was said before."""
    transport = SmtpEmail(SmtpRelay.parse(world.mail.url))
    once = dispatcher(world, transport)
    await once.turn()
    await once.settled()
    await transport.close()


async def standing(world: World, notification: UUID) -> tuple[str, str | None, str | None]:
    found = await world.notification(notification)
    return found.status, found.failure, found.reason


async def test_a_gateway_that_refuses_the_connection_has_nothing_and_is_tried_again(
    world: World, clock: TestClock
) -> None:
    sms = await one(world, Channel.SMS)
    async with sms_through(world, f"http://127.0.0.1:{unused_port()}") as unreachable:
        assert await unreachable.turn() == 1
        await unreachable.settled()
    waiting = await world.notification(sms.id)
    assert waiting.status == "queued"
    assert waiting.due_at is not None
    assert 2 <= (waiting.due_at - clock.now).total_seconds() <= 3  # half of five seconds
    assert await world.dispatch() == 0
    clock.forward(seconds=3)
    assert await world.dispatch() == 1
    assert len(world.gateway.journal) == 1
    assert await world.fact_types(sms.id) == [
        PLANNED, STARTED, "attempt.not_sent", STARTED, "attempt.accepted",
    ]  # fmt: skip


async def test_a_gateways_retry_after_is_obeyed(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    world.gateway.next(refusal(429, 20429, Retry_After="120"))
    await world.dispatch()
    clock.forward(seconds=115)
    assert await world.dispatch() == 0
    clock.forward(seconds=6)
    assert await world.dispatch() == 1
    assert (await standing(world, sms.id))[0] == "sent"
    assert await world.fact_types(sms.id) == [PLANNED, STARTED, "attempt.not_sent", STARTED, "attempt.accepted"]


async def test_broken_access_pauses_the_provider(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    world.gateway.next(refusal(401, 20003), refusal(403, 20003))
    for refused in (1, 2):
        assert await world.dispatch() == 1
        clock.forward(seconds=50)
        assert await world.sms.turn() == 0
        assert len(world.gateway.journal) == refused
        clock.forward(minutes=1)
    assert await world.dispatch() == 1
    assert (await standing(world, sms.id))[0] == "sent"


MAY_HAVE_TAKEN: dict[str, Behaviour] = {
    "reset": Reset(after_body=True),
    "closed": Close(),
    "error": Answer(status=500, body=b'{"code": 20500}'),
    "busy": Answer(status=503, headers={"Retry-After": "1"}),
    "html": Answer(status=201, body=b"<html>thank you</html>"),
    "empty": Answer(status=200, body=b"{}"),
    "garbage": Raw(payload=b"\x00\x01\x02 no HTTP\r\n\r\n"),
    "hangs": AcceptThenHang(),
}


async def test_a_gateway_that_may_have_taken_a_message_never_gets_a_second_copy(world: World, clock: TestClock) -> None:
    unknown = []
    async with sms_through(world, world.gateway.base_url, total_timeout=0.6) as impatient:
        for name, behaviour in MAY_HAVE_TAKEN.items():
            unknown.append(await one(world, Channel.SMS, name))
            world.gateway.next(behaviour)
            assert await impatient.turn() == 1, name
            await impatient.settled()
            assert (await standing(world, unknown[-1].id))[0] == "unknown", name
        await pass_hours(world, clock, 4, impatient.turn)
    await pass_hours(world, clock, 2, world.dispatch)
    assert len(world.gateway.journal) == len(MAY_HAVE_TAKEN)
    for sms in unknown:
        assert await world.fact_types(sms.id) == [PLANNED, STARTED, "attempt.unknown"]


async def test_a_reset_while_the_request_is_written_is_unknown(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    world.gateway.next(Reset(after_body=False))
    await world.dispatch()
    await pass_hours(world, clock, 5, world.dispatch)
    assert world.gateway.journal == []
    assert (await standing(world, sms.id))[0] == "unknown"


async def test_a_number_that_cannot_receive_sms_ends_it(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    world.gateway.next(refusal(400, 21614))
    await world.dispatch()
    await pass_hours(world, clock, 5, world.dispatch)
    assert await standing(world, sms.id) == ("failed", "permanent", None)
    assert len(world.gateway.journal) == 1
    facts = await world.facts(sms.id)
    assert [fact["type"] for fact in facts] == [PLANNED, STARTED, "attempt.refused", "notification.failed"]
    assert facts[3]["data"] == {
        "status": "failed", "reason": None, "failure": "permanent", "substitutes_paper": False,
    }  # fmt: skip


async def test_a_relay_that_refuses_for_now_at_any_stage_is_tried_again(world: World, clock: TestClock) -> None:
    for stage in ("connect", "mail", "rcpt", "data", "dot"):
        email = await one(world, Channel.EMAIL, stage)
        world.mail.at(stage, Say(reply="421 4.3.2 later", then_close=stage == "connect"), times=1)
        await through_new_connection(world)
        assert (await standing(world, email.id))[0] == "queued", stage
        clock.forward(seconds=3)
        await world.dispatch()
        assert (await standing(world, email.id))[0] == "sent", stage
    assert len([letter for letter in world.mail.journal if (letter.reply or "").startswith("250")]) == 5


@pytest.mark.parametrize("orderly", [False, True], ids=["reset", "close"])
async def test_a_relay_that_hangs_up_before_the_dot_has_nothing(world: World, clock: TestClock, orderly: bool) -> None:
    for sent, stage in enumerate(("connect", "mail", "rcpt", "data")):
        email = await one(world, Channel.EMAIL, stage)
        world.mail.at(stage, Drop(orderly=orderly), times=1)
        await through_new_connection(world)
        assert (await standing(world, email.id))[0] == "queued", stage
        assert len(world.mail.journal) == sent
        clock.forward(seconds=3)
        await world.dispatch()
        assert (await standing(world, email.id))[0] == "sent", stage


async def test_a_relay_that_falls_silent_once_the_dot_is_on_its_way_never_gets_a_second_copy(
    world: World, clock: TestClock
) -> None:
    silences: list[tuple[str, Action]] = [
        ("body", Drop(orderly=True)), ("dot", Drop()), ("dot", Drop(orderly=True)), ("dot", Hang())
    ]  # fmt: skip
    unknown = []
    impatient = SmtpEmail(SmtpRelay.parse(world.mail.url), final_timeout=0.3)
    sending = dispatcher(world, impatient)
    for number, (stage, action) in enumerate(silences):
        unknown.append(await one(world, Channel.EMAIL, f"item-{number}"))
        world.mail.at(stage, action, times=1)
        await sending.turn()
        await sending.settled()
        assert (await standing(world, unknown[-1].id))[0] == "unknown", (stage, action)
    await impatient.close()
    await pass_hours(world, clock, 30, world.dispatch)
    assert len(world.mail.journal) == 3  # the first hung up before it had read the dot
    for email in unknown:
        assert await world.fact_types(email.id) == [PLANNED, STARTED, "attempt.unknown"]


async def test_an_address_that_does_not_exist_ends_it(world: World, clock: TestClock) -> None:
    email = await one(world, Channel.EMAIL)
    world.mail.at("rcpt", Say(reply="550 5.1.1 nobody here"))
    await world.dispatch()
    await pass_hours(world, clock, 3, world.dispatch)
    assert await standing(world, email.id) == ("failed", "permanent", None)
    assert world.mail.connections == 1


async def test_a_retried_email_is_the_same_bytes(world: World, clock: TestClock) -> None:
    email = await one(world, Channel.EMAIL)
    world.mail.at("dot", Say(reply="452 4.3.1 later"), times=2)
    for _ in range(3):
        await world.dispatch()
        clock.forward(minutes=10)
    assert (await standing(world, email.id))[0] == "sent"
    first, second, third = world.mail.journal
    assert first.mime == second.mime == third.mime
    assert f"Message-ID: <{email.id}@awizo.test>\r\n".encode() in first.mime
    assert b"\r\nDate: Mon, 23 Nov 2026 11:00:00 +0000\r\n" in first.mime


async def test_news_that_expires_before_it_is_sent_does_not_leave(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    clock.forward(days=15)
    assert await world.dispatch() == 0
    assert await standing(world, sms.id) == ("expired", None, None)
    assert await world.fact_types(sms.id) == [PLANNED, "notification.expired"]
    assert world.gateway.journal == []


async def test_an_sms_that_could_not_be_sent_for_four_hours_ends_failed_for_now(world: World, clock: TestClock) -> None:
    sms = await one(world, Channel.SMS)
    async with sms_through(world, f"http://127.0.0.1:{unused_port()}") as unreachable:
        tries = 0
        while (await world.notification(sms.id)).status == "queued":
            tries += await unreachable.turn()
            await unreachable.settled()
            clock.forward(minutes=16)
        assert 10 <= tries <= 20
    assert await standing(world, sms.id) == ("failed", "temporary", None)
    assert (await world.fact_types(sms.id))[-2:] == ["attempt.not_sent", "notification.failed"]


async def test_an_address_that_no_header_can_carry_fails_before_anything_starts(world: World) -> None:
    await world.register(channels=[Channel.EMAIL], consents=[Channel.EMAIL], **only_email("józef@example.com"))
    answer = await world.accepted(event())
    assert await world.dispatch() == 0
    (email,) = (n for n in answer.notifications if n.channel is Channel.EMAIL)
    assert await standing(world, email.id) == ("failed", "technical", None)
    assert await world.fact_types(email.id) == [PLANNED, "notification.failed"]


async def test_a_message_that_the_transport_cannot_carry_fails_once(world: World, clock: TestClock) -> None:
    await world.register(channels=[Channel.EMAIL], consents=[Channel.EMAIL], **only_email("jan@żółw.example"))
    answer = await world.accepted(event())
    await world.dispatch()
    await pass_hours(world, clock, 2, world.dispatch)
    (email,) = (n for n in answer.notifications if n.channel is Channel.EMAIL)
    assert await standing(world, email.id) == ("failed", "technical", None)
    assert await world.fact_types(email.id) == [PLANNED, STARTED, "attempt.not_sent", "notification.failed"]


async def test_a_message_that_cannot_be_rendered_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.register()
    render = rendering.notice_of_event

    def fail_for_one(news: Event, telling: Telling) -> object:
        if news.shipments == ("poison",):
            raise KeyError("a bug that one message finds")
        return render(news, telling)

    monkeypatch.setattr(rendering, "notice_of_event", fail_for_one)
    poisoned = await world.accepted(event(id="p", data={"shipment": "poison"}))
    healthy = await world.accepted(event(id="h", data={"shipment": "healthy"}))
    assert await world.dispatch() == 2
    for notification in poisoned.notifications:
        assert await standing(world, notification.id) == ("failed", "technical", None)
    for notification in healthy.notifications:
        assert (await standing(world, notification.id))[0] == "sent"


async def test_a_transport_that_raises_has_told_us_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sms = await one(world, Channel.SMS)
    transport = GatedTransport(Unknown(stage="process", code="unused"))

    async def explode(_message: object) -> None:
        raise RuntimeError("a bug in a transport")

    monkeypatch.setattr(transport, "send", explode)
    raising = dispatcher(world, transport)
    await raising.turn()
    await raising.settled()
    assert (await standing(world, sms.id))[0] == "unknown"
