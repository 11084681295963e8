"""Witnesses cosign what is published, hold nothing up, and remember what a restored database has forgotten."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.http_witness import HttpWitness
from adapters.mark_file import MarkFile
from app.evidence.verifier import Outcome, parse_policy, parse_vkeys, verify_bundle
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.cosignature import CosignerKey
from app.merkle.note import parse_note
from app.ports import Behind, Surroundings, WitnessAnswer
from app.storage import cosignatures, log
from app.storage.database import Database
from app.storage.log import PublishedCheckpoint
from app.usecases.ask_witnesses import KnownWitness, Witnesses
from app.usecases.log_fault import LogFaultError
from app.usecases.prove_notification import prove_notification
from app.usecases.seal_log import Sealer
from tests.builders import event
from tests.conftest import TestClock
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.watched import WatchingWitness, watching
from tests.integration.world import KEYS, ORIGIN_BASE, World, signer_for
from tests.second_verifier import verify

ORIGIN = f"{ORIGIN_BASE}/2026h2"
STRANGER = CosignerKey(name="two.example/witness", public_key=bytes(31) + b"\x01")  # never saw our log


@dataclass(frozen=True)
class Watched:
    """What a witness's policy says of our log."""

    vkey: str = signer_for(ORIGIN).vkey


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return new_ledger(database, surroundings, tmp_path)


@pytest.fixture
async def watching_us(tmp_path: Path) -> AsyncIterator[WatchingWitness]:
    async with watching(tmp_path / "witness", [Watched()]) as running:
        yield running


@pytest.fixture
async def start(ledger: Ledger, surroundings: Surroundings) -> AsyncIterator[Callable[..., Sealer]]:
    """Makes a sealer that asks these witnesses; all of them are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(*known: WatchingWitness, mark: Path | None = None) -> Sealer:
            asked = [
                KnownWitness(witness=HttpWitness(name=each.key.name, url=each.url), key=each.key) for each in known
            ]
            sealer = Sealer(
                ledger.database,
                origin_base=ORIGIN_BASE,
                keys=KEYS,
                mark=MarkFile(mark) if mark else ledger.mark,
                surroundings=surroundings,
                witnesses=Witnesses(asked, surroundings=surroundings),
            )
            stack.push_async_callback(sealer.close)
            return sealer

        yield make


async def newest(database: Database) -> PublishedCheckpoint:
    async with database.read() as tx:
        checkpoint = await log.newest_checkpoint(tx)
        assert checkpoint is not None
        return await cosignatures.cosigned(tx, checkpoint)


def cosigners(checkpoint: PublishedCheckpoint, witness: WatchingWitness) -> int:
    lines = parse_note(checkpoint.note).signatures
    return len([line for line in lines if witness.key.verifies(parse_note(checkpoint.note).text, line)])


async def test_every_published_checkpoint_is_cosigned(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness
) -> None:
    sealer = start(watching_us)
    await sealer.start()
    for count in (3, 300, 2):
        await ledger.record(count)
        await sealer.turn()
        assert cosigners(await newest(ledger.database), watching_us) == 1
    assert await ledger.difference() is None


async def test_two_processes_share_their_witness(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness
) -> None:
    sealers = [start(watching_us) for _ in range(2)]
    for sealer in sealers:
        await sealer.start()
    for _ in range(6):
        await ledger.record(2)
        await asyncio.gather(*(sealer.turn() for sealer in sealers))
    await ledger.record(1)
    await sealers[0].turn()
    assert cosigners(await newest(ledger.database), watching_us) == 1


async def test_a_witness_that_is_away_holds_nothing_up_and_cosigns_when_it_is_back(
    ledger: Ledger, start: Callable[..., Sealer], clock: TestClock, tmp_path: Path
) -> None:
    async with watching(tmp_path / "witness", [Watched()]) as away:
        pass
    sealer = start(away)
    await sealer.start()
    await ledger.record(5)
    await sealer.turn()
    assert (await newest(ledger.database)).size == 6
    assert cosigners(await newest(ledger.database), away) == 0
    async with watching(tmp_path / "witness", [Watched()]) as back:
        again = start(back)
        await again.start()
        clock.forward(minutes=1)
        for _ in range(200):
            await again.turn()
            if cosigners(await newest(ledger.database), back):
                break
            await asyncio.sleep(0.02)
        assert cosigners(await newest(ledger.database), back) == 1


async def test_a_witness_of_one_half_year_goes_on_in_the_next(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness, clock: TestClock
) -> None:
    sealer = start(watching_us)
    await sealer.start()
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    await ledger.record(1)
    while await sealer.turn():
        pass
    opened = await newest(ledger.database)
    assert opened.shard == "2027h1"
    assert cosigners(opened, watching_us) == 1


async def restore(ledger: Ledger, size: int) -> None:
    """The database as a backup of an earlier day has it."""
    async with ledger.database.read() as tx:
        earlier = await log.compact_range(tx, "2026h2", size)
    grown = earlier.to_bytes()
    literal = f"X'{grown.hex()}'" if ledger.database.is_sqlite else f"'\\x{grown.hex()}'::bytea"
    await ledger.as_superuser(
        f"DELETE FROM checkpoints WHERE size > {size}",
        f"DELETE FROM leaves WHERE leaf_index >= {size}",
        f"UPDATE tree_heads SET size = {size}, range = {literal}",
    )


async def test_an_old_backup_with_an_old_mark_is_noticed_by_what_a_witness_remembers(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness, tmp_path: Path
) -> None:
    sealer = start(watching_us)
    await sealer.start()
    await ledger.record(4)
    await sealer.turn()
    (tmp_path / "old-mark").write_bytes((await newest(ledger.database)).note)
    await ledger.record(4)
    await sealer.turn()
    await restore(ledger, 5)
    with pytest.raises(LogFaultError, match=r"behind the mark: it has 5 entries, 9 were signed.*awizo log recover"):
        await start(watching_us, mark=tmp_path / "old-mark").start()


async def test_a_lost_mark_is_replaced_by_what_a_witness_remembers(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness, tmp_path: Path
) -> None:
    sealer = start(watching_us)
    await sealer.start()
    await ledger.record(4)
    await sealer.turn()
    await start(watching_us, mark=tmp_path / "no-mark-yet").start()
    with pytest.raises(LogFaultError, match="mark of the last signed checkpoint is missing"):
        await start(mark=tmp_path / "no-mark-either").start()


async def test_a_sealer_at_work_notices_that_a_witness_has_seen_more(
    ledger: Ledger, start: Callable[..., Sealer], watching_us: WatchingWitness, tmp_path: Path, clock: TestClock
) -> None:
    sealer = start(watching_us)
    await sealer.start()
    await ledger.record(8)
    await sealer.turn()
    old_mark = tmp_path / "old-mark"
    await restore(ledger, 1)
    old_mark.write_bytes((await newest(ledger.database)).note)
    unknowing = start(mark=old_mark)  # started while the witness could not be asked
    await unknowing.start()
    unknowing._witnesses = sealer._witnesses
    await ledger.record(2)
    with pytest.raises(LogFaultError, match=r"behind the mark: it has 3 entries, 9 were signed"):
        await unknowing.turn()


class Liar:
    """A witness that claims to have seen more, and shows what it likes for it."""

    name = "liar.example/witness"

    def __init__(self, shown: bytes | None) -> None:
        self._shown = shown

    async def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        return Behind(size=10**12)

    async def latest(self, origin: str) -> bytes | None:
        return self._shown

    async def close(self) -> None:
        pass


LIES = [None, b"", b"no note", f"{ORIGIN}\n{10**12}\n{'A' * 43}=\n\n— {ORIGIN} {'A' * 92}\n".encode()]


@pytest.mark.parametrize("shown", LIES)
async def test_a_witness_that_lies_stops_nothing(
    ledger: Ledger, surroundings: Surroundings, shown: bytes | None
) -> None:
    liar = KnownWitness(witness=Liar(shown), key=CosignerKey(name=Liar.name, public_key=bytes(31) + b"\x02"))
    sealer = Sealer(
        ledger.database,
        origin_base=ORIGIN_BASE,
        keys=KEYS,
        mark=ledger.mark,
        surroundings=surroundings,
        witnesses=Witnesses([liar], surroundings=surroundings),
    )
    await sealer.start()
    for _ in range(3):
        await ledger.record(2)
        await sealer.turn()
    assert (await newest(ledger.database)).size == 7
    await sealer.close()


async def test_two_operators_watch_each_other_and_a_verifier_may_ask_for_both(
    world: World, surroundings: Surroundings, tmp_path: Path
) -> None:
    await world.register()
    notification = (await world.accepted(event())).notifications[0].id
    async with (
        watching(tmp_path / "one", [Watched()], name="one.example/witness") as one,
        watching(tmp_path / "two", [Watched()], name="two.example/witness") as two,
    ):
        known = [KnownWitness(witness=HttpWitness(name=w.key.name, url=w.url), key=w.key) for w in (one, two)]
        sealer = Sealer(
            world.database,
            origin_base=ORIGIN_BASE,
            keys=KEYS,
            mark=world.mark,
            surroundings=surroundings,
            witnesses=Witnesses(known, surroundings=surroundings),
        )
        await sealer.start()
        await world.dispatch()
        while await sealer.turn():
            pass
        suggested = "".join(f"witness {w.key.name} {w.key} {w.url}\n" for w in (one, two))
        suggested += f"group both all {one.key.name} {two.key.name}\nquorum both\n"
        async with world.database.read() as tx:
            bundle = await prove_notification(
                tx, notification, opened=None, keys=KEYS, surroundings=surroundings, witnesses=suggested
            )
        await sealer.close()
    data = bundle.data  # type: ignore[union-attr]
    policy = json.loads(data)["witnesses"].encode()
    report = verify_bundle(data, vkeys=parse_vkeys("\n".join(world.vkeys)), policy=parse_policy(policy))
    (check,) = [check for check in report.checks if check.name == "witnesses"]
    assert (report.exit_code, check.outcome) == (0, Outcome.HOLDS), check.sentence
    assert verify(data, world.vkeys, policy=policy).accepted
    stranger = policy.replace(str(two.key).encode(), str(STRANGER).encode())
    assert verify_bundle(data, vkeys=parse_vkeys("\n".join(world.vkeys)), policy=parse_policy(stranger)).exit_code == 1
    checkpoint = parse_checkpoint(parse_note(json.loads(data)["facts"][0]["proof"].partition("\n\n")[2].encode()).text)
    assert checkpoint.origin == ORIGIN
