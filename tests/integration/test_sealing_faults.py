"""What is not the log that was signed is found: an old backup, a missing or foreign mark, and whatever a DBA edits."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.ed25519_signer import Ed25519Signer
from app.evidence.fact import commitment_of, entry_bytes
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import parse_vkey, sign_note
from app.merkle.tree import CompactRange, fold_level, leaf_hash
from app.ports import Surroundings
from app.storage import facts as fact_store
from app.storage import log
from app.storage.database import Database
from app.usecases.log_fault import LogFaultError
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.world import ORIGIN_BASE, signer_for

ORIGIN = f"{ORIGIN_BASE}/2026h2"
SIZE = 301  # log.opened and three hundred more: one full tile, and entries beside it


@pytest.fixture
async def ledger(database: Database, surroundings: Surroundings, tmp_path: Path) -> Ledger:
    opened = new_ledger(database, surroundings, tmp_path)
    await opened.seal(100, 200)
    assert await opened.size() == SIZE
    assert await opened.difference() is None
    return opened


def binary(ledger: Ledger, value: bytes) -> str:
    """A literal of either database."""
    return f"X'{value.hex()}'" if ledger.database.is_sqlite else f"'\\x{value.hex()}'::bytea"


def note_of(size: int, root: bytes, *, seed: bytes | None = None, origin: str = ORIGIN) -> bytes:
    signer = Ed25519Signer(origin, seed) if seed else signer_for(origin)
    text_ = Checkpoint(origin=origin, size=size, root=root).text()
    return sign_note(text_, vkey=parse_vkey(signer.vkey), sign=signer.sign)


async def set_head(ledger: Ledger, grown: CompactRange) -> None:
    await ledger.as_superuser(f"UPDATE tree_heads SET size = {grown.size}, range = {binary(ledger, grown.to_bytes())}")


async def leaf_hashes(ledger: Ledger) -> list[bytes]:
    async with ledger.database.read() as tx:
        return [leaf_hash(entry_bytes(c)) for c in await log.commitments(tx, "2026h2", 0, SIZE)]


async def truncate(ledger: Ledger) -> None:
    """Back to the state after the first hundred, as if the rest had never been: what an old backup looks like."""
    async with ledger.database.read() as tx:
        earlier = await log.compact_range(tx, "2026h2", 101)
    await ledger.as_superuser(
        "DELETE FROM checkpoints WHERE size > 101", "DELETE FROM leaves WHERE leaf_index > 100", "DELETE FROM tiles"
    )
    await set_head(ledger, earlier)


async def test_a_database_behind_the_mark_is_not_signed_and_the_way_out_is_named(ledger: Ledger) -> None:
    await truncate(ledger)
    ahead = ledger.mark.read()
    with pytest.raises(LogFaultError, match=r"behind the mark: it has 101 entries, 301 were signed.*awizo log recover"):
        await ledger.sealer().start()
    assert ledger.mark.read() == ahead
    assert [size for size, _, _ in await ledger.published()] == [1, 101]


async def test_an_empty_database_beside_a_mark_is_a_fault(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "mark").write_bytes(note_of(SIZE, bytes(32)))
    with pytest.raises(LogFaultError, match="empty, but a checkpoint of its log was signed"):
        await new_ledger(database, surroundings, tmp_path).sealer().start()


async def test_a_published_log_without_its_mark_is_a_fault(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "mark").unlink()
    with pytest.raises(LogFaultError, match=r"mark of the last signed checkpoint is missing.*awizo log recover"):
        await ledger.sealer().start()


MARKS = [
    (b"no note at all", "not a checkpoint of this log"),
    (note_of(SIZE, bytes(32), seed=bytes([9]) * 32), "not a checkpoint of this log"),
    (note_of(SIZE, bytes(32), origin=f"{ORIGIN_BASE}/2026h1"), "a shard that the database does not hold"),
    (note_of(SIZE, bytes(32)), "differ from those that were signed"),
    (note_of(SIZE + 1, bytes(32)), "behind the mark"),
]


async def test_a_mark_that_does_not_fit_is_a_fault(ledger: Ledger, tmp_path: Path) -> None:
    for note, sentence in MARKS:
        (tmp_path / "mark").write_bytes(note)
        with pytest.raises(LogFaultError, match=sentence):
            await ledger.sealer().start()
        assert (tmp_path / "mark").read_bytes() == note


async def test_a_mark_ahead_of_what_is_published_is_published_word_for_word(ledger: Ledger) -> None:
    await ledger.as_superuser(f"DELETE FROM checkpoints WHERE size = {SIZE}")
    await ledger.sealer().start()
    assert (await ledger.published())[-1][2] == ledger.mark.read()


async def test_an_entry_that_was_changed_since_it_was_signed_stops_the_next_start(ledger: Ledger) -> None:
    await ledger.as_superuser(f"UPDATE leaves SET commitment = {binary(ledger, bytes(32))} WHERE leaf_index = 290")
    with pytest.raises(LogFaultError, match="differ from those that were signed"):
        await ledger.sealer().start()


async def test_a_running_sealer_finds_an_entry_changed_before_it_was_signed(ledger: Ledger) -> None:
    sealer = ledger.sealer()
    await sealer.start()
    await ledger.record(5)
    await ledger.database.transact(sealer._sequence)
    await ledger.as_superuser(f"UPDATE leaves SET commitment = {binary(ledger, bytes(32))} WHERE leaf_index = {SIZE}")
    before = ledger.mark.read()
    with pytest.raises(LogFaultError, match="do not hash to the head"):
        await sealer.turn()
    assert ledger.mark.read() == before


async def test_a_running_sealer_finds_that_the_log_shrank(ledger: Ledger) -> None:
    sealer = ledger.sealer()
    await sealer.start()
    await truncate(ledger)
    await ledger.record(5)
    with pytest.raises(LogFaultError, match=r"behind the mark: it has 106 entries, 301 were signed"):
        await sealer.turn()


def edits(ledger: Ledger) -> dict[str, Sequence[str]]:
    """Edits that need no computing, each with its statements."""
    zero, other = binary(ledger, bytes(32)), binary(ledger, bytes([7]) * 32)
    victim = "(SELECT fact_id FROM leaves WHERE leaf_index = 150)"
    move = [
        f"UPDATE leaves SET leaf_index = {new} WHERE leaf_index = {old}" for old, new in ((3, 9999), (4, 3), (9999, 4))
    ]
    return {
        "an entry changed": [f"UPDATE leaves SET commitment = {zero} WHERE leaf_index = 150"],
        "the last entry changed": [f"UPDATE leaves SET commitment = {zero} WHERE leaf_index = {SIZE - 1}"],
        "an entry deleted": ["DELETE FROM leaves WHERE leaf_index = 150"],
        "the last entry deleted": [f"DELETE FROM leaves WHERE leaf_index = {SIZE - 1}"],
        "two entries swapped": move,
        "an entry given to another fact": [
            f"DELETE FROM leaves WHERE leaf_index = {SIZE - 1}",
            f"UPDATE leaves SET leaf_index = {SIZE - 1} WHERE leaf_index = 150",
        ],
        "a document changed": [f"UPDATE facts SET document = {other} WHERE id = {victim}"],
        "a salt changed": [f"UPDATE facts SET salt = {other} WHERE id = {victim}"],
        "a leaf hash changed": [f"UPDATE facts SET leaf = {other} WHERE id = {victim}"],
        "a fact deleted": [f"DELETE FROM facts WHERE id = {victim}"],
        "a tile changed": [f"UPDATE tiles SET hashes = {other}"],
        "the root of a tile changed": [f"UPDATE tiles SET root = {other}"],
        "a tile deleted": ["DELETE FROM tiles"],
        "a checkpoint changed": [f"UPDATE checkpoints SET root = {other} WHERE size = 101"],
        "a checkpoint moved": ["UPDATE checkpoints SET size = 102 WHERE size = 101"],
        "a note changed": [f"UPDATE checkpoints SET note = {other} WHERE size = 101"],
        "the frontier changed": [f"UPDATE tree_heads SET range = {binary(ledger, _other_range().to_bytes())}"],
    }


def _other_range() -> CompactRange:
    return CompactRange().extend([leaf_hash(bytes([n % 256])) for n in range(SIZE)])


KEPT = ("facts", "leaves", "tiles", "checkpoints", "tree_heads")


async def test_whatever_an_owner_of_the_database_edits_is_found(ledger: Ledger) -> None:
    async with ledger.database.write() as tx:
        for table in KEPT:
            await tx.execute(text(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}"))
    for edit, statements in edits(ledger).items():
        await ledger.as_superuser(*statements)
        assert await ledger.difference() is not None, edit
        for table in KEPT:
            async with ledger.database.write() as tx:
                left = (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            undo = [f"DELETE FROM {table}"] if left else []
            await ledger.as_superuser(*undo, f"INSERT INTO {table} SELECT * FROM kept_{table}")
        assert await ledger.difference() is None, edit


@pytest.mark.parametrize("damaged", [b"", b"no range", bytes(40)])
async def test_a_damaged_head_stops_start_and_turn_with_a_sentence(ledger: Ledger, damaged: bytes) -> None:
    await ledger.as_superuser(f"UPDATE tree_heads SET range = {binary(ledger, damaged)}")
    sealer = ledger.sealer()
    for call in (sealer.start, sealer.turn, sealer.look):
        with pytest.raises(LogFaultError, match=r"head of the log is damaged.*awizo log recover"):
            await call()


async def test_a_truncated_log_is_found_by_its_mark(ledger: Ledger) -> None:
    await truncate(ledger)
    assert await ledger.difference() == "301 entries were signed, 101 are there"


async def test_a_rewritten_history_that_hashes_by_itself_is_found_by_the_signatures(ledger: Ledger) -> None:
    """Document, commitment, leaf, tile and head are all made to fit; only the key is missing."""
    async with ledger.database.read() as tx:
        leaf = (await leaf_hashes(ledger))[150]
        (stored,) = await fact_store.by_leaves(tx, [leaf])
    document = stored.document.replace(b"number 49", b"number 50")
    assert document != stored.document
    commitment = commitment_of(document, stored.salt)
    hashes = await leaf_hashes(ledger)
    hashes[150] = leaf_hash(entry_bytes(commitment))
    level = hashes[:256]
    while len(level) > 1:
        level = fold_level(level)
    await ledger.as_superuser(
        f"UPDATE facts SET document = {binary(ledger, document)}, leaf = {binary(ledger, hashes[150])} "
        f"WHERE leaf = {binary(ledger, stored.leaf)}",
        f"UPDATE leaves SET commitment = {binary(ledger, commitment)} WHERE leaf_index = 150",
        f"UPDATE tiles SET hashes = {binary(ledger, b''.join(hashes[:256]))}, root = {binary(ledger, level[0])}",
    )
    await set_head(ledger, CompactRange().extend(hashes))
    assert await ledger.difference() == "the first 301 entries do not hash to the root that was signed for them"


async def test_a_fork_signed_by_another_key_is_found(ledger: Ledger) -> None:
    fork = note_of(101, bytes(32), seed=bytes([9]) * 32)
    await ledger.as_superuser(
        f"UPDATE checkpoints SET note = {binary(ledger, fork)}, root = {binary(ledger, bytes(32))} WHERE size = 101"
    )
    assert "does not verify" in (await ledger.difference() or "")


async def test_a_fork_signed_by_our_own_key_is_found(ledger: Ledger) -> None:
    fork = note_of(101, bytes(32))
    await ledger.as_superuser(
        f"UPDATE checkpoints SET note = {binary(ledger, fork)}, root = {binary(ledger, bytes(32))} WHERE size = 101"
    )
    assert await ledger.difference() == "the first 101 entries do not hash to the root that was signed for them"


async def test_a_published_fork_of_the_mark_is_found(ledger: Ledger) -> None:
    fork = note_of(SIZE, bytes(32))
    await ledger.as_superuser(
        f"UPDATE checkpoints SET note = {binary(ledger, fork)}, root = {binary(ledger, bytes(32))} WHERE size = {SIZE}"
    )
    assert await ledger.difference() == f"the mark at size {SIZE} differs from the published checkpoint"


async def test_the_log_refuses_to_be_changed(ledger: Ledger) -> None:
    acts = ["UPDATE {} SET shard = shard", "DELETE FROM {}"]
    acts += [] if ledger.database.is_sqlite else ["TRUNCATE {}"]
    for table in ("leaves", "tiles", "checkpoints"):
        for act in acts:
            with pytest.raises(DBAPIError, match="append-only"):
                await _run(ledger.database, act.format(table))
    assert await ledger.difference() is None


async def _run(database: Database, statement: str) -> None:
    async with database.write() as tx:
        await tx.execute(text(statement))
