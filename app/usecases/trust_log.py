"""Compare the database with what was signed of it: the mark, or a checkpoint that a witness remembers."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.shard import shard_of
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, VKey, parse_note, parse_vkey, signature_line, verify_note
from app.merkle.tree import CompactRange
from app.ports import SigningKeys
from app.storage import log
from app.storage.database import Database
from app.storage.log import TreeHead
from app.usecases.log_fault import LogFaultError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint that one or more of our own keys signed. `note` has their signatures only, none of witnesses."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    vkeys: tuple[VKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What was signed and is there: the shard's present head, and the range of the entries that were signed."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)
    head: TreeHead
    range: CompactRange


def read_signed(note: bytes, *, keys: SigningKeys) -> SignedCheckpoint:
    """The checkpoint in a note that one of our keys signed. Raises LogFaultError for anything else."""
    try:
        unverified = parse_checkpoint(parse_note(note).text)
        vkeys = [parse_vkey(signer.vkey) for signer in keys.all(unverified.origin)]
        verified = verify_note(note, vkeys)
        return SignedCheckpoint(
            checkpoint=parse_checkpoint(verified.text), note=_signed_by(note, verified.signers), vkeys=verified.signers
        )
    except (NoteError, CheckpointError) as error:
        raise LogFaultError(f"The mark is not a checkpoint of this log ({error})") from error


def only_signed(notes: Iterable[bytes], *, keys: SigningKeys) -> list[SignedCheckpoint]:
    """Those of the notes that are checkpoints which one of our keys signed: others prove nothing, whoever sent them."""
    signed = []
    for note in notes:
        with contextlib.suppress(LogFaultError):
            signed.append(read_signed(note, keys=keys))
    return signed


def _signed_by(note: bytes, vkeys: Iterable[VKey]) -> bytes:
    known = {(vkey.name, vkey.id) for vkey in vkeys}
    parsed = parse_note(note)
    lines = [signature_line(line) for line in parsed.signatures if (line.name, line.key_id) in known]
    return parsed.text.encode() + b"\n" + b"".join(lines)


def is_newer(checkpoint: Checkpoint, *, than: bytes) -> bool:
    """Whether `checkpoint` is of another shard than the note `than`, or of a larger tree."""
    other = parse_checkpoint(parse_note(than).text)
    return checkpoint.origin != other.origin or checkpoint.size > other.size


def reaches(head: TreeHead, note: bytes) -> bool:
    """Whether a shard is that of the note and not shorter than the note says, or a later one.

    False also for what is no checkpoint.
    """
    try:
        signed = parse_checkpoint(parse_note(note).text)
    except (NoteError, CheckpointError):
        return False
    if head.origin == signed.origin:
        return head.range.size >= signed.size
    return head.shard > shard_of(signed.origin)


def covers(final_note: bytes, checkpoint: Checkpoint) -> bool:
    """Whether a shard that a recovery ended with `final_note` ended at this checkpoint or after it."""
    final = parse_checkpoint(parse_note(final_note).text)
    return final == checkpoint or final.size > checkpoint.size


async def trusted_range(database: Database, signed: SignedCheckpoint) -> Trusted:
    """Check that the database holds the entries that a checkpoint was signed over.

    Raises LogFaultError when it holds fewer, or others, or does not know their shard.
    """
    checkpoint = signed.checkpoint
    async with database.read() as tx:
        head = next((head for head in await log.heads(tx) if head.origin == checkpoint.origin), None)
        if head is None:
            raise LogFaultError(
                "The mark is a checkpoint of another log, or of a shard that the database does not hold"
            )
        if head.final_note is not None and covers(head.final_note, checkpoint):
            # A recovery has ended this shard short of what was signed: nothing more is signed of it.
            return Trusted(checkpoint=checkpoint, note=signed.note, head=head, range=head.range)
        if checkpoint.size > head.range.size:
            raise LogFaultError(
                f"The database is behind the mark: it has {head.range.size} entries, {checkpoint.size} were signed"
            )
        known = await log.compact_range(tx, head.shard, checkpoint.size)
    if known.root() != checkpoint.root:
        raise LogFaultError(f"The first {checkpoint.size} entries differ from those that were signed")
    return Trusted(checkpoint=checkpoint, note=signed.note, head=head, range=known)
