"""`awizo log check --from`: a sound copy passes with nothing else at hand; whatever is changed is found and named."""

import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.ed25519_signer import Ed25519Signer
from adapters.mark_file import MarkFile
from app.evidence.canonical import canonical_json
from app.merkle.note import parse_vkey
from app.ports import Surroundings
from app.storage.database import Database
from app.storage.log_directory import LogDirectory
from app.storage.vault import Vault
from app.usecases.check_copy import CopyDifference, CopySummary, NoCopyError, Voucher, check_copy
from tests.builders import event
from tests.conftest import ROOT_SECRET, TestClock
from tests.integration.ledger import Ledger, new_ledger
from tests.integration.published import LOG_KEY, SHARD, changed, check, differences, export, files, grow
from tests.integration.world import ORIGIN_BASE, World, signer_for
from tests.second_tiles import read_log

SIZE = 700


@pytest.fixture
async def copy(database: Database, surroundings: Surroundings, tmp_path: Path) -> Path:
    """A copy of a shard of 700 entries."""
    ledger = new_ledger(database, surroundings, tmp_path)
    await ledger.seal()
    await grow(ledger, SIZE)
    await export(ledger, tmp_path / "copy")
    return tmp_path / "copy"


async def test_the_copy_of_a_days_work_agrees(world: World, tmp_path: Path) -> None:
    await world.register()
    await world.accepted(event())
    await world.dispatch()
    await world.seal()
    ledger = Ledger(database=world.database, surroundings=world.surroundings, mark=world.mark)
    await export(ledger, tmp_path / "copy")
    (summary,) = check(tmp_path / "copy", LOG_KEY)
    assert isinstance(summary, CopySummary)
    assert (summary.shard, summary.voucher, summary.rotated) == (SHARD, Voucher.KEY, False)
    entries, _ = read_log(files(tmp_path / "copy" / SHARD).get)
    assert len(entries) == summary.entries > 6


def test_a_sound_copy_is_summed_up(copy: Path) -> None:
    counted: list[int] = []
    directory = LogDirectory(copy)
    (summary,) = check_copy(directory.read, paths=directory.paths, vkeys=[LOG_KEY], progress=counted.append)
    assert summary == CopySummary(shard=SHARD, entries=SIZE, tiles=4, rotated=False, voucher=Voucher.KEY)
    assert sum(counted) == SIZE


def test_without_a_key_nobody_vouches_for_it(copy: Path) -> None:
    (summary,) = check(copy)
    assert isinstance(summary, CopySummary)
    assert summary.voucher is Voucher.NOBODY


def test_under_another_key_it_is_refused(copy: Path) -> None:
    other = parse_vkey(Ed25519Signer(LOG_KEY.name, bytes([9]) * 32).vkey)
    assert differences(copy, other) == [f"{SHARD}/checkpoint: it is signed by none of the keys given"]
    assert differences(copy, other, LOG_KEY) == []


# What is changed, and where that is found.
FOUND_AT = {
    f"{SHARD}/checkpoint": f"{SHARD}/checkpoint",
    f"{SHARD}/vkey": f"{SHARD}/vkey",
    f"{SHARD}/opening.json": f"{SHARD}/opening.json",
    f"{SHARD}/tile/0/000": f"{SHARD}/tile/0/000",
    f"{SHARD}/tile/0/001": f"{SHARD}/tile/0/001",
    f"{SHARD}/tile/0/002.p/188": f"{SHARD}/tile/0/002.p/188",
    f"{SHARD}/tile/1/000.p/2": f"{SHARD}/tile/1/000.p/2",
    f"{SHARD}/tile/entries/000": f"{SHARD}/tile/0/000",
    f"{SHARD}/tile/entries/001": f"{SHARD}/tile/0/001",
    f"{SHARD}/tile/entries/002.p/188": f"{SHARD}/tile/0/002.p/188",
    "checkpoint": "checkpoint",
    "vkey": "vkey",
}


def test_every_kind_of_file_is_flipped_here(copy: Path) -> None:
    assert files(copy).keys() == FOUND_AT.keys()


def test_a_flipped_bit_anywhere_is_found_and_its_place_named(copy: Path) -> None:
    for path, content in files(copy).items():
        for at in {0, len(content) // 3, len(content) // 2, len(content) - 1, secrets.randbelow(len(content))}:
            flipped = bytearray(content)
            flipped[at] ^= 1 << secrets.randbelow(8)
            with changed(copy, path, bytes(flipped)):
                places = [difference.partition(": ")[0] for difference in differences(copy, LOG_KEY)]
            # A flip may also break the form of a bundle, which needs no tile to be seen.
            assert places[:1] in ([path], [FOUND_AT[path]]), (path, at)
            assert len(places) == 1 + (path in {f"{SHARD}/checkpoint", f"{SHARD}/vkey"}), (path, at)


def test_the_very_entry_or_hash_is_named(copy: Path) -> None:
    bundle, tile = f"{SHARD}/tile/entries/001", f"{SHARD}/tile/0/001"
    entries, hashes = bytearray((copy / bundle).read_bytes()), bytearray((copy / tile).read_bytes())
    entries[48 * 5 + 20] ^= 1
    hashes[32 * 7] ^= 1
    with changed(copy, bundle, bytes(entries)):
        assert differences(copy) == [f"{tile}: entry 261 in tile/entries/001 does not hash to what stands here"]
    with changed(copy, tile, bytes(hashes)):
        assert differences(copy) == [f"{tile}: entry 263 in tile/entries/001 does not hash to what stands here"]
    upper = f"{SHARD}/tile/1/000.p/2"
    with changed(copy, upper, (copy / upper).read_bytes()[::-1]):
        assert differences(copy) == [f"{upper}: hash 0 is not the one that tile/0/000 adds up to"]


def test_a_tile_with_its_entries_changed_alike_breaks_the_tile_above(copy: Path) -> None:
    bundle, tile = copy / SHARD / "tile/entries/000", copy / SHARD / "tile/0/000"
    other_bundle, other_tile = copy / SHARD / "tile/entries/001", copy / SHARD / "tile/0/001"
    first = bundle.read_bytes()[:48]
    assert differences(copy) == []
    other_bundle.write_bytes(first + bundle.read_bytes()[48:])
    other_tile.write_bytes(tile.read_bytes())
    assert differences(copy) == [f"{SHARD}/tile/1/000.p/2: hash 1 is not the one that tile/0/001 adds up to"]


def test_a_copy_made_consistent_in_itself_breaks_the_signed_root(copy: Path) -> None:
    """Somebody recomputes every tile after changing the last entry, but cannot sign."""
    bundle, tile = copy / SHARD / "tile/entries/002.p/188", copy / SHARD / "tile/0/002.p/188"
    bundle.write_bytes(bundle.read_bytes()[:-48] + bundle.read_bytes()[:48])
    tile.write_bytes(tile.read_bytes()[:-32] + tile.read_bytes()[:32])
    assert differences(copy) == [f"{SHARD}/checkpoint: its root is not the one that the entries hash to"]


def test_a_missing_file_is_named(copy: Path) -> None:
    for path in files(copy):
        with changed(copy, path, None):
            found = differences(copy, LOG_KEY)
        if "/" in path and path.rpartition("/")[2] not in {"checkpoint", "vkey"}:
            assert found == [f"{path}: it is missing"]
        else:
            assert found[0].startswith(f"{path}: it is ")


@pytest.mark.parametrize(
    "path",
    [
        f"{SHARD}/tile/0/000.p/188",  # the partial one of an earlier export
        f"{SHARD}/tile/0/002",
        f"{SHARD}/tile/0/003",
        f"{SHARD}/tile/0/003.p/1",
        f"{SHARD}/tile/2/000.p/1",
        f"{SHARD}/tile/64/000",
        f"{SHARD}/tile/0/00",
        f"{SHARD}/tile/0/x000/000",
        f"{SHARD}/tile/0/001.new",
        f"{SHARD}/tile/entries/003",
        f"{SHARD}/tile/data/000",
        f"{SHARD}/tile/.hidden",
        f"{SHARD}/notes.txt",
        f"{SHARD}/checkpoint.new",
    ],
)
def test_a_file_that_does_not_belong_is_named(copy: Path, path: str) -> None:
    with changed(copy, path, b"x"):
        assert differences(copy, LOG_KEY) == [f"{path}: it is no part of the log at its size of {SIZE} entries"]


@pytest.mark.parametrize("path", ["index.html", "2026h3/checkpoint", "2026h2a/vkey", "tile/0/000", ".git/HEAD"])
def test_a_stranger_beside_the_shards_is_named(copy: Path, path: str) -> None:
    with changed(copy, path, b"x"):
        assert differences(copy, LOG_KEY) == [f"{path.partition('/')[0]}: it is no part of a log"]


@pytest.mark.parametrize(
    "change", [lambda data: b"", lambda data: data[:-1], lambda data: data + b"\0", lambda data: data * 300]
)
def test_a_file_of_another_length_is_named(copy: Path, change: Callable[[bytes], bytes]) -> None:
    for path, content in files(copy).items():
        with changed(copy, path, change(content)):
            assert differences(copy, LOG_KEY)[0].startswith(f"{path}: "), path


def test_a_directory_or_a_pipe_in_place_of_a_file_is_missing(copy: Path) -> None:
    tile = copy / SHARD / "tile/0/001"
    tile.unlink()
    tile.mkdir()
    assert differences(copy) == [f"{SHARD}/tile/0/001: it is missing"]


def test_where_there_is_no_copy_nothing_is_checked(tmp_path: Path) -> None:
    with pytest.raises(NoCopyError):
        check(tmp_path)
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "missing")


def test_a_checkpoint_without_its_shard_is_a_difference(copy: Path) -> None:
    for path in files(copy):
        if "/" in path:
            (copy / path).unlink()
    assert differences(copy) == ["checkpoint: the shard that it belongs to is missing"]


# Openings


def forged_opening(copy: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    value = json.loads((copy / SHARD / "opening.json").read_bytes())
    change(value)
    return canonical_json(value)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(salt="AAAA"),
        lambda value: value.update(salt="A" * 43 + "="),
        lambda value: value.update(more=1),
        lambda value: value.pop("salt"),
        lambda value: value["document"].update(type="log.recovered"),
        lambda value: value["document"].update(type="log.unheard_of"),
        lambda value: value["document"]["data"].update(origin="other.test/log/2026h2"),
        lambda value: value["document"]["data"].update(origin=None),
        lambda value: value["document"]["data"].update(vkey=None),
        lambda value: value["document"]["data"].update(vkey="no key"),
        lambda value: value["document"]["data"].update(previous_checkpoint="a\n1\nb\n"),
        lambda value: value["document"].update(v=2),
        lambda value: value["document"].update(at="2026-11-23T11:00:00.000Z"),
    ],
)
def test_an_opening_that_is_not_entry_0_is_refused(copy: Path, change: Callable[[dict[str, Any]], None]) -> None:
    forged = forged_opening(copy, change)
    with changed(copy, f"{SHARD}/opening.json", forged):
        (found,) = differences(copy, LOG_KEY)
    assert found.startswith(f"{SHARD}/opening.json: ")


def test_an_opening_that_is_not_canonical_is_refused(copy: Path) -> None:
    loose = json.dumps(json.loads((copy / SHARD / "opening.json").read_bytes())).encode()
    with changed(copy, f"{SHARD}/opening.json", loose):
        assert "canonical" in differences(copy, LOG_KEY)[0]


# Several shards

NEXT = "2027h1"
NEXT_KEY = parse_vkey(signer_for(f"{ORIGIN_BASE}/{NEXT}").vkey)


async def make_two_shards(ledger: Ledger, clock: TestClock) -> None:
    await ledger.seal(300)
    clock.forward(days=60)
    await ledger.seal(1, 30)


@pytest.fixture
async def two(database: Database, surroundings: Surroundings, clock: TestClock, tmp_path: Path) -> Path:
    """A copy of the shards 2026h2 and 2027h1."""
    ledger = Ledger(database=database, surroundings=surroundings, mark=MarkFile(tmp_path / "mark"))
    await make_two_shards(ledger, clock)
    await export(ledger, tmp_path / "copy")
    return tmp_path / "copy"


def vouchers(found: list[CopySummary | CopyDifference]) -> dict[str, Voucher]:
    assert not [item for item in found if isinstance(item, CopyDifference)]
    return {item.shard: item.voucher for item in found if isinstance(item, CopySummary)}


def test_all_shards_are_checked_and_the_newest_is_repeated_beside_them(two: Path) -> None:
    assert vouchers(check(two, LOG_KEY, NEXT_KEY)) == {SHARD: Voucher.KEY, NEXT: Voucher.KEY}
    assert files(two)["checkpoint"] == files(two)[f"{NEXT}/checkpoint"]
    assert files(two)["vkey"] == files(two)[f"{NEXT}/vkey"]


def test_who_vouches_for_a_shard_vouches_for_those_before_it_and_for_none_after(two: Path) -> None:
    assert vouchers(check(two, NEXT_KEY)) == {SHARD: Voucher.NEXT_SHARD, NEXT: Voucher.KEY}
    assert differences(two, LOG_KEY) == [f"{NEXT}/checkpoint: it is signed by none of the keys given"]


async def test_another_history_of_an_earlier_shard_is_found(
    two: Path, migrated_sqlite: Path, surroundings: Surroundings, clock: TestClock, tmp_path: Path
) -> None:
    """The same key signed two shards of one name: each is sound in itself."""
    clock.forward(days=-60)
    database = Database(f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'fork.db')}", Vault(ROOT_SECRET))
    fork = new_ledger(database, surroundings, tmp_path / "fork")
    await fork.seal(300)
    await export(fork, tmp_path / "forked")
    await database.close()
    assert vouchers(check(tmp_path / "forked", LOG_KEY)) == {SHARD: Voucher.KEY}
    shutil.rmtree(two / SHARD)
    shutil.copytree(tmp_path / "forked" / SHARD, two / SHARD)
    assert differences(two, LOG_KEY, NEXT_KEY) == [
        f"{NEXT}/opening.json: it names another last checkpoint of {SHARD} than the copy has"
    ]


def test_a_shard_that_is_left_out_is_missed(two: Path) -> None:
    shutil.rmtree(two / SHARD)
    assert differences(two, LOG_KEY, NEXT_KEY) == [f"{NEXT}/opening.json: it names an earlier shard, which is missing"]


def test_a_newest_shard_that_is_left_out_is_missed_where_it_was_repeated(two: Path) -> None:
    shutil.rmtree(two / NEXT)
    assert differences(two, LOG_KEY, NEXT_KEY) == [
        f"checkpoint: it is not the same as {SHARD}/checkpoint",
        f"vkey: it is not the same as {SHARD}/vkey",
    ]


def test_every_shard_has_its_own_first_difference(two: Path) -> None:
    with changed(two, f"{SHARD}/tile/0/000", None), changed(two, f"{NEXT}/opening.json", None):
        found = differences(two, LOG_KEY, NEXT_KEY)
    assert found == [f"{SHARD}/tile/0/000: it is missing", f"{NEXT}/opening.json: it is missing"]


# A log at work, which nobody can list


def test_a_log_that_cannot_be_listed_is_followed_from_its_newest_shard(two: Path) -> None:
    found = check_copy(LogDirectory(two).read, paths=None, vkeys=[NEXT_KEY], progress=lambda _count: None)
    assert vouchers(found) == {SHARD: Voucher.NEXT_SHARD, NEXT: Voucher.KEY}


def test_a_tile_that_became_full_meanwhile_is_cut_to_what_was_signed(copy: Path) -> None:
    for kind in ("0", "entries"):
        partial = copy / SHARD / f"tile/{kind}/002.p/188"
        (copy / SHARD / f"tile/{kind}/002").write_bytes(partial.read_bytes() + b"more")
        partial.unlink()
    found = check_copy(LogDirectory(copy).read, paths=None, vkeys=[LOG_KEY], progress=lambda _count: None)
    assert vouchers(found) == {SHARD: Voucher.KEY}
    assert differences(copy, LOG_KEY) == [f"{SHARD}/tile/entries/002.p/188: it is missing"]


def test_openings_that_name_each_other_in_a_circle_end(two: Path) -> None:
    opening = (two / NEXT / "opening.json").read_bytes()
    with changed(two, f"{SHARD}/opening.json", opening):
        found = check_copy(LogDirectory(two).read, paths=None, vkeys=[], progress=lambda _count: None)
    assert found == [CopyDifference(place=f"{SHARD}/opening.json", sentence="it names a shard that came later")]


def test_without_a_log_there_is_nothing_to_follow() -> None:
    with pytest.raises(NoCopyError):
        check_copy(lambda _path: None, paths=None, vkeys=[], progress=lambda _count: None)
