"""Inclusion proofs as text (c2sp.org/tlog-proof@v1), without the optional line of extra data."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.merkle.encoding import decode_base64, encode_base64, parse_decimal
from app.merkle.tree import HASH_BYTES

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = "index "
_PATH_MAX = 63


class ProofFormatError(ValueError):
    """A text is no proof; the message says why in one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """An entry's index, its inclusion path (32-byte hashes, the leaf's sibling first) and the checkpoint's note."""

    index: int
    path: tuple[bytes, ...]
    note: bytes


def format_proof(*, index: int, path: Sequence[bytes], note: bytes) -> str:
    """The proof as text; `note` is the whole signed checkpoint and stands at the end verbatim."""
    lines = [_HEADER, f"{_INDEX}{index}", *(encode_base64(item) for item in path), "", ""]
    return "\n".join(lines) + note.decode("utf-8")


def parse_proof(text: str) -> LogProof:
    """The parts of a proof, its note not looked into; ProofFormatError for anything else, an extra line included."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 2 or lines[0] != _HEADER or not lines[1].startswith(_INDEX):
        raise ProofFormatError("a proof begins with its header and an index line, and has a blank line")
    if len(lines) - 2 > _PATH_MAX:
        raise ProofFormatError("the inclusion path is too long")
    try:
        index = parse_decimal(lines[1].removeprefix(_INDEX))
        path = tuple(decode_base64(line) for line in lines[2:])
        verbatim = note.encode("utf-8")
    except ValueError:
        raise ProofFormatError("the index or the inclusion path is not well-formed") from None
    if any(len(item) != HASH_BYTES for item in path):
        raise ProofFormatError("an element of the inclusion path is not 32 bytes long")
    return LogProof(index=index, path=path, note=verbatim)
