"""The log is sealed whole, in order and once – whatever crashes, races or comes late in between."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from app.ports import Signer, Surroundings
from app.storage import log
from app.storage.database import Database
from app.usecases import seal_log
from app.usecases.record_facts import new_fact_sheet
from tests.builders import event
from tests.integration.ledger import Ledger, new_ledger, size_of
from tests.integration.sealed import assert_in_order, sealed_facts
from tests.integration.world import ORIGIN_BASE, World, signer_for


@pytest.fixture
def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    return new_ledger(database, surroundings, tmp_path)


class CrashError(Exception):
    """The process dies here."""


class CrashingSigner:
    vkey = signer_for(f"{ORIGIN_BASE}/2026h2").vkey

    def sign(self, message: bytes) -> bytes:
        raise CrashError


class CrashingMark:
    """Dies before or after the mark is durable."""

    def __init__(self, ledger: Ledger, *, written: bool) -> None:
        self._ledger = ledger
        self._written = written

    def read(self) -> bytes | None:
        return self._ledger.mark.read()

    def claim(self) -> bytes | None:
        return self._ledger.mark.claim()

    def write(self, note: bytes) -> None:
        if self._written:
            self._ledger.mark.write(note)
        raise CrashError


CRASHES = ["sequencing", "signing", "before-mark", "after-mark", "publishing"]


async def crash(ledger: Ledger, step: str, monkeypatch: pytest.MonkeyPatch, *, new_facts: int = 0) -> None:
    """A sealer that dies at that step: at its start, or once it has started and there are new facts."""
    signer: Signer | None = CrashingSigner() if step == "signing" else None
    mark = CrashingMark(ledger, written=step == "after-mark") if step.endswith("mark") else None
    sealer = ledger.sealer(signer, mark)

    if new_facts:
        await sealer.start()
        await ledger.record(new_facts)

    async def die(*_: object, **__: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        if step == "sequencing":
            patched.setattr(sealer, "_verify", die)
        if step == "publishing":
            patched.setattr(seal_log.log, "publish", die)
        with pytest.raises(CrashError):
            await (sealer.turn() if new_facts else sealer.start())


@pytest.mark.parametrize("step", CRASHES)
async def test_a_crash_at_any_step_repeats_the_same_size_and_root(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await ledger.seal(40)
    await crash(ledger, step, monkeypatch, new_facts=20)
    async with ledger.database.read() as tx:
        crashed = await log.current_head(tx)
    assert crashed is not None
    assert crashed.range.size == 61
    left_behind = ledger.mark.read()
    await ledger.sealer().start()
    size, root, note = (await ledger.published())[-1]
    assert (size, root) == (61, crashed.range.root())
    assert ledger.mark.read() == note
    if step in {"after-mark", "publishing"}:
        assert left_behind == note
    assert await ledger.difference() is None


@pytest.mark.parametrize("step", CRASHES)
async def test_a_crash_at_the_very_first_start_is_no_fault_of_the_log(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await crash(ledger, step, monkeypatch)
    await ledger.seal(3)
    assert await ledger.size() == 4
    assert await ledger.difference() is None


async def test_the_first_entry_of_a_log_opens_it_and_is_published_at_once(ledger: Ledger) -> None:
    await ledger.sealer().start()
    ((size, _, note),) = await ledger.published()
    assert (size, size_of(note)) == (1, 1)
    (opened,) = await sealed_facts(ledger.database)
    assert opened.type == "log.opened"
    assert opened.data["origin"] == f"{ORIGIN_BASE}/2026h2"
    assert opened.document["anchor"] is None


async def test_a_turn_without_facts_publishes_nothing(ledger: Ledger) -> None:
    await ledger.seal(5)
    before = await ledger.published()
    sealer = ledger.sealer()
    await sealer.start()
    assert await sealer.turn() == 0
    assert await ledger.published() == before


async def test_a_turn_signs_a_whole_queue_once(ledger: Ledger) -> None:
    await ledger.seal(0)
    await ledger.record(2500)
    sealer = ledger.sealer()
    await sealer.start()
    sizes = [size for size, _, _ in await ledger.published()]
    assert sizes == [1, 2501]
    assert await ledger.difference() is None


async def test_facts_are_anchored_at_the_newest_published_checkpoint(ledger: Ledger) -> None:
    await ledger.seal(3, 3)
    sealed = await sealed_facts(ledger.database)
    assert [fact.document["anchor"] and fact.document["anchor"]["size"] for fact in sealed] == [None, 1, 1, 1, 4, 4, 4]


async def test_sealers_that_race_leave_no_gap_and_no_fork_and_never_a_smaller_mark(ledger: Ledger) -> None:
    """Four processes start at once on an empty database and seal what four others write."""
    sealers = [ledger.sealer() for _ in range(4)]
    await asyncio.gather(*(sealer.start() for sealer in sealers))
    writing = True

    async def write() -> None:
        for _ in range(15):
            await ledger.record(7)

    async def seal(turns: seal_log.Sealer) -> None:
        while writing or await turns.turn():
            await turns.turn()
            await asyncio.sleep(0)

    sealing = [asyncio.create_task(seal(sealer)) for sealer in sealers]
    await asyncio.gather(*(write() for _ in range(4)))
    writing = False
    await asyncio.gather(*sealing)
    assert await ledger.size() == 1 + 4 * 15 * 7
    assert_in_order(await sealed_facts(ledger.database))
    assert ledger.mark.sizes == sorted(ledger.mark.sizes)
    assert ledger.mark.read() == (await ledger.published())[-1][2]
    assert await ledger.difference() is None


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_the_facts_of_a_slow_transaction_are_sealed_after_those_that_overtook_it(ledger: Ledger) -> None:
    sealer = ledger.sealer()
    await sealer.start()
    async with ledger.database.write() as slow:
        sheet = await new_fact_sheet(slow, ledger.surroundings)
        sheet.record("log.incident", at=ledger.surroundings.clock(), data={"detail": "slow"})
        await sheet.write(slow)
        await ledger.record(3)
        assert await sealer.turn() == 3
    assert await sealer.turn() == 1
    sealed = await sealed_facts(ledger.database)
    assert sealed[-1].data["detail"] == "slow"
    assert await ledger.difference() is None


async def test_entries_keep_the_order_of_their_transaction(world: World) -> None:
    await world.register()
    await world.post(*(event(id=f"e-{n}", data={"shipment": f"item-{n}"}) for n in range(30)))
    await world.dispatch()
    await world.seal()
    assert_in_order(await sealed_facts(world.database))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_log_of_more_than_65536_entries_has_tiles_above_tiles(ledger: Ledger) -> None:
    await ledger.seal(65_600)
    async with ledger.database.read() as tx:
        query = text("SELECT level, max(tile_index) FROM tiles GROUP BY level ORDER BY level")
        assert [tuple(row) for row in await tx.execute(query)] == [(0, 255), (1, 0)]
    assert await ledger.difference() is None
    await ledger.sealer().start()  # reads the frontier from the tiles of both levels
