"""Sealers in processes of their own, on one database and one mark: stopped, woken, killed; no gap and no fork."""

import asyncio
import contextlib
import itertools
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.ports import Surroundings
from app.storage import log
from app.storage.database import Database
from app.storage.tables import facts, leaves
from tests.conftest import TestClock
from tests.faults.campaign import campaign
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.world import ORIGIN_BASE, signer_for
from tests.second_formats import check_checkpoint, rebuild_root, sha256

ROOT = Path(__file__).parents[2]
ORIGIN = f"{ORIGIN_BASE}/2026h2"
SEALERS = 3
STALL_SECONDS = 1.0

# Who holds the lock on the head, by name. Asking for locks takes none.
_HOLDER = text(
    "SELECT a.application_name FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid "
    "WHERE l.relation = 'tree_heads'::regclass AND l.mode = 'RowShareLock' AND l.granted "
    "AND a.state = 'idle in transaction' AND a.datname = current_database()"
)


class Sealers:
    """The processes, by name."""

    def __init__(self, ledger: Ledger, url: str, directory: Path, clock: TestClock) -> None:
        self._ledger = ledger
        self._arguments = [url, str(directory), clock.now.isoformat()]
        self._count = 0
        self.running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """One more process."""
        self._count += 1
        name = f"sealer-{self._count}"
        command = [sys.executable, "-m", "tests.faults.sealing_process", *self._arguments, name, str(STALL_SECONDS)]
        self.running[name] = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)

    def stop(self, name: str) -> str:
        """SIGSTOP, whatever it is doing; the name."""
        self.running[name].send_signal(signal.SIGSTOP)
        return name

    def wake(self, name: str) -> None:
        """SIGCONT."""
        self.running[name].send_signal(signal.SIGCONT)

    async def kill(self, name: str) -> None:
        """SIGKILL, whatever it was doing. A sealer that found a fault has ended by itself and said which."""
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        assert await process.wait() == -signal.SIGKILL

    async def stop_the_holder(self) -> str:
        """SIGSTOP a sealer in the middle of a transaction that holds the head's lock; its name."""
        while True:
            for name in await self._holders():
                self.stop(name)
                if name in await self._holders():
                    return name
                self.wake(name)

    async def _holders(self) -> list[str]:
        async with self._ledger.database.read() as tx:
            names = (await tx.execute(_HOLDER)).scalars()
            return [name for name in names if name in self.running]


@asynccontextmanager
async def running(sealers: Sealers) -> AsyncIterator[None]:
    """As many as there should be; all are gone afterwards."""
    try:
        await asyncio.gather(*(sealers.start() for _ in range(SEALERS)))
        yield
    finally:
        await asyncio.gather(*(sealers.kill(name) for name in list(sealers.running)))


@asynccontextmanager
async def busy(ledger: Ledger) -> AsyncIterator[list[int]]:
    """Facts come for as long as the block lasts; how many in each transaction that was committed."""
    committed: list[int] = []
    over = asyncio.Event()

    async def record() -> None:
        for count in itertools.cycle((1, 2, 7)):
            await ledger.record(count)
            committed.append(count)
            await asyncio.sleep(0.03)
            if over.is_set():
                return

    writing = asyncio.create_task(record())
    try:
        yield committed
    finally:
        over.set()
        await writing


@asynccontextmanager
async def watched(mark: Path) -> AsyncIterator[list[int]]:
    """The sizes that the mark has for as long as the block lasts, each once for every time that it changes to it."""
    sizes: list[int] = []
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            size = marked_size(mark)
            if size and sizes[-1:] != [size]:
                sizes.append(size)
            await asyncio.sleep(0.001)

    watching = asyncio.create_task(watch())
    try:
        yield sizes
    finally:
        over.set()
        await watching


def marked_size(mark: Path) -> int:
    """0 without a mark."""
    return int(mark.read_bytes().split(b"\n")[1]) if mark.exists() else 0


async def published_size(ledger: Ledger) -> int:
    async with ledger.database.read() as tx:
        newest = await log.newest_checkpoint(tx)
    return newest.size if newest else 0


async def until_published(ledger: Ledger, size: int) -> None:
    """Return when a checkpoint of at least `size` entries was published."""
    async with asyncio.timeout(90):
        while await published_size(ledger) < size:  # noqa: ASYNC110 – a database rings no bell
            await asyncio.sleep(0.02)


async def assert_one_log(ledger: Ledger, recorded: int) -> None:
    """No fact lost or doubled, no gap, and every checkpoint that was ever published is a prefix of the one tree."""
    async with ledger.database.read() as tx:
        rows = (await tx.execute(select(leaves).order_by(leaves.c.leaf_index))).all()
        kept = set((await tx.execute(select(facts.c.id))).scalars())
        waiting = await log.pending_count(tx)
    assert [row.leaf_index for row in rows] == list(range(1 + recorded))
    assert {row.fact_id for row in rows} == kept
    assert len(kept) == 1 + recorded
    assert waiting == 0
    hashes = [sha256(b"\0", b"awizo-leaf/v1\n", row.commitment) for row in rows]
    published = await ledger.published()
    for size, root, note in published:
        assert check_checkpoint(note, signer_for(ORIGIN).vkey) == (ORIGIN, size, root)
        assert rebuild_root(hashes[:size]) == root
    size, _, note = published[-1]
    assert (size, note) == (len(rows), ledger.mark.read())
    assert await ledger.difference() is None


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_sequencers_that_are_stopped_woken_and_killed_leave_one_log(
    database: Database, database_url: str, surroundings: Surroundings, clock: TestClock, tmp_path: Path
) -> None:
    faults = campaign(usual=4)
    chance = faults.random("sequencers")
    ledger = new_ledger(database, surroundings, tmp_path)
    sealers = Sealers(ledger, database_url, tmp_path, clock)
    reached: Counter[str] = Counter()
    async with running(sealers), watched(tmp_path / "mark") as marked:
        await until_published(ledger, 1)
        async with busy(ledger) as committed:
            for turn in range(faults.count):
                if turn % 2:
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    name = sealers.stop(chance.choice(list(sealers.running)))
                    reached["anywhere"] += 1
                else:
                    name = await sealers.stop_the_holder()
                    reached["holding the head"] += 1
                await until_published(ledger, 1 + sum(committed))
                await sealers.kill(chance.choice([each for each in sealers.running if each != name]))
                sealers.wake(name)
                await sealers.start()
                await until_published(ledger, 1 + sum(committed))
        await until_published(ledger, 1 + sum(committed))
    assert reached.total() == faults.count, faults
    await assert_one_log(ledger, sum(committed))
    assert marked == sorted(marked), faults
