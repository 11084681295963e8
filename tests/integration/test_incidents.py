"""Incidents of areas: who is told what of which revision, and what becomes of what waits there."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.channel import Channel
from app.domain.event import Event
from app.domain.notification import Status
from app.domain.quiet_hours import QuietHours
from app.storage import events as event_store
from app.storage import incident_messages
from app.storage import incidents as incident_store
from app.storage import recipients as recipient_store
from app.storage.incidents import State
from tests.builders import FACILITY, NOON, OPERATOR, area_event, event
from tests.conftest import TestClock
from tests.integration.incident_stories import BOTH, OTHER_PLACE, bodies, outcome, safe_day, settle, told, waits
from tests.integration.world import World


async def test_who_has_something_waiting_there_is_told_on_both_channels(world: World) -> None:
    await waits(world, "anna")
    await world.register("basia", purposes=BOTH)
    answer = await world.accepted(area_event())
    assert answer.plan is not None
    assert (answer.notifications, answer.plan.state) == ((), State.RUNNING)
    await settle(world)
    assert await outcome(world) == [
        ("facility_unavailable", "sms", "sent", None),
        ("facility_unavailable", "email", "sent", None),
    ]
    async with world.database.read() as tx:
        (progress,) = (await incident_store.progress(tx, [answer.event])).values()
    assert (progress.state, progress.people, progress.planned) == (State.DONE, 1, 2)
    sms = bodies(world)[-1]
    assert "UP Warszawa 32" in sms
    assert "anna-1"[-6:] in sms
    for n in await told(world):
        types = await world.fact_types(n.id)
        assert types[:2] == ["notification.planned", "attempt.started"]


async def test_who_has_two_items_there_gets_one_message(world: World) -> None:
    await waits(world, "anna")
    await world.post(event("notice_left", id="second", data={"shipment": "anna-2", "recipient": "anna"}))
    await settle(world)
    await world.post(area_event())
    await settle(world)
    sent = await told(world)
    assert sorted(n.channel for n in sent) == ["email", "sms"]
    async with world.database.read() as tx:
        items = await incident_messages.items_of(tx, [n.id for n in sent])
        indexes = {event_store.shipment_index(tx, OPERATOR, name) for name in ("anna-1", "anna-2")}
    assert {frozenset(each) for each in items.values()} == {frozenset(indexes)}


async def test_nobody_is_told_without_a_consent_to_incidents_and_it_is_kept_why(world: World) -> None:
    await world.register("anna")
    await world.post(event("notice_left", data={"recipient": "anna", "shipment": "anna-1"}))
    await settle(world)
    await world.post(area_event())
    await settle(world)
    assert await outcome(world) == [
        ("facility_unavailable", "sms", "suppressed", "no_consent"),
        ("facility_unavailable", "email", "suppressed", "no_consent"),
    ]


async def test_a_closure_moves_the_safe_day_and_its_end_moves_it_back(world: World) -> None:
    shipment = await waits(world, "anna")
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 7)
    closed = {"from": "2026-12-03T00:00:00+01:00", "until": "2026-12-09T00:00:00+01:00"}
    await world.post(area_event(data=closed))
    await settle(world)
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 2)
    await world.post(area_event("resolved", revision=2))
    await settle(world)
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 7)


async def test_what_comes_to_wait_at_a_shut_place_has_the_day_that_is_left(world: World) -> None:
    closed = {"from": "2026-12-03T00:00:00+01:00", "until": "2026-12-09T00:00:00+01:00"}
    await world.post(area_event(data=closed))
    await settle(world)
    shipment = await waits(world, "anna")
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 2)


STORM: Sequence[tuple[str, int]] = (
    ("facility_unavailable", 1),
    ("facility_unavailable", 3),
    ("facility_unavailable", 2),
    ("facility_unavailable", 3),
    ("resolved", 5),
    ("facility_unavailable", 4),
)


def revision_of_storm(number: int, kind: str, revision: int) -> Event:
    until = (NOON + timedelta(days=revision)).isoformat()
    data = {} if kind == "resolved" else {"until": until}
    return area_event(kind, revision=revision, id=f"storm-{number}", data=data)


async def test_a_storm_of_revisions_tells_each_person_what_they_should_know(world: World, clock: TestClock) -> None:
    """Told of 1 and 3 and that it is over; 2, the second 3 and 4 tell nobody anything."""
    await waits(world, "anna")
    before = len(bodies(world))
    for number, (kind, revision) in enumerate(STORM):
        clock.now += timedelta(minutes=5)
        await world.post(revision_of_storm(number, kind, revision))
        await settle(world)
    assert await outcome(world) == [
        ("facility_unavailable", channel, "sent", None) for _ in (1, 3) for channel in ("sms", "email")
    ] + [("resolved", channel, "sent", None) for channel in ("sms", "email")]
    assert len(bodies(world)) == before + 3


async def test_a_storm_that_comes_at_once_tells_only_what_counts(world: World) -> None:
    """Nobody was told of what was taken back before they could be: so there is nothing that is over."""
    await waits(world, "anna")
    before = len(bodies(world))
    for number, (kind, revision) in enumerate(STORM[:4]):
        await world.post(revision_of_storm(number, kind, revision))
    await settle(world)
    assert await outcome(world) == [("facility_unavailable", channel, "sent", None) for channel in ("sms", "email")]
    for number, (kind, revision) in enumerate(STORM[4:], start=4):
        await world.post(revision_of_storm(number, kind, revision))
    await settle(world)
    assert [kind for kind, *_ in await outcome(world)] == ["facility_unavailable"] * 2 + ["resolved"] * 2
    assert len(bodies(world)) == before + 2


async def test_a_revision_that_says_the_same_tells_nobody(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event())
    await settle(world)
    await world.post(area_event(revision=2, id="same"))
    await settle(world)
    assert len(await told(world)) == 2


async def test_what_was_not_sent_yet_is_replaced_by_the_newer_revision(world: World, clock: TestClock) -> None:
    clock.now = NOON.replace(hour=20)  # at night
    await world.register("anna", purposes=BOTH, quiet_hours=QuietHours(), channels=(Channel.SMS,))
    await world.post(event("notice_left", at=clock.now, data={"recipient": "anna", "shipment": "anna-1"}))
    await settle(world)
    await world.post(area_event(at=clock.now))
    await settle(world)
    await world.post(area_event(at=clock.now, revision=2, data={"reason": "flood"}))
    await settle(world)
    sms = [(n.status, n.reason) for n in await told(world) if n.channel is Channel.SMS]
    assert sms == [(Status.CANCELLED, "superseded"), (Status.HELD, None)]
    await world.post(area_event("resolved", at=clock.now, revision=3))
    await settle(world)
    sms = [(n.status, n.reason) for n in await told(world) if n.channel is Channel.SMS]
    assert sms == [(Status.CANCELLED, "superseded")] * 2


async def test_who_collected_meanwhile_is_not_told_that_it_is_over(world: World) -> None:
    shipment = await waits(world, "anna")
    await world.post(area_event())
    await settle(world)
    at = NOON + timedelta(minutes=10)
    await world.post(event("delivered", at=at, data={"shipment": shipment, "recipient": "anna"}))
    await world.post(area_event("resolved", revision=2))
    await settle(world)
    assert (await outcome(world))[2:] == [("resolved", channel, "suppressed", "stale") for channel in ("sms", "email")]


async def test_who_is_left_out_of_a_narrower_revision_learns_that_it_concerns_them_no_more(world: World) -> None:
    await waits(world, "anna")
    await waits(world, "basia", at=OTHER_PLACE)
    both = {"scope": {"facilities": [FACILITY["id"], OTHER_PLACE["id"]]}}
    await world.post(area_event(data=both))
    await settle(world)
    assert len(await told(world)) == 4
    await world.post(area_event(revision=2, data={"scope": {"facilities": [FACILITY["id"]]}}))
    await settle(world)
    later = (await told(world))[4:]
    async with world.database.read() as tx:
        basia = await recipient_store.find(tx, OPERATOR, "basia")
    assert basia is not None
    assert {n.recipient for n in later} == {basia.id}
    assert [n.status for n in later] == [Status.SENT, Status.SENT]
    assert "UP Warszawa 4" in bodies(world)[-1]


@pytest.mark.parametrize(
    "scope",
    [
        {"facilities": ["UP-00-032"]},
        {"post_codes": ["03-7*"]},
        {"post_codes": ["03-729"]},
        {"operator_wide": True},
        {"shipments": ["anna-1"]},
    ],
)
async def test_every_kind_of_scope_finds_what_waits(world: World, scope: dict[str, Any]) -> None:
    shipment = await waits(world, "anna")
    closed = {"from": "2026-12-03T00:00:00+01:00", "until": "2026-12-09T00:00:00+01:00", "scope": scope}
    await world.post(area_event(data=closed))
    await settle(world)
    assert [(kind, channel) for kind, channel, *_ in await outcome(world)] == [
        ("facility_unavailable", "sms"),
        ("facility_unavailable", "email"),
    ]
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 2)


@pytest.mark.parametrize("scope", [{"post_codes": ["00-9*"]}, {"operator_wide": True}])
async def test_a_disruption_tells_who_lives_there_too(world: World, scope: dict[str, Any]) -> None:
    await world.register("anna", purposes=BOTH, post_codes=("00-950",))
    await world.register("nobody-there", purposes=BOTH, post_codes=("31-001",))
    await world.post(area_event("service_disruption", data={"scope": scope}))
    await settle(world)
    people = {n.recipient for n in await told(world)}
    assert len(people) == (2 if scope == {"operator_wide": True} else 1)


async def test_a_disruption_tells_the_people_of_named_shipments_that_are_under_way(world: World) -> None:
    await world.register("anna", purposes=BOTH)
    await world.register("basia", purposes=BOTH)
    for name in ("anna", "basia"):
        await world.post(event("in_transit", id=f"transit-{name}", data={"shipment": f"{name}-1", "recipient": name}))
    await world.post(
        event("delivered", at=NOON + timedelta(minutes=1), data={"shipment": "basia-1", "recipient": "basia"})
    )
    await settle(world)
    await world.post(area_event("service_disruption", data={"scope": {"shipments": ["anna-1", "basia-1", "unheard"]}}))
    await settle(world)
    sent = await told(world)
    assert [n.channel for n in sent] == ["sms", "email"]
    assert "anna-1"[-6:] in bodies(world)[-1]


async def test_nobody_gets_more_than_three_sms_about_incidents_on_one_day(world: World, clock: TestClock) -> None:
    await waits(world, "anna")
    for number in range(5):
        clock.now += timedelta(minutes=10)
        await world.post(area_event(data={"incident": f"I-{number}"}))
        await settle(world)
    outcomes = [o for number in range(5) for o in await outcome(world, f"I-{number}") if o[1] == "sms"]
    assert [status for _, _, status, _ in outcomes] == ["sent"] * 3 + ["suppressed"] * 2
    assert {reason for *_, reason in outcomes[3:]} == {"rate_limited"}


async def test_what_is_planned_far_ahead_waits_for_the_next_digest(world: World, clock: TestClock) -> None:
    await waits(world, "anna")
    ahead = {"from": "2026-12-01T08:00:00+01:00", "until": "2026-12-01T12:00:00+01:00"}
    await world.post(area_event("maintenance_planned", data=ahead | {"incident": "I-1"}))
    await settle(world)
    assert {(status, n.reason) for n in await told(world, "I-1") for status in [n.status]} == {(Status.HELD, None)}
    await world.post(area_event("maintenance_planned", data=ahead | {"incident": "I-2"}))
    await settle(world)
    clock.now += timedelta(hours=5)
    before = len(bodies(world))
    await settle(world)
    assert len(bodies(world)) == before + 1
    first, second = [[n for n in await told(world, name) if n.channel is Channel.SMS] for name in ("I-1", "I-2")]
    assert [n.status for n in first] == [Status.SENT]
    assert [(n.status, n.reason, n.merged_into) for n in second] == [(Status.SUPPRESSED, "merged", first[0].id)]
    assert await world.fact_types(second[0].id) == ["notification.held", "notification.suppressed"]


async def test_what_comes_while_a_message_waits_for_others_leaves_with_it(world: World, clock: TestClock) -> None:
    await waits(world, "anna")
    before = len(bodies(world))
    await world.post(area_event(data={"incident": "I-1"}))
    await world.tell(digest_seconds=60)
    clock.now += timedelta(seconds=50)
    await world.post(area_event(data={"incident": "I-2"}))
    await world.tell(digest_seconds=60)
    clock.now += timedelta(seconds=10)
    await settle(world)
    assert len(bodies(world)) == before + 1
    assert {n.reason for n in await told(world, "I-2")} == {"merged"}


async def test_a_repeat_is_answered_with_how_far_it_is_told(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event())
    again = await world.accepted(area_event())
    assert (again.status, again.plan and again.plan.state) == ("duplicate", State.RUNNING)
    await settle(world)
    again = await world.accepted(area_event())
    assert again.plan is not None
    assert (again.plan.state, again.plan.planned, again.notifications) == (State.DONE, 2, ())
