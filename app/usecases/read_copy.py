"""Read from a copy of the published log what a database lacks. Nothing of a copy is believed but what we signed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.shard import shard_of
from app.evidence.copied_files import MalformedError, ShardOpening, bundled_entries, read_opening
from app.evidence.fact import entry_bytes
from app.merkle.checkpoint import Checkpoint
from app.merkle.tiles import TILE_WIDTH, tile_path, tile_width
from app.merkle.tree import HASH_BYTES, CompactRange, leaf_hash
from app.ports import SigningKeys
from app.usecases.log_fault import LogFaultError
from app.usecases.trust_log import SignedCheckpoint, read_signed


class CopyError(Exception):
    """The copy cannot be used; one sentence."""


ReadCopy = Callable[[str], bytes | None]
"""A file of the published log by its path below the log's address, such as `2026h2/checkpoint`; None: not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedShard:
    """One shard of a copy: its checkpoint, what opened it, and commitments by the index of their entry bundle.

    Bundles of entries that the database has are left out.
    """

    signed: SignedCheckpoint
    opening: ShardOpening | None
    commitments: Mapping[int, list[bytes]] = field(repr=False)

    @property
    def checkpoint(self) -> Checkpoint:
        """Up to where the copy goes."""
        return self.signed.checkpoint

    def commitments_from(self, size: int) -> Iterator[list[bytes]]:
        """The commitments of entries from `size` on, at most 256 at a time."""
        for index in _indexes(size, self.checkpoint):
            yield self.commitments[index][max(0, size - index * TILE_WIDTH) :]

    def continues(self, known: CompactRange) -> bool:
        """Whether the copy's entries after `known` lead to its checkpoint, so that they are those that we signed."""
        for commitments in self.commitments_from(known.size):
            known = known.extend(leaf_hash(entry_bytes(commitment)) for commitment in commitments)
        return known.size == self.checkpoint.size and known.root() == self.checkpoint.root


def read_copied(copy: ReadCopy, sizes: Mapping[str, int], *, keys: SigningKeys) -> dict[str, CopiedShard]:
    """The shards of a copy by origin, with the entries that a database lacks which has `sizes` of them.

    Raises CopyError when a file of the copy is missing or not what it must be, and what `copy` raises.
    """
    found: dict[str, CopiedShard] = {}
    note = copy("checkpoint")
    if note is None:
        raise CopyError("There is no copy of a log: it has no file called checkpoint.")
    while note is not None:
        signed = _signed(note, keys)
        origin = signed.checkpoint.origin
        if origin in found:
            raise CopyError("The copy cannot be used: its shards lead in a circle.")
        opening = _opening(copy, origin)
        commitments = _commitments(copy, sizes.get(origin, 0), signed.checkpoint)
        found[origin] = CopiedShard(signed=signed, opening=opening, commitments=commitments)
        note = opening.previous_checkpoint.encode() if opening and opening.previous_checkpoint else None
    return found


def _signed(note: bytes, keys: SigningKeys) -> SignedCheckpoint:
    try:
        return read_signed(note, keys=keys)
    except LogFaultError:
        raise CopyError(
            "The copy cannot be used: it is of another log, or signed by a key that this machine does not hold."
        ) from None


def _opening(copy: ReadCopy, origin: str) -> ShardOpening | None:
    data = copy(f"{shard_of(origin)}/opening.json")
    try:
        return read_opening(data) if data is not None else None
    except MalformedError as error:
        raise CopyError(f"The copy cannot be used: {error}.") from None


def _commitments(copy: ReadCopy, size: int, checkpoint: Checkpoint) -> dict[int, list[bytes]]:
    found = {}
    for index in _indexes(size, checkpoint):
        width = tile_width(0, index, checkpoint.size)
        place = f"{shard_of(checkpoint.origin)}/{tile_path('entries', index, width)}"
        data = copy(place)
        if data is None and width < TILE_WIDTH:  # of a log at work, it may have become full meanwhile
            data = copy(f"{shard_of(checkpoint.origin)}/{tile_path('entries', index)}")
        try:
            entries = bundled_entries(data or b"")[:width]
        except MalformedError as error:
            raise CopyError(f"The copy cannot be used: {place}: {error}.") from None
        if len(entries) < width:
            raise CopyError(f"The copy cannot be used: {place} is missing or too short.")
        found[index] = [entry[-HASH_BYTES:] for entry in entries]
    return found


def _indexes(size: int, checkpoint: Checkpoint) -> range:
    """The indexes of the entry bundles that hold entries from `size` to the checkpoint's."""
    return range(size // TILE_WIDTH, -(-checkpoint.size // TILE_WIDTH))
