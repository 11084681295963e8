"""Any flipped bit is found, and where it is: bits of every stored value of a log, and of its mark, drawn at random."""

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from app.ports import Surroundings
from app.storage.database import Database
from tests.faults.campaign import campaign
from tests.faults.stored_values import Column, Kind, Surgery, flip
from tests.integration.ledger import Ledger, new_ledger

DATABASES = 2  # each test runs on both
AUDITS = 50
EDGES = {1, 255, 256, 257, 1024}  # sizes at which tiles and chunks end
ENTRIES_MIN = 700  # two full tiles and a third that is not, under a partial tile of the level above

_LEAVES, _LEAF = "SELECT leaf_index FROM leaves", "leaf_index = :key"
_FACT = "id = (SELECT fact_id FROM leaves WHERE leaf_index = :key)"
_TILES, _TILE = "SELECT tile_index FROM tiles", "level = 0 AND tile_index = :key"
_CHECKPOINTS, _CHECKPOINT = "SELECT size FROM checkpoints", "size = :key"
_HEADS, _HEAD = "SELECT 0 FROM tree_heads", ":key = 0"
_HEAD_BLAMED = "head of the tree"


def _column(place: str, keys: str, row: str, blame: str, kind: Kind = Kind.BINARY) -> Column:
    table, _, name = place.partition(".")
    return Column(table=table, name=name, keys=keys, row=row, blame=blame, kind=kind)


COLUMNS = [
    _column("leaves.commitment", _LEAVES, _LEAF, "^entry {key}: its commitment"),
    _column("leaves.fact_id", _LEAVES, _LEAF, "^entry {key}: it names another fact", Kind.UUID),
    _column("leaves.leaf_index", _LEAVES, _LEAF, "^entry {now} lies outside", Kind.INTEGER),
    _column("facts.document", _LEAVES, _FACT, "^entry {key}: the document"),
    _column("facts.salt", _LEAVES, _FACT, "^entry {key}: the document or its salt"),
    _column("facts.leaf", _LEAVES, _FACT, "^entry {key}: the stored leaf hash"),
    _column("tiles.hashes", _TILES, _TILE, "^tile 0/{key} "),
    _column("tiles.root", _TILES, _TILE, "^tile 0/{key} "),
    _column("checkpoints.note", _CHECKPOINTS, _CHECKPOINT, "^the checkpoint of size {key} does not verify"),
    _column("checkpoints.root", _CHECKPOINTS, _CHECKPOINT, "^the checkpoint of size {key} is stored under another"),
    _column(
        "checkpoints.size", _CHECKPOINTS, _CHECKPOINT, "^the checkpoint of size {now} is one of size {key}$",
        Kind.INTEGER,
    ),
    _column("tree_heads.range", _HEADS, _HEAD, _HEAD_BLAMED),
    _column("tree_heads.size", _HEADS, _HEAD, _HEAD_BLAMED, Kind.INTEGER),
]  # fmt: skip


async def grown(database: Database, surroundings: Surroundings, directory: Path, chance: random.Random) -> Ledger:
    """A log that was published at many sizes, and its mark."""
    ledger = new_ledger(database, surroundings, directory)
    counts: list[int] = []
    while sum(counts) < ENTRIES_MIN:
        counts.append(chance.choice([1, 2, 3, 8, 30, 100]))
    await ledger.seal(*counts)
    return ledger


async def audited(ledger: Ledger, column: Column, key: int, chance: random.Random) -> tuple[str, str | None]:
    """What the audit must say of one flipped bit in this value, and what it says. IntegrityError: it cannot be."""
    async with Surgery(ledger.database).flipped(column, key, chance) as now:
        return column.blame.format(key=key, now=now), await ledger.difference()


async def audited_mark(ledger: Ledger, mark: Path, chance: random.Random) -> tuple[str, str | None]:
    """The same of a bit of the mark."""
    good = replace_in(mark, lambda note: flip(note, chance))
    found = await ledger.difference()
    replace_in(mark, lambda _: good)
    return "^the mark does not verify", found


def replace_in(file: Path, change: Callable[[bytes], bytes]) -> bytes:
    """Write what `change` makes of the file's bytes; the bytes before."""
    before = file.read_bytes()
    file.write_bytes(change(before))
    return before


async def test_every_flipped_bit_is_found_and_its_place_named(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    faults = campaign(usual=2000)
    chance = faults.random(database.url.get_backend_name())
    ledger = await grown(database, surroundings, tmp_path, chance)
    assert await ledger.difference() is None
    surgery = Surgery(database)
    await surgery.prepare()
    keys = {str(column): await surgery.keys(column) for column in COLUMNS}
    places = itertools.cycle([*COLUMNS, "mark"])
    reached: Counter[str] = Counter()
    place = next(places)
    while reached.total() < faults.count // DATABASES:
        try:
            if isinstance(place, Column):
                blame, found = await audited(ledger, place, chance.choice(keys[str(place)]), chance)
            else:
                blame, found = await audited_mark(ledger, tmp_path / "mark", chance)
        except IntegrityError:  # where the bit would move the row is another one: no bit was flipped
            continue
        assert re.search(blame, found or "all holds"), f"{place}: {found}; {faults}"
        reached[str(place)] += 1
        place = next(places)
    assert len(reached) == len(COLUMNS) + 1, f"not every place was reached; {faults}"
    assert await ledger.difference() is None


async def test_an_audit_of_a_whole_log_is_silent(
    database: Database, surroundings: Surroundings, tmp_path: Path
) -> None:
    faults = campaign(usual=AUDITS)
    others = [size for size in range(1, 1500) if size not in EDGES]
    sizes = faults.random("clean").sample(others, AUDITS // DATABASES - len(EDGES))
    ledger = new_ledger(database, surroundings, tmp_path)
    await ledger.seal(0)
    for size in sorted([*sizes, *EDGES]):
        await ledger.seal(size - await ledger.size())
        assert await ledger.size() == size
        assert await ledger.difference() is None, f"{size} entries; {faults}"
