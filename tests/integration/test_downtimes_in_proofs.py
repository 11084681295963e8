"""A proof names our own downtimes in the time that its facts speak of, and verifies everywhere as before."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.domain.duty import Duty
from app.evidence.limits import LIMITS
from app.evidence.verifier import Verdict, parse_vkey, verify_bundle
from app.storage.tables import facts, leaves
from app.usecases.prove_notification import DOWNTIMES_NAMED
from tests.builders import NOON, event
from tests.conftest import TestClock
from tests.integration.duty_watching import Watched, seconds
from tests.integration.world import World
from tests.second_verifier import verify


@pytest.fixture
def watched(world: World) -> Watched:
    return Watched(database=world.database, surroundings=world.surroundings)


async def told(world: World, *, happened_at: datetime = NOON, waited: timedelta = timedelta(0)) -> UUID:
    """A notification whose event came in just now, and that is sent after a while."""
    await world.register()
    notification = (await world.accepted(event(at=happened_at))).notifications[0]
    clock = world.surroundings.clock
    assert isinstance(clock, TestClock)
    clock.now += waited
    await world.dispatch()
    return notification.id


async def limits(world: World, notification: UUID) -> str:
    """The member of a bundle that both verifiers accept."""
    await world.seal()
    bundle = await world.bundle(notification)
    assert verify(bundle, world.vkeys).accepted
    assert verify_bundle(bundle, vkeys=[parse_vkey(key) for key in world.vkeys]).verdict is Verdict.VERIFIED
    said: str = json.loads(bundle)["limits"]
    return said


async def test_a_proof_that_no_downtime_touches_says_what_it_always_said(world: World, watched: Watched) -> None:
    await watched.report(Duty.SMS, *seconds(-300, -100))
    notification = await told(world)
    await watched.report(Duty.SEAL, *seconds(100, 300))
    assert await limits(world, notification) == LIMITS


async def test_a_downtime_between_the_event_and_the_last_fact_is_named_with_its_place(
    world: World, watched: Watched
) -> None:
    await watched.report(Duty.SMS, *seconds(10, 250))
    notification = await told(world, waited=timedelta(minutes=5))
    said = await limits(world, notification)
    (down,) = await watched.downtimes()
    assert down.shard == "2026h2"
    assert said.startswith(LIMITS)
    assert said.endswith(
        "sms could not be dispatched from 2026-11-23T11:00:10.000Z to 2026-11-23T11:04:10.000Z "
        f"(sealed in shard 2026h2 at index {down.index})."
    )
    assert (await document_at(world, down.index))["data"]["detail"] in said


async def document_at(world: World, index: int | None) -> dict[str, Any]:
    query = select(facts.c.document).join(leaves, leaves.c.fact_id == facts.c.id).where(leaves.c.leaf_index == index)
    async with world.database.read() as tx:
        document: dict[str, Any] = json.loads((await tx.execute(query)).scalar_one())
    return document


@pytest.mark.parametrize("opened", [frozenset(), None])
async def test_one_changed_word_about_a_downtime_is_noticed(
    world: World, watched: Watched, opened: frozenset[str] | None
) -> None:
    await watched.report(Duty.SMS, *seconds(10, 250))
    notification = await told(world, waited=timedelta(minutes=5))
    await world.seal()
    bundle = await world.bundle(notification, opened)
    assert verify(bundle, world.vkeys).accepted
    changed = bundle.replace(b"sms could not be dispatched", b"sms could now be dispatched")
    assert changed != bundle
    assert not verify(changed, world.vkeys).accepted
    report = verify_bundle(changed, vkeys=[parse_vkey(key) for key in world.vkeys])
    assert report.verdict is Verdict.REFUSED


async def test_downtimes_that_only_touch_the_ends_are_not_named(world: World, watched: Watched) -> None:
    notification = await told(world, happened_at=NOON)
    chain = await world.facts(notification)
    last = datetime.fromisoformat(chain[-1]["at"])
    await watched.report(Duty.ACCEPT, timedelta(minutes=-5), timedelta(0))
    await watched.report(Duty.SMS, last - NOON, timedelta(minutes=5))
    assert await limits(world, notification) == LIMITS
    await watched.report(Duty.SEAL, timedelta(minutes=-5), last - NOON)
    assert "facts could not be sealed" in await limits(world, notification)


async def test_when_events_could_not_be_accepted_it_counts_from_when_they_happened(
    world: World, watched: Watched
) -> None:
    await watched.report(Duty.ACCEPT, *seconds(-1800, -60))
    await watched.report(Duty.SMS, *seconds(-1800, -60))
    notification = await told(world, happened_at=NOON - timedelta(minutes=20))
    said = await limits(world, notification)
    assert "events could not be accepted from 2026-11-23T10:30:00.000Z to 2026-11-23T10:59:00.000Z" in said
    assert "sms could" not in said


async def test_a_downtime_that_began_before_and_ended_after_is_named(world: World, watched: Watched) -> None:
    notification = await told(world)
    await watched.report(Duty.SEAL, *seconds(-300, 300))
    assert "facts could not be sealed from 2026-11-23T10:55:00.000Z" in await limits(world, notification)


async def test_of_many_downtimes_the_first_are_named_in_order_and_the_others_counted(
    world: World, watched: Watched
) -> None:
    await watched.report(Duty.SMS, *seconds(*range(0, 3001, 100)))
    await watched.report(Duty.EMAIL, *seconds(50, 150))
    notification = await told(world, waited=timedelta(seconds=2450))
    said = await limits(world, notification)
    named = re.findall(r"(sms|email) could not be dispatched from \S+ to (\S+) \(sealed in shard 2026h2 at index", said)
    assert len(named) == DOWNTIMES_NAMED
    assert [end for _, end in named] == sorted(end for _, end in named)
    assert {duty for duty, _ in named} == {"sms", "email"}
    assert said.endswith(f"; {25 + 1 - DOWNTIMES_NAMED} more, which the log holds as well.")


async def test_a_downtime_that_is_not_published_yet_is_named_without_a_place(world: World, watched: Watched) -> None:
    notification = await told(world)
    await world.seal()
    await watched.report(Duty.SEAL, *seconds(-300, 300))
    bundle = await world.bundle(notification)
    assert verify(bundle, world.vkeys).accepted
    assert json.loads(bundle)["limits"].endswith("(not sealed yet).")
