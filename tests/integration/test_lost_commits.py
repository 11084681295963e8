"""A connection that is lost at a commit, before it takes effect or after: the log goes on as if nothing had been."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.mark_file import MarkFile
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.note import parse_note
from app.ports import Surroundings
from app.storage import log, placement
from app.storage.database import Database, DatabaseUnavailableError, Tx
from app.usecases.seal_log import Sealer
from tests.conftest import TestClock
from tests.integration.ledger import Ledger, new_ledger

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
COUNTS = (3, 5, 2)
TABLES = ("facts", "pending_entries", "leaves", "tiles", "tree_heads", "checkpoints", "log_keys")


class LosingConnection:
    """Loses the connection at the commit with this number: after it took effect, or instead of it."""

    def __init__(self, database: Database, *, at: int, takes_effect: bool) -> None:
        self._database, self._at, self._takes_effect = database, at, takes_effect
        self.commits = 0

    def database(self) -> Database:
        """The same database, over this connection."""
        over_this = copy(self._database)
        over_this.write = self._write  # type: ignore[method-assign]
        return over_this

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[Tx]:
        self.commits += 1
        is_lost = self.commits == self._at
        async with self._database.write() as tx:
            yield tx
            if is_lost and not self._takes_effect:
                raise DatabaseUnavailableError
        if is_lost:
            raise DatabaseUnavailableError


class RememberingMark(MarkFile):
    """Knows every note that was written, in order."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.notes: list[bytes] = []

    def write(self, note: bytes) -> None:
        super().write(note)
        self.notes.append(note)


async def sealed(sealers: Iterator[Sealer], sealer: Sealer | None) -> Sealer:
    """Seal until nothing waits, with `sealer` or a new one; whoever lost the connection starts again."""
    while True:
        try:
            if sealer is None:
                sealer = next(sealers)
                await sealer.start()
            while await sealer.turn():
                pass
        except DatabaseUnavailableError:
            sealer = None
        else:
            return sealer


async def live(ledger: Ledger, sealers: Iterator[Sealer], clock: TestClock) -> None:
    """A log is opened, grows, is closed by hand and by the end of a half-year, and grows on."""
    sealer = await sealed(sealers, None)
    await ledger.record(COUNTS[0])
    sealer = await sealed(sealers, sealer)
    try:
        await sealer.seal_shard("tried")
    except DatabaseUnavailableError:
        sealer = await sealed(sealers, None)
    await ledger.record(COUNTS[1])
    sealer = await sealed(sealers, sealer)
    clock.now = NEW_YEAR
    await ledger.record(COUNTS[2])
    await sealed(sealers, sealer)


async def assert_sound(ledger: Ledger, mark: RememberingMark) -> None:
    """Every fact is in it once, shards begin and end as they must, what is published was remembered before."""
    assert await ledger.difference() is None
    entries = (
        "SELECT f.type FROM leaves l JOIN facts f ON f.id = l.fact_id WHERE l.shard = :shard ORDER BY l.leaf_index"
    )
    async with ledger.database.read() as tx:
        heads = await log.heads(tx)
        assert (await log.pending_count(tx), await placement.lost_facts(tx)) == (0, 0)
        published = {(row.shard, row.size) for row in await tx.execute(text("SELECT shard, size FROM checkpoints"))}
        types = [list((await tx.execute(text(entries), {"shard": head.shard})).scalars()) for head in heads]
    assert heads[-1].shard == "2027h1"
    for head, own in zip(heads, types, strict=True):
        assert (head.closed_at is None) == (head is heads[-1])
        assert (own[0], own.count("log.opened")) == ("log.opened", 1)
        assert (own[-1] == "log.sealed", own.count("log.sealed")) == ((False, 0) if head is heads[-1] else (True, 1))
    assert sum(own.count("log.incident") for own in types) == sum(COUNTS)
    remembered = [parse_checkpoint(parse_note(note).text) for note in mark.notes]
    places = [(checkpoint.origin.rpartition("/")[2], checkpoint.size) for checkpoint in remembered]
    assert places == sorted(set(places)), "the mark went back"
    assert published <= set(places)


async def empty(database: Database) -> None:
    async with database.write() as tx:
        if tx.is_postgres:
            await tx.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            triggers = await tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            for name in list(triggers.scalars()):
                await tx.execute(text(f"DROP TRIGGER {name}"))
        for table in TABLES:
            await tx.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("takes_effect", [True, False], ids=["after", "before"])
async def test_a_connection_lost_at_any_commit_does_no_harm(
    database: Database, surroundings: Surroundings, clock: TestClock, tmp_path: Path, takes_effect: bool
) -> None:
    began = clock.now
    for at in itertools.count(1):
        clock.now = began
        (tmp_path / "mark").unlink(missing_ok=True)
        ledger, mark = new_ledger(database, surroundings, tmp_path), RememberingMark(tmp_path / "mark")
        connection = LosingConnection(database, at=at, takes_effect=takes_effect)
        over_it = replace(ledger, database=connection.database())
        await live(ledger, (over_it.sealer(mark=mark) for _ in itertools.count()), clock)
        await assert_sound(ledger, mark)
        if connection.commits < at:
            break
        await empty(database)
    assert at > 15, "each of some twenty commits was lost once"
