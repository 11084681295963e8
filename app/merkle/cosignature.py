"""Cosignatures of witnesses (c2sp.org/tlog-cosignature): cosignature/v1, Ed25519, signature type 04.

A cosignature says that at its time the checkpoint was the largest consistent one that the witness had seen of its log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.merkle.encoding import encode_base64
from app.merkle.note import NoteError, NoteSignature, is_key_name, key_id, parse_note, split_key

COSIGNATURE = 0x04
TIME_MAX = 2**63 - 1

_KEY_BYTES = 32
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


class Cosignature(NamedTuple):
    """What the bytes after the key ID hold: POSIX seconds, and 64 bytes of Ed25519."""

    at: int
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignerKey:
    """A witness's key: its name and its 32 bytes (RFC 8032). `str()` gives the vkey text."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("the name of a key is empty or holds a space or a plus")
        if len(self.public_key) != _KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")

    @property
    def id(self) -> bytes:
        """The key ID of type 04 signatures by this key, four bytes."""
        return key_id(self.name, COSIGNATURE, self.public_key)

    def made(self, line: NoteSignature) -> bool:
        """Whether a signature line names this key; it may still be bad."""
        return (line.name, line.key_id) == (self.name, self.id)

    def verifies(self, text: str, line: NoteSignature) -> int | None:
        """The time, in POSIX seconds, at which this key cosigned the note's `text`; None when the line does not say so.

        `text` ends in the note's final newline.
        """
        if not self.made(line):
            return None
        try:
            cosignature = read_cosignature(line)
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(cosignature.signature, cosigned_message(text, at=cosignature.at))
        except (InvalidSignature, ValueError):
            return None
        return cosignature.at

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([COSIGNATURE]) + self.public_key)}"


def parse_cosigner_key(text: str) -> CosignerKey:
    """The key that `text` (name+hash+base64, no line end) describes; NoteError for anything else or another type."""
    name, identifier, public_key = split_key(text, COSIGNATURE, "04 (cosignature/v1 with Ed25519)")
    key = CosignerKey(name=name, public_key=public_key)
    if key.id.hex() != identifier:
        raise NoteError("the hash in the verifier key does not fit its name and key")
    return key


def cosigned_message(text: str, *, at: int) -> bytes:
    """What a cosigner signs: a header line, a time line, and the whole text of the checkpoint's note."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosign(text: str, *, key: CosignerKey, sign: Callable[[bytes], bytes], at: int) -> NoteSignature:
    """The line by which `key` states to have seen the checkpoint of this `text` at `at`, in POSIX seconds.

    `sign` gives the key's Ed25519 signature. ValueError unless 0 < at < 2^63: a witness never leaves out the time.
    """
    if not 0 < at <= TIME_MAX:
        raise ValueError("the time of a cosignature is positive and below 2^63")
    signature = sign(cosigned_message(text, at=at))
    return NoteSignature(key.name, key.id, at.to_bytes(_TIME_BYTES, "big") + signature)


def read_cosignature(line: NoteSignature) -> Cosignature:
    """Time and signature of a line by a cosigner, not verified; NoteError when it cannot be one."""
    at = int.from_bytes(line.signature[:_TIME_BYTES], "big")
    if len(line.signature) != _TIME_BYTES + _SIGNATURE_BYTES or at > TIME_MAX:
        raise NoteError("a cosignature is eight bytes of time below 2^63 and 64 bytes of signature")
    return Cosignature(at, line.signature[_TIME_BYTES:])


def cosignatures_in(lines: bytes, *, text: str, keys: Iterable[CosignerKey]) -> tuple[NoteSignature, ...]:
    """The lines among those that a witness answered by which one of `keys` cosigned the note of this `text`.

    Lines by unknown keys are passed over (c2sp.org/tlog-witness). NoteError when `lines` are not signature lines, or
    one that names a known key is bad.
    """
    note = parse_note(f"{text}\n".encode() + lines)
    if note.text != text:
        raise NoteError("the witness answered more than signature lines")
    known = tuple(keys)
    accepted = []
    for line in note.signatures:
        makers = [key for key in known if key.made(line)]
        if any(key.verifies(text, line) is None for key in makers):
            raise NoteError("a cosignature by a known key does not hold")
        if makers:
            accepted.append(line)
    return tuple(accepted)
