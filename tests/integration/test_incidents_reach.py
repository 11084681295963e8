"""Incidents of areas: nobody is told too much, too little, twice, or something that is not so."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.notification import Status
from app.domain.quiet_hours import QuietHours
from app.storage import events as event_store
from app.storage import incident_messages
from app.storage import incidents as incident_store
from app.storage.incidents import State
from app.usecases.tell_incidents import tell_incidents
from tests.builders import FACILITY, NOON, OPERATOR, area_event, event
from tests.conftest import TestClock
from tests.doubles.sms_gateway import Accept, refusal
from tests.doubles.smtp_server import Say
from tests.integration.explained import explained
from tests.integration.incident_stories import BOTH, OTHER_PLACE, bodies, settle, told, waits
from tests.integration.world import World

HERE, BOTH_PLACES = {"facilities": [FACILITY["id"]]}, {"facilities": [FACILITY["id"], OTHER_PLACE["id"]]}
UNTIL = (NOON + timedelta(days=3)).isoformat()


async def sms_told(world: World, incident: str = "I-7") -> list[tuple[str, str, str | None]]:
    return [(n.kind, n.status, n.reason) for n in await told(world, incident) if n.channel is Channel.SMS]


async def test_an_end_that_is_reported_again_tells_nobody_again(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event())
    await settle(world)
    await world.post(area_event("resolved", revision=2))
    await settle(world)
    await world.post(area_event("resolved", revision=3))
    await settle(world)
    assert [kind for kind, *_ in await sms_told(world)] == ["facility_unavailable", "resolved"]


async def test_who_was_told_that_it_concerns_them_no_more_is_not_told_so_again(world: World) -> None:
    await waits(world, "anna", at=OTHER_PLACE)
    await world.post(area_event(data={"scope": BOTH_PLACES}))
    await settle(world)
    await world.post(area_event(revision=2, data={"scope": HERE}))
    await settle(world)
    await world.post(area_event(revision=3, data={"scope": HERE, "until": UNTIL}))
    await settle(world)
    await world.post(area_event("resolved", revision=4, data={"scope": HERE}))
    await settle(world)
    assert len(await sms_told(world)) == 2


async def test_who_is_left_out_and_taken_in_again_is_told_so(world: World) -> None:
    await waits(world, "anna", at=OTHER_PLACE)
    for revision, scope in enumerate((BOTH_PLACES, HERE, BOTH_PLACES), start=1):
        await world.post(area_event(revision=revision, data={"scope": scope}))
        await settle(world)
    assert len(await sms_told(world)) == 3
    assert [n.status for n in await told(world)] == [Status.SENT] * 6
    first, _, again = [body for body in bodies(world) if "UP Warszawa 4" in body][-3:]
    assert again == first


async def test_who_has_an_item_at_a_place_that_is_added_is_told_of_that(world: World) -> None:
    await waits(world, "anna")
    await world.post(event(id="other", data={"shipment": "anna-2", "recipient": "anna", "facility": OTHER_PLACE}))
    await settle(world)
    await world.post(area_event(data={"scope": HERE}))
    await settle(world)
    await world.post(area_event(revision=2, data={"scope": BOTH_PLACES}))
    await settle(world)
    assert len(await sms_told(world)) == 2
    assert "UP Warszawa 4" in bodies(world)[-1]


async def test_news_of_an_item_leaves_the_news_of_its_shut_place_alone(world: World, clock: TestClock) -> None:
    clock.now = NOON.replace(hour=20)  # at night
    await world.register("anna", purposes=BOTH, quiet_hours=QuietHours(), channels=(Channel.SMS,))
    await world.post(event(at=clock.now, data={"recipient": "anna", "shipment": "anna-1"}))
    await settle(world)
    await world.post(area_event(at=clock.now))
    await settle(world)
    clock.now += timedelta(minutes=10)
    again: dict[str, Any] = {"recipient": "anna", "shipment": "anna-1"}
    await world.post(event("ready_for_pickup", at=clock.now, data=again))
    await settle(world)
    assert await sms_told(world) == [("facility_unavailable", Status.HELD, None)]


async def test_a_message_that_failed_for_now_is_tried_again_although_a_revision_says_the_same(
    world: World, clock: TestClock
) -> None:
    await waits(world, "anna", channels=(Channel.SMS,))
    before = len(bodies(world))
    await world.post(area_event())
    await world.tell()
    world.gateway.behave = lambda _: refusal(429, 20429)
    claimed = await world.sms.turn()  # on its way
    assert claimed == 1
    await world.post(area_event(revision=2))
    await world.tell()
    await world.sms.settled()
    world.gateway.behave = lambda _: Accept()
    clock.now += timedelta(minutes=1)
    await settle(world)
    assert len([n for n in await told(world) if n.status is Status.SENT and n.channel is Channel.SMS]) == 1
    assert len(bodies(world)) == before + 2


async def test_what_another_message_was_to_tell_is_told_when_that_one_is_replaced(
    world: World, clock: TestClock
) -> None:
    await waits(world, "anna", channels=(Channel.EMAIL,), consents=(Channel.EMAIL,))
    await world.post(area_event(data={"incident": "I-1"}), area_event(data={"incident": "I-2"}))
    await world.tell()
    world.mail.act = lambda stage, _: Say(reply="451 4.3.0 not now") if stage == "mail" else None
    await world.dispatch()
    await world.post(area_event("resolved", revision=2, data={"incident": "I-1"}))
    await world.tell()
    world.mail.act = lambda *_: None
    clock.now += timedelta(minutes=5)
    await settle(world)
    mails = [n for n in await told(world, "I-2") if n.channel is Channel.EMAIL]
    assert [n.status for n in mails].count(Status.SENT) == 1


async def test_what_another_message_was_to_tell_is_told_when_that_one_comes_too_late(
    world: World, clock: TestClock
) -> None:
    await waits(world, "anna", channels=(Channel.EMAIL,), consents=(Channel.EMAIL,))
    soon = (NOON + timedelta(hours=2)).isoformat()
    await world.post(area_event(data={"incident": "I-1", "until": soon}), area_event(data={"incident": "I-2"}))
    await world.tell()
    world.mail.act = lambda stage, _: Say(reply="451 4.3.0 not now") if stage == "mail" else None
    await world.dispatch()
    world.mail.act = lambda *_: None
    clock.now += timedelta(hours=3)
    await settle(world)
    await settle(world)
    mails = [n for n in await told(world, "I-2") if n.channel is Channel.EMAIL]
    assert [n.status for n in mails].count(Status.SENT) == 1


async def test_every_named_shipment_of_a_person_is_told_of_however_many_are_named(world: World) -> None:
    await world.register("anna", purposes=BOTH)
    for number in (1, 2):
        data = {"shipment": f"anna-{number}", "recipient": "anna"}
        await world.post(event("in_transit", id=f"transit-{number}", data=data))
    named = ["anna-1", *(f"other-{number}" for number in range(60)), "anna-2"]
    await world.post(area_event("service_disruption", data={"scope": {"shipments": named}}))
    await settle(world)
    async with world.database.read() as tx:
        items = await incident_messages.items_of(tx, [n.id for n in await told(world)])
    assert {len(each) for each in items.values()} == {2}


async def test_a_named_shipment_of_nobody_makes_no_others_of_nobody_be_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        await world.post(
            event("in_transit", id=f"transit-{number}", data={"shipment": f"S-{number}", "recipient": None})
        )
    looked_at: list[set[bytes]] = []

    async def milestones(tx: Any, shipments: Any) -> Any:
        looked_at.append(set(shipments))
        return await known(tx, shipments)

    known = event_store.milestones
    monkeypatch.setattr(event_store, "milestones", milestones)
    answer = await world.accepted(area_event("service_disruption", data={"scope": {"shipments": ["S-1"]}}))
    await world.tell()
    async with world.database.read() as tx:
        (progress,) = (await incident_store.progress(tx, [answer.event])).values()
        assert set().union(*looked_at) == {event_store.shipment_index(tx, OPERATOR, "S-1")}
    assert (progress.state, progress.people) == (State.DONE, 0)


async def test_places_where_nobody_waits_are_passed_many_at_once(world: World) -> None:
    await waits(world, "anna")
    places = [*(f"F-{number}" for number in range(60)), FACILITY["id"]]
    await world.post(area_event(data={"scope": {"facilities": places}}))
    turns = 0
    while await world.database.transact(partial(tell_incidents, surroundings=world.surroundings, digest_seconds=0)):
        turns += 1
    assert turns < 10
    await settle(world)
    assert [kind for kind, *_ in await sms_told(world)] == ["facility_unavailable"]


async def test_what_counts_of_an_incident_is_found_by_its_operator_and_name(world: World) -> None:
    async with world.database.read() as tx:
        plan = await explained(tx, incident_store.newest(tx, [(OPERATOR, "I-7")]))
    assert "ix_incidents_name" in plan
    assert "operator" in plan


async def test_one_message_tells_of_more_incidents_than_a_day_has_messages(world: World) -> None:
    await waits(world, "anna", channels=(Channel.EMAIL,), consents=(Channel.EMAIL,))
    await world.post(*(area_event(data={"incident": f"I-{number}"}) for number in range(9)))
    await settle(world)
    mails = [n for number in range(9) for n in await told(world, f"I-{number}") if n.channel is Channel.EMAIL]
    assert [n.status for n in mails].count(Status.SENT) == 1
    assert {n.reason for n in mails} == {None, "merged"}


async def test_what_does_not_fit_into_the_messages_of_a_day_is_kept_with_its_reason(world: World) -> None:
    await waits(world, "anna", channels=(Channel.SMS,), consents=(Channel.SMS,))
    before = len(bodies(world))
    names = [f"I-{number}" for number in range(40)]
    await world.post(*(area_event(data={"incident": name}) for name in names))
    await settle(world)
    sms = [found for name in names for found in await sms_told(world, name)]
    assert len(bodies(world)) - before == [status for _, status, _ in sms].count(Status.SENT) <= 3
    assert {reason for _, _, reason in sms} <= {None, "merged", "rate_limited"}
