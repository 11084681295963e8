"""Checkpoints (c2sp.org/tlog-checkpoint) of exactly three lines: origin, tree size, root hash."""

from dataclasses import dataclass

from app.merkle.encoding import decode_base64, encode_base64, parse_decimal
from app.merkle.note import is_key_name
from app.merkle.tree import HASH_BYTES, SIZE_MAX


class CheckpointError(ValueError):
    """A text is no checkpoint; the message says why in one clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head: `origin` names the log, `size` counts its leaves, `root` is the 32-byte root hash.

    The origin is at the same time the name of the key that signs, so it has neither spaces nor plus.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise CheckpointError("the origin is empty or holds a space or a plus")
        if not 0 <= self.size <= SIZE_MAX:
            raise CheckpointError("the tree size is out of range")
        if len(self.root) != HASH_BYTES:
            raise CheckpointError("the root hash is not 32 bytes long")

    def text(self) -> str:
        """The text of the note that carries this checkpoint."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text states; CheckpointError for anything else, extension lines included."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise CheckpointError("a checkpoint has exactly three lines")
    try:
        size, root = parse_decimal(lines[1]), decode_base64(lines[2])
    except ValueError:
        raise CheckpointError("the tree size is not a plain decimal or the root hash not canonical base64") from None
    return Checkpoint(origin=lines[0], size=size, root=root)
