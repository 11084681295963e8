"""Incidents of areas while other things happen: kills, several workers, newer revisions, people who change."""

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.channel import Channel
from app.domain.merge import ConsentAct, WantedContact
from app.domain.notification import Status
from app.domain.quiet_hours import QuietHours
from app.storage import incidents as incident_store
from app.storage import recipients as recipient_store
from app.storage.incidents import State
from app.storage.tables import incident_areas, recipient_keys, stays
from app.usecases import tell_incidents as telling
from app.usecases.erase_recipient import erase_recipient
from app.usecases.read_shipment import read_shipment
from app.usecases.tell_incidents import tell_incidents
from tests.builders import FACILITY, NOON, OPERATOR, area_event, event
from tests.conftest import TestClock
from tests.integration.incident_stories import BOTH, OTHER_PLACE, bodies, safe_day, settle, told, waits
from tests.integration.world import World

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

PEOPLE = ("anna", "basia", "celina", "dorota", "ewa")
CLOSED = {"from": "2026-12-03T00:00:00+01:00", "until": "2026-12-09T00:00:00+01:00"}


class KilledError(Exception):
    """The process is gone, and its transaction with it."""


async def tell_once(world: World) -> int:
    return await world.database.transact(partial(tell_incidents, surroundings=world.surroundings, digest_seconds=0))


async def tell_and_die(world: World) -> None:
    async def dying(tx: Any) -> None:
        await tell_incidents(tx, surroundings=world.surroundings, digest_seconds=0)
        raise KilledError

    with pytest.raises(KilledError):
        await world.database.transact(dying)


async def per_person(world: World, incident: str = "I-7") -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for n in await told(world, incident):
        if n.channel is Channel.SMS and n.status is Status.SENT:
            counts[n.recipient] = counts.get(n.recipient, 0) + 1
    return counts


@pytest.mark.parametrize(
    "scope", [{"facilities": [FACILITY["id"]]}, {"post_codes": ["03-7*"]}, {"operator_wide": True}]
)
async def test_a_worker_that_dies_at_every_batch_tells_each_person_once(
    world: World, monkeypatch: pytest.MonkeyPatch, scope: dict[str, Any]
) -> None:
    monkeypatch.setattr(telling, "BATCH_MAX", 2)
    for name in PEOPLE:
        await waits(world, name)
    answer = await world.accepted(area_event(data={"scope": scope}))
    await tell_and_die(world)
    while await tell_once(world):
        await tell_and_die(world)
    await settle(world)
    assert list((await per_person(world)).values()) == [1] * len(PEOPLE)
    async with world.database.read() as tx:
        (progress,) = (await incident_store.progress(tx, [answer.event])).values()
    assert (progress.state, progress.planned) == (State.DONE, 2 * len(PEOPLE))


async def test_several_workers_at_several_incidents_tell_each_person_once_of_each(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH_MAX", 2)
    for name in PEOPLE:
        await waits(world, name)
    await world.post(*(area_event(data={"incident": f"I-{number}"}) for number in range(3)))
    await asyncio.gather(*(world.tell() for _ in range(4)))
    for number in range(3):
        assert len(await told(world, f"I-{number}")) == 2 * len(PEOPLE)


async def test_a_revision_that_comes_while_the_people_are_gone_through_reaches_all_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH_MAX", 2)
    for name in PEOPLE:
        await waits(world, name)
    first = await world.accepted(area_event())
    await tell_once(world)
    while await world.dispatch():
        pass
    await world.post(area_event(revision=2, data={"reason": "flood"}))
    await settle(world)
    assert sorted((await per_person(world)).values()) == [1, 1, 1, 2, 2]
    async with world.database.read() as tx:
        (progress,) = (await incident_store.progress(tx, [first.event])).values()
    assert (progress.state, progress.people) == (State.SUPERSEDED, 2)


async def test_a_message_that_was_planned_does_not_leave_once_a_newer_revision_is_known(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event())
    await world.tell()
    before = len(bodies(world))
    await world.post(area_event(revision=2, data={"reason": "flood"}))
    await world.dispatch()
    assert len(bodies(world)) == before
    await settle(world)
    sms = [(n.status, n.reason) for n in await told(world) if n.channel is Channel.SMS]
    assert sms == [(Status.CANCELLED, "superseded"), (Status.SENT, None)]


async def test_several_revisions_in_one_batch_tell_the_last_that_counts(world: World) -> None:
    await waits(world, "anna")
    until = {"until": (NOON + timedelta(days=3)).isoformat()}
    await world.post(area_event(), area_event("resolved", revision=3), area_event(revision=4, data=until))
    await world.post(area_event(revision=2))
    await settle(world)
    assert [(n.kind, n.channel, n.status) for n in await told(world)] == [
        ("facility_unavailable", channel, Status.SENT) for channel in ("sms", "email")
    ]


async def test_of_many_revisions_in_one_batch_only_the_last_keeps_whom_it_touches(world: World) -> None:
    places = {"scope": {"facilities": [f"F-{number}" for number in range(20)]}}
    await world.post(area_event(data=places), *(area_event(revision=later) for later in range(2, 30)))
    async with world.database.read() as tx:
        rows = (await tx.execute(select(func.count()).select_from(incident_areas))).scalar_one()
    assert rows == 1


async def test_an_end_of_what_nobody_heard_of_tells_nobody(world: World) -> None:
    await waits(world, "anna")
    await world.post(area_event("resolved", data={"scope": {"operator_wide": True}}))
    await settle(world)
    assert await told(world) == []


async def test_one_damaged_person_stops_nobody_else_from_being_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH_MAX", 2)
    for name in PEOPLE:
        await waits(world, name)
    async with world.database.write() as tx:
        record = await recipient_store.find(tx, OPERATOR, "basia")
        other = await recipient_store.find(tx, OPERATOR, "dorota")
        assert record is not None
        assert other is not None
        row = recipient_keys.c.recipient_id == record.id
        await tx.execute(update(recipient_keys).where(row).values(wrapped_key=bytes(60)))
        await tx.execute(update(stays).where(stays.c.recipient_id == other.id).values(known=bytes(60)))
    answer = await world.accepted(area_event())
    await settle(world)
    assert record.id not in await per_person(world)
    assert len(await per_person(world)) == 3  # nobody can read what waits for the other one
    async with world.database.read() as tx:
        (progress,) = (await incident_store.progress(tx, [answer.event])).values()
    assert progress.state is State.DONE


async def test_who_is_erased_meanwhile_is_not_told(world: World) -> None:
    await waits(world, "anna")
    await waits(world, "basia")
    await world.post(area_event())
    await world.database.transact(
        lambda tx: erase_recipient(tx, OPERATOR, "anna", actor="key", surroundings=world.surroundings)
    )
    await settle(world)
    assert list((await per_person(world)).values()) == [1]


async def test_who_agrees_after_a_revision_is_told_everything_by_the_next(world: World) -> None:
    await world.register("anna", channels=(Channel.SMS,))
    await world.post(event(data={"recipient": "anna", "shipment": "anna-1"}))
    await settle(world)
    await world.post(area_event())
    await settle(world)
    agreed = ConsentAct(channel=Channel.SMS, purpose=BOTH[1], granted=True, at=NOON, method="counter", text_version="1")
    await world.put("anna", consents=(agreed,))
    await world.post(area_event(revision=2))
    await settle(world)
    sms = [(n.status, n.reason) for n in await told(world) if n.channel is Channel.SMS]
    assert sms == [(Status.SUPPRESSED, "no_consent"), (Status.SENT, None)]


async def test_a_second_telephone_is_told_what_the_first_one_was(world: World) -> None:
    await waits(world, "anna", channels=(Channel.SMS,), consents=(Channel.SMS,))
    await world.post(area_event())
    await settle(world)
    points = tuple(
        WantedContact(channel=Channel.SMS, value=value, verified=True, method="counter")
        for value in ("+48600100200", "+48600100201")
    )
    await world.put("anna", contact_points=points)
    await world.post(area_event(revision=2))
    await settle(world)
    reached = [sms.form["To"] for sms in world.gateway.journal if "UP Warszawa 32" in sms.form["Body"]]
    assert reached.count("+48600100201") == 1


async def test_the_news_of_a_place_that_is_shut_twice_stays_when_one_of_them_ends(world: World) -> None:
    shipment = await waits(world, "anna")
    await world.post(area_event(data=CLOSED | {"incident": "I-1"}))
    await world.post(area_event(data=CLOSED | {"incident": "I-2", "scope": {"post_codes": ["03-72*"]}}))
    await settle(world)
    await world.post(area_event("resolved", revision=2, data={"incident": "I-1"}))
    await settle(world)
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 2)
    await world.post(area_event("resolved", revision=2, data={"incident": "I-2"}))
    await settle(world)
    assert await safe_day(world, "anna", shipment) == date(2026, 12, 7)


async def test_who_waits_elsewhere_by_now_is_not_told_that_the_old_place_is_open_again(world: World) -> None:
    shipment = await waits(world, "anna")
    await world.post(area_event())
    await settle(world)
    moved = {"shipment": shipment, "recipient": "anna", "change": "redirected", "facility": OTHER_PLACE}
    await world.post(event("terms_changed", at=NOON + timedelta(minutes=5), data=moved))
    await world.post(area_event("resolved", revision=2))
    await settle(world)
    sms = [(n.kind, n.status, n.reason) for n in await told(world) if n.channel is Channel.SMS]
    assert sms[1:] == [("resolved", Status.SUPPRESSED, "stale")]


@pytest.mark.parametrize("length", range(1, 6))
@pytest.mark.parametrize("spelt", ["03-729", "aB cDe"])
async def test_a_beginning_of_a_post_code_of_any_length_finds_it(world: World, length: int, spelt: str) -> None:
    await waits(world, "anna", at=FACILITY | {"post_code": spelt})
    await waits(world, "basia", at=OTHER_PLACE | {"post_code": "99-999"})
    area = spelt.replace("-", "").replace(" ", "").lower()[:length] + "*"
    await world.post(area_event(data={"scope": {"post_codes": [area]}}))
    await settle(world)
    assert len(await per_person(world)) == 1


async def test_no_open_day_is_an_anomaly_of_the_shipment_and_reminders_follow_the_days(world: World) -> None:
    shipment = await waits(world, "anna")
    await world.post(area_event(data={"from": "2026-11-23T12:00:00+01:00", "until": None}))
    await settle(world)
    assert await safe_day(world, "anna", shipment) is None
    async with world.database.read() as tx:
        answer = await read_shipment(tx, OPERATOR, shipment, now=world.surroundings.clock())
    assert answer is not None
    assert "no_open_day" in {finding.code for finding in answer.anomalies}
    assert not [coming for coming in answer.plan if coming.at > world.surroundings.clock()]
    await world.post(area_event("resolved", revision=2))
    await settle(world)
    async with world.database.read() as tx:
        answer = await read_shipment(tx, OPERATOR, shipment, now=world.surroundings.clock())
    assert answer is not None
    assert len(answer.plan) > 0


async def test_a_night_of_revisions_is_one_message_in_the_morning(world: World, clock: TestClock) -> None:
    clock.now = NOON.replace(hour=20)
    await world.register("anna", purposes=BOTH, quiet_hours=QuietHours(), channels=(Channel.SMS,))
    await world.post(event(at=clock.now, data={"recipient": "anna", "shipment": "anna-1"}))
    await settle(world)
    for revision in range(1, 5):
        reason = "power" if revision % 2 else "flood"
        await world.post(area_event(at=clock.now, revision=revision, data={"reason": reason}))
        await settle(world)
    clock.now += timedelta(hours=13)
    await settle(world)
    assert list((await per_person(world)).values()) == [1]


async def test_news_and_revisions_in_one_batch_meet_the_workers_that_tell_and_send(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH_MAX", 2)
    for name in PEOPLE:
        await waits(world, name)
    reasons = ("power", "flood", "strike", "fire")
    for revision, reason in enumerate(reasons, start=1):
        news = [
            event(id=f"more-{name}-{revision}", data={"shipment": f"{name}-{revision + 1}", "recipient": name})
            for name in PEOPLE
        ]
        revised = area_event(revision=revision, data={"reason": reason})
        await asyncio.gather(world.tell(), world.post(*news, revised), world.tell(), world.remind(), world.dispatch())
    await settle(world)
    newest = max(n.event for n in await told(world) if n.event)
    last = [n for n in await told(world) if n.event == newest and n.channel is Channel.EMAIL]
    assert [n.status for n in last] == [Status.SENT] * len(PEOPLE)
    assert len({n.recipient for n in last}) == len(PEOPLE)


async def test_an_incident_that_cannot_be_told_keeps_no_other_from_being_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waits(world, "anna")
    await world.post(area_event(data={"incident": "I-1"}))
    await world.post(area_event("service_disruption", data={"incident": "I-2"}))
    come = telling.come_by

    async def stumbling(tx: Any, job: incident_store.Job, **named: Any) -> Any:
        if job.revision.name == "I-1":
            raise ValueError("something about it is odd")
        return await come(tx, job, **named)

    monkeypatch.setattr(telling, "come_by", stumbling)
    with pytest.raises(ValueError, match="odd"):
        await tell_once(world)
    await world.database.transact(partial(telling.put_off_incident, surroundings=world.surroundings))
    with pytest.raises(ValueError, match="odd"):
        await world.tell()
    assert len(await told(world, "I-2")) == 2


async def test_a_large_incident_lets_others_have_their_turn(world: World) -> None:
    for name in ("anna", "basia", "celina"):
        await waits(world, name)
    await world.post(area_event(data={"incident": "I-1"}))
    await world.post(area_event("service_disruption", data={"incident": "I-2"}))
    for _ in range(2):
        await tell_once(world)
    async with world.database.read() as tx:
        known = [await incident_store.revisions(tx, OPERATOR, name) for name in ("I-1", "I-2")]
        found = await incident_store.progress(tx, [event_id for revisions in known for event_id in revisions])
        people = [each.people for each in found.values()]
    assert min(people) > 0
