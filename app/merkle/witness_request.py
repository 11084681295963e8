"""The body of an add-checkpoint request (c2sp.org/tlog-witness): an old size, a consistency proof, a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.merkle.encoding import decode_base64, encode_base64, parse_decimal
from app.merkle.tree import HASH_BYTES

PROOF_MAX = 63

_OLD = "old "


class WitnessRequestError(ValueError):
    """Bytes are no add-checkpoint request; the message says why in one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request: the size that the log believes the witness to know, the path from there, and the checkpoint's note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def format_add_checkpoint(*, old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body; `proof` leads from `old_size` to the checkpoint (RFC 9162 §2.1.4), 63 hashes at most, none from zero.

    `note` is the whole signed checkpoint and stands at the end verbatim. ValueError for a longer proof.
    """
    if len(proof) > PROOF_MAX:
        raise ValueError("a consistency proof has at most 63 hashes")
    lines = [f"{_OLD}{old_size}", *(encode_base64(item) for item in proof), "", ""]
    return "\n".join(lines).encode() + note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """The parts of a body, its note not looked into; WitnessRequestError for anything else."""
    head, blank, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise WitnessRequestError("the lines before the checkpoint are not ASCII") from None
    if not blank or not lines[0].startswith(_OLD):
        raise WitnessRequestError("a request begins with an old size line and has a blank line before the checkpoint")
    if len(lines) - 1 > PROOF_MAX:
        raise WitnessRequestError("the consistency proof has more than 63 hashes")
    try:
        old_size = parse_decimal(lines[0].removeprefix(_OLD))
        proof = tuple(decode_base64(line) for line in lines[1:])
    except ValueError:
        raise WitnessRequestError("the old size or the consistency proof is not well-formed") from None
    if any(len(item) != HASH_BYTES for item in proof):
        raise WitnessRequestError("an element of the consistency proof is not 32 bytes long")
    return AddCheckpoint(old_size=old_size, proof=proof, note=note)
