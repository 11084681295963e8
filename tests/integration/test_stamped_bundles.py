"""Bundles carry the time stamps that speak for their facts, and both verifiers read them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.rfc3161_timestamp import Rfc3161Timestamper
from app.cli.stamp_checking import stamp_checker
from app.evidence.verifier import Check, Outcome, Verdict, parse_vkey, verify_bundle
from app.merkle.note import NoteSignature, signature_line
from app.storage import cosignatures, log
from app.usecases.stamp_log import Stamper
from tests.builders import event
from tests.conftest import TestClock
from tests.doubles.tsa import TsaServer, new_authority
from tests.integration.world import World, signer_for
from tests.second_verifier import verify

AUTHORITY = new_authority()


@pytest.fixture
async def stamper(world: World) -> AsyncIterator[Stamper]:
    async with TsaServer(AUTHORITY) as server:
        authority = Rfc3161Timestamper(server.url, ca_certificates=AUTHORITY.root_pem, timeout_seconds=5.0)
        stamper = Stamper(world.database, authority, surroundings=world.surroundings)
        yield stamper
        await stamper.close()


async def notified(world: World) -> UUID:
    """A notification that was sent and sealed."""
    await world.register()
    notification = (await world.accepted(event())).notifications[0].id
    await world.dispatch()
    await world.seal()
    return notification


async def judged(world: World, notification: UUID) -> Check:
    """What is said of the stamps by a verifier who trusts the authority; the bundle holds for both verifiers."""
    bundle = await world.bundle(notification)
    verdict = verify(bundle, world.vkeys)
    assert verdict.accepted, verdict.reason
    report = verify_bundle(
        bundle, vkeys=[parse_vkey(vkey) for vkey in world.vkeys], stamps=stamp_checker([AUTHORITY.root_pem])
    )
    assert report.verdict is Verdict.VERIFIED
    return next(check for check in report.checks if check.name == "timestamps")


async def test_a_stamp_after_all_facts_says_by_when_they_existed(world: World, stamper: Stamper) -> None:
    notification = await notified(world)
    assert "no time stamp" in (await judged(world, notification)).sentence
    await stamper.turn()
    check = await judged(world, notification)
    assert check.outcome is Outcome.HOLDS
    assert check.sentence.startswith("All facts existed at 2026-11-23T11:00:00.000Z, says CN=Time")


async def test_the_stamp_stays_while_the_log_grows(world: World, stamper: Stamper, clock: TestClock) -> None:
    notification = await notified(world)
    await stamper.turn()
    first = json.loads(await world.bundle(notification))["timestamps"]
    await world.register("somebody else")
    await world.seal()
    clock.forward(hours=1)
    assert await stamper.turn() == 1
    (later,) = json.loads(await world.bundle(notification))["timestamps"]
    assert (later["note"], later["tsr"]) == (first[0]["note"], first[0]["tsr"])
    assert first[0]["consistency"] == []
    assert later["consistency"] != []
    assert (await judged(world, notification)).outcome is Outcome.HOLDS


async def test_a_stamp_before_some_facts_speaks_for_the_others(world: World, stamper: Stamper) -> None:
    await world.register()
    notification = (await world.accepted(event())).notifications[0].id
    await world.seal()
    await stamper.turn()
    await world.dispatch()
    await world.seal()
    check = await judged(world, notification)
    assert check.outcome is Outcome.NOT_VOUCHED
    assert "the others are younger" in check.sentence


async def test_a_stamp_on_a_larger_tree_than_the_cosigned_one_is_led_to(
    world: World, stamper: Stamper, clock: TestClock
) -> None:
    """Bundles prefer a cosigned checkpoint; the first stamp may come after that."""
    notification = await notified(world)
    async with world.database.write() as tx:
        newest = await log.newest_checkpoint(tx)
        assert newest is not None
        line = signature_line(NoteSignature("witness.test/w", b"\x04\x04\x04\x04", bytes(72)))
        await cosignatures.keep(
            tx, shard=newest.shard, size=newest.size, witness="witness.test/w", line=line, now=clock()
        )
    await world.register("somebody else")
    await world.seal()
    await stamper.turn()
    check = await judged(world, notification)
    assert check.outcome is Outcome.HOLDS
    bundle = json.loads(await world.bundle(notification))
    assert f"\n{newest.size}\n" in bundle["facts"][0]["proof"]
    (stamp,) = bundle["timestamps"]
    assert int(stamp["note"].split("\n")[1]) > newest.size
    assert stamp["consistency"] != []


async def test_a_chain_across_the_half_year_carries_a_stamp_of_each_shard(
    world: World, stamper: Stamper, clock: TestClock
) -> None:
    clock.now = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    await world.register()
    at = clock.now - timedelta(minutes=1)
    notification = (await world.accepted(event(at=at))).notifications[0].id
    await world.seal()
    clock.forward(hours=14)
    await world.register("somebody else")
    await world.seal()  # the first facts of the new half-year end one shard and open the next
    assert await world.dispatch() > 0
    await world.seal()
    assert await stamper.turn() == 2
    assert await stamper.turn() == 0
    for name in ("awizo.test/log/2027h1", "awizo.test/log/2027h1/statements"):
        world.vkeys.append(signer_for(name).vkey)
    stamps = json.loads(await world.bundle(notification))["timestamps"]
    assert [stamp["note"].split("\n")[0] for stamp in stamps] == [
        f"awizo.test/log/{half}" for half in ("2026h2", "2027h1")
    ]
    assert (await judged(world, notification)).outcome is Outcome.HOLDS
