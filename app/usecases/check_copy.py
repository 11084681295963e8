"""Check a copy of the published log with nothing but the copy and the keys that the reader brings.

No database and no settings: an auditor can do this on any machine, from a static copy or from the log itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from app.domain.shard import is_shard_name
from app.evidence.copied_files import MalformedError, read_opening
from app.merkle.checkpoint import CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, VKey, parse_note, verify_note
from app.usecases.check_copied_shard import CheckedShard, Differs, Paths, Read, ShardCheck

_OF_THE_NEWEST = ("checkpoint", "vkey")


class Voucher(Enum):
    """Why the checkpoint of a shard is believed."""

    KEY = auto()  # a key that the reader brought signed it
    NEXT_SHARD = auto()  # the opening of a shard that is vouched for names it
    NOBODY = auto()  # it fits the copy's own keys


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDifference:
    """Where a shard of the copy is not what it must be: the first such place, a path in the copy, and one clause."""

    place: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySummary:
    """What was checked and holds. `tiles` counts full and partial ones; `rotated`: opened under another key."""

    shard: str
    entries: int
    tiles: int
    rotated: bool
    voucher: Voucher


class NoCopyError(Exception):
    """There is nothing to check: one sentence."""


def check_copy(
    read: Read, *, paths: Paths | None, vkeys: Sequence[VKey], progress: Callable[[int], None]
) -> list[CopySummary | CopyDifference]:
    """One result for each shard, the oldest first; after them, what differs outside of the shards.

    `paths` lists files. Without it the copy is a log at work, read over HTTP: its shards are found from the newest one
    backwards, nobody looks for superfluous files, and a partial tile may have become full since its checkpoint was
    read. `progress` is told how many entries were read. Raises NoCopyError, and what `read` and `paths` raise.
    """
    try:
        shards = _followed(read) if paths is None else _listed(paths)
    except Differs as differs:
        return [_difference(differs)]
    found: dict[str, CheckedShard | Differs] = {}
    for shard in shards:
        try:
            found[shard] = ShardCheck(read, paths=paths, shard=shard, vkeys=vkeys, progress=progress).run()
        except Differs as differs:
            found[shard] = differs
    results = _vouched(_linked(found), given=bool(vkeys))
    return results if paths is None else results + _root_differences(read, shards[-1])


def _difference(differs: Differs) -> CopyDifference:
    return CopyDifference(place=differs.place, sentence=differs.sentence)


def _listed(paths: Paths) -> list[str]:
    directories, files = set[str](), set[str]()
    for path in paths(""):
        first, slash, _ = path.partition("/")
        (directories if slash else files).add(first)
    if not directories and not files.intersection(_OF_THE_NEWEST):
        raise NoCopyError("There is no copy of a log.")
    strange = {name for name in directories if not is_shard_name(name)} | files.difference(_OF_THE_NEWEST)
    if strange:
        raise Differs(min(strange), "it is no part of a log")
    if not directories:
        raise Differs("checkpoint", "the shard that it belongs to is missing")
    return sorted(directories)


def _followed(read: Read) -> list[str]:
    """The shards of a log at work: each opening names the last checkpoint of the one before."""
    newest = read("checkpoint")
    if newest is None:
        raise NoCopyError("There is no log.")
    shards: list[str] = []
    place, note = "checkpoint", newest
    while note:
        shard = _shard_in(place, note)
        if shard in shards:
            raise Differs(place, "it names a shard that came later")
        shards.append(shard)
        place = f"{shard}/opening.json"
        try:
            note = (read_opening(read(place) or b"").previous_checkpoint or "").encode()
        except MalformedError as error:
            raise Differs(place, str(error)) from None
    return shards[::-1]


def _shard_in(place: str, note: bytes) -> str:
    try:
        shard = parse_checkpoint(parse_note(note).text).origin.rpartition("/")[2]
    except (NoteError, CheckpointError) as error:
        raise Differs(place, str(error)) from None
    if not is_shard_name(shard):
        raise Differs(place, "the origin does not end in the name of a shard")
    return shard


def _linked(found: Mapping[str, CheckedShard | Differs]) -> list[CheckedShard | Differs]:
    """The same, and a difference for each shard whose opening does not name the last checkpoint of the one before."""
    results: list[CheckedShard | Differs] = []
    before: CheckedShard | Differs | None = None
    for shard in found.values():
        problem = None if isinstance(shard, Differs) else _link_problem(shard, before)
        results.append(problem or shard)
        before = shard
    return results


def _link_problem(shard: CheckedShard, before: CheckedShard | Differs | None) -> Differs | None:
    place, named = f"{shard.shard}/opening.json", shard.previous_checkpoint
    if before is None:
        return None if named is None else Differs(place, "it names an earlier shard, which is missing")
    if named is None:
        return Differs(place, "it does not name the last checkpoint of the shard before")
    if isinstance(before, Differs):  # which is told for itself
        return None
    try:
        text = verify_note(named.encode(), [before.key]).text
    except NoteError as error:
        return Differs(place, f"the last checkpoint of {before.shard}, as named there: {error}")
    if text != before.text:
        return Differs(place, f"it names another last checkpoint of {before.shard} than the copy has")
    return None


def _vouched(shards: Sequence[CheckedShard | Differs], *, given: bool) -> list[CopySummary | CopyDifference]:
    """Who vouches for each shard. When keys were given, one for which nobody does is a difference."""
    results: list[CopySummary | CopyDifference] = []
    later = Voucher.NOBODY
    for shard in reversed(shards):
        if isinstance(shard, Differs):
            results.append(_difference(shard))
            later = Voucher.NOBODY
            continue
        later = _voucher(shard, later)
        if given and later is Voucher.NOBODY:
            place = f"{shard.shard}/checkpoint"
            results.append(CopyDifference(place=place, sentence="it is signed by none of the keys given"))
            continue
        results.append(
            CopySummary(
                shard=shard.shard, entries=shard.entries, tiles=shard.tiles, rotated=shard.rotated, voucher=later
            )
        )
    return results[::-1]


def _voucher(shard: CheckedShard, later: Voucher) -> Voucher:
    if shard.by_given_key:
        return Voucher.KEY
    return Voucher.NOBODY if later is Voucher.NOBODY else Voucher.NEXT_SHARD


def _root_differences(read: Read, newest: str) -> list[CopySummary | CopyDifference]:
    """What stands for the newest shard beside the shards is the same as in it."""
    return [
        CopyDifference(place=name, sentence=f"it is not the same as {newest}/{name}")
        for name in _OF_THE_NEWEST
        if read(name) != read(f"{newest}/{name}")
    ]
