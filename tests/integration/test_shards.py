"""The log is cut into half-years, each linked to the one before; chains and proofs go on across the cut."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.merkle.checkpoint import parse_checkpoint
from app.merkle.note import parse_note
from app.ports import Surroundings
from app.storage import log
from app.storage.database import Database
from app.storage.log import TreeHead
from app.usecases import seal_log
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.sealed import sealed_facts
from tests.integration.world import ORIGIN_BASE, World, signer_for
from tests.second_verifier import verify

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return new_ledger(database, surroundings, tmp_path)


async def heads(ledger: Ledger) -> list[TreeHead]:
    async with ledger.database.read() as tx:
        return await log.heads(tx)


async def test_the_first_fact_of_a_half_year_goes_into_a_new_shard(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(5)
    clock.now = NEW_YEAR - timedelta(seconds=1)
    await ledger.seal(1)
    assert [head.shard for head in await heads(ledger)] == ["2026h2"]
    clock.now = NEW_YEAR
    await ledger.seal(3)
    old, new = await heads(ledger)
    assert (old.shard, old.range.size, old.closed_at is not None) == ("2026h2", 1 + 5 + 1 + 1, True)
    assert (new.shard, new.origin, new.range.size) == ("2027h1", f"{ORIGIN_BASE}/2027h1", 1 + 3)
    await ledger.seal(2)
    assert (await heads(ledger))[1].range.size == 6
    assert await ledger.difference() is None


async def test_the_new_shard_opens_with_the_last_checkpoint_of_the_old_one(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(5)
    clock.now = NEW_YEAR
    await ledger.seal(1)
    facts = await sealed_facts(ledger.database)
    last, first = facts[-3:-1]
    assert (last.type, first.type) == ("log.sealed", "log.opened")
    async with ledger.database.read() as tx:
        final = await log.newest_checkpoint(tx, "2026h2")
    assert final is not None
    assert final.size == (await heads(ledger))[0].range.size
    assert first.data["previous_checkpoint"] == final.note.decode()
    assert first.data["vkey"] == signer_for(f"{ORIGIN_BASE}/2027h1").vkey
    assert first.document["anchor"]["size"] == final.size


async def test_a_clock_that_goes_back_reopens_nothing(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(2)
    clock.now = NEW_YEAR
    await ledger.seal(2)
    clock.now = NEW_YEAR - timedelta(hours=25)
    await ledger.seal(2)
    assert [head.shard for head in await heads(ledger)] == ["2026h2", "2027h1"]
    assert (await heads(ledger))[1].range.size == 5
    assert await ledger.difference() is None


async def test_a_shard_closed_early_is_followed_by_one_with_a_letter(ledger: Ledger) -> None:
    await ledger.seal(2)
    sealer = ledger.sealer()
    await sealer.start()
    assert await sealer.seal_shard("the operator moves") == "2026h2"
    while await sealer.turn():
        pass
    await ledger.seal(1)
    assert [(head.shard, head.range.size) for head in await heads(ledger)] == [("2026h2", 4), ("2026h2b", 2)]
    sealed = [fact for fact in await sealed_facts(ledger.database) if fact.type == "log.sealed"]
    assert [fact.data["detail"] for fact in sealed] == ["the operator moves"]
    assert await ledger.difference() is None


@pytest.mark.parametrize("step", ["verify", "sign", "publish", "open"])
async def test_a_crash_while_a_shard_ends_is_made_good_by_the_next_process(
    ledger: Ledger, clock: TestClock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await ledger.seal(5)
    sealer = ledger.sealer()
    await sealer.start()
    await ledger.record(3)
    clock.now = NEW_YEAR

    async def die(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        if step == "publish":
            patched.setattr(seal_log.log, "publish", die)
        else:
            method = {"verify": "_verify", "sign": "_sign_and_publish", "open": "_open_next"}[step]
            patched.setattr(sealer, method, die)
        with pytest.raises(ZeroDivisionError):
            await sealer.turn()
    await ledger.seal(1)
    assert [(head.shard, head.range.size) for head in await heads(ledger)] == [("2026h2", 7), ("2027h1", 5)]
    assert await ledger.difference() is None


async def test_processes_that_end_a_shard_together_open_one_new_shard(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(5)
    sealers = [ledger.sealer() for _ in range(4)]
    for sealer in sealers:
        await sealer.start()
    clock.now = NEW_YEAR
    for _ in range(3):
        await ledger.record(4)
        await asyncio.gather(*(sealer.turn() for sealer in sealers))
    await ledger.seal(1)
    old, new = await heads(ledger)
    assert old.range.size + new.range.size == 1 + 5 + 12 + 1 + 2  # two facts of the log itself
    assert (old.shard, new.shard) == ("2026h2", "2027h1")
    assert await ledger.difference() is None


async def test_a_chain_that_spans_two_shards_is_proven_with_a_checkpoint_of_each(
    world: World, clock: TestClock
) -> None:
    clock.now = NEW_YEAR - timedelta(hours=11)  # noon
    await world.register()
    accepted = await world.accepted(event(at=clock.now))
    notification = next(n for n in accepted.notifications if n.channel == "sms")
    await world.seal()
    clock.now = NEW_YEAR + timedelta(hours=9)
    await world.post(event(at=clock.now, id="another", data={"shipment": "another", "recipient": "nobody"}))
    await world.seal()
    clock.now = NEW_YEAR - timedelta(hours=10)
    await world.dispatch()
    await world.seal()
    bundle = json.loads(await world.bundle(notification.id))
    shards = [parse_checkpoint(parse_note(_note(fact)).text).origin for fact in bundle["facts"]]
    assert shards[0] == f"{ORIGIN_BASE}/2026h2"
    assert shards[-1] == f"{ORIGIN_BASE}/2027h1"
    names = [f"{ORIGIN_BASE}/{shard}" for shard in ("2026h2", "2027h1")]
    vkeys = [signer_for(name).vkey for name in names] + [signer_for(f"{names[1]}/statements").vkey]
    verdict = verify(await world.bundle(notification.id), vkeys)
    assert verdict.accepted, verdict.reason
    for missing in range(2):
        refused = verify(await world.bundle(notification.id), vkeys[:missing] + vkeys[missing + 1 :])
        assert not refused.accepted


def _note(fact: dict[str, str]) -> bytes:
    return fact["proof"].partition("\n\n")[2].encode()
