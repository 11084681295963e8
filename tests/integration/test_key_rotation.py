"""A key is rotated while the log goes on: whoever trusts the old one can follow to the new one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.mark_file import MarkFile
from app.merkle.note import NoKnownSignatureError, parse_vkey, verify_note
from app.ports import Surroundings
from app.storage import log, log_keys
from app.storage.database import Database
from app.usecases.log_fault import LogStuckError, MissingKeyError
from app.usecases.prove_notification import prove_notification
from app.usecases.rotate_key import rotate_key
from app.usecases.seal_log import Sealer
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.sealed import sealed_facts
from tests.integration.world import ORIGIN_BASE, SeededKeys, World
from tests.second_verifier import verify

ORIGIN = f"{ORIGIN_BASE}/2026h2"


def sealer_with(keys: SeededKeys, database: Database, surroundings: Surroundings, mark: Path) -> Sealer:
    return Sealer(database, origin_base=ORIGIN_BASE, keys=keys, mark=MarkFile(mark), surroundings=surroundings)


@pytest.fixture
def keys() -> SeededKeys:
    return SeededKeys()


@pytest.fixture
async def sealer(keys: SeededKeys, database: Database, surroundings: Surroundings, tmp_path: Path) -> Sealer:
    opened = sealer_with(keys, database, surroundings, tmp_path / "mark")
    await opened.start()
    return opened


async def newest_note(database: Database) -> bytes:
    async with database.read() as tx:
        newest = await log.newest_checkpoint(tx)
    assert newest is not None
    return newest.note


async def test_until_the_shard_ends_both_keys_sign_and_then_the_new_one_alone(
    sealer: Sealer, keys: SeededKeys, database: Database, surroundings: Surroundings, clock: TestClock
) -> None:
    old = parse_vkey(keys.newest(ORIGIN).vkey)
    new = parse_vkey(await database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings)))
    assert new != old
    while await sealer.turn():
        pass
    note = await newest_note(database)
    assert verify_note(note, [old]).signers == (old,)
    assert verify_note(note, [new]).signers == (new,)
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    await sealer.seal_shard("tested")
    while await sealer.turn():
        pass
    later = await newest_note(database)
    successor = parse_vkey(keys.newest(f"{ORIGIN_BASE}/2027h1").vkey)
    assert successor.public_key == new.public_key
    assert verify_note(later, [successor]).signers == (successor,)
    with pytest.raises(NoKnownSignatureError):
        verify_note(later, [parse_vkey(keys.all(f"{ORIGIN_BASE}/2027h1")[0].vkey)])


async def test_the_rotation_is_a_sealed_fact_with_the_last_checkpoint_of_the_old_key(
    sealer: Sealer, keys: SeededKeys, database: Database, surroundings: Surroundings
) -> None:
    before = await newest_note(database)
    vkey = await database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings))
    await sealer.turn()
    rotated = (await sealed_facts(database))[-1]
    assert rotated.type == "log.key_rotated"
    assert (rotated.data["vkey"], rotated.data["previous_checkpoint"]) == (vkey, before.decode())


async def test_a_rotation_that_broke_off_is_taken_up_again_with_its_key(
    sealer: Sealer, keys: SeededKeys, database: Database, surroundings: Surroundings
) -> None:
    left_behind = keys.rotate(ORIGIN).vkey
    assert (
        await database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings)) == left_behind
    )
    async with database.read() as tx:
        assert (await log_keys.of_shard(tx, "2026h2")).log == tuple(signer.vkey for signer in keys.all(ORIGIN))


async def test_a_machine_without_the_new_key_publishes_nothing_until_it_has_it(
    sealer: Sealer, keys: SeededKeys, database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    await database.transact(lambda tx: rotate_key(tx, "log", keys=keys, surroundings=surroundings))
    elsewhere = SeededKeys()
    other = sealer_with(elsewhere, database, surroundings, tmp_path / "mark")
    before = await newest_note(database)
    with pytest.raises(MissingKeyError, match="not on this machine"):
        await other.start()
    assert await newest_note(database) == before
    elsewhere.rotate(ORIGIN)
    await other.start()
    assert await newest_note(database) != before


async def test_nothing_is_rotated_before_the_log_is_open(database: Database, surroundings: Surroundings) -> None:
    with pytest.raises(LogStuckError, match="start the service first"):
        await database.transact(lambda tx: rotate_key(tx, "log", keys=SeededKeys(), surroundings=surroundings))


@pytest.mark.parametrize("use", ["log", "statements"])
async def test_a_proof_verifies_under_the_old_keys_and_under_the_new_ones(
    world: World, surroundings: Surroundings, tmp_path: Path, use: str
) -> None:
    keys = SeededKeys()
    await world.register()
    accepted = await world.accepted(event())
    notification = accepted.notifications[0].id
    await world.seal()
    await world.database.transact(lambda tx: rotate_key(tx, use, keys=keys, surroundings=surroundings))  # type: ignore[arg-type]
    sealer = sealer_with(keys, world.database, surroundings, tmp_path / "mark")
    await sealer.start()
    await world.dispatch()
    while await sealer.turn():
        pass
    async with world.database.read() as tx:
        bundle = await prove_notification(tx, notification, opened=None, keys=keys, surroundings=surroundings)
    data = bundle.data  # type: ignore[union-attr]
    names = (ORIGIN, f"{ORIGIN}/statements")
    for vkeys in ([keys.all(name)[0].vkey for name in names], [keys.all(name)[-1].vkey for name in names]):
        verdict = verify(data, vkeys)
        assert verdict.accepted, verdict.reason
    lines = json.loads(data)["statement"].split("\n\n")[1].strip().split("\n")
    assert len(lines) == (2 if use == "statements" else 1)
    world.sealer = sealer
