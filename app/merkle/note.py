"""Signed notes and verifier keys (c2sp.org/signed-note), with Ed25519 signatures (type 01)."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.merkle.encoding import decode_base64, encode_base64

NOTE_BYTES_MAX = 1_000_000
SIGNATURES_MAX = 100
ED25519 = 0x01

_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_LINE_START = "— "  # em dash, space


class NoteError(ValueError):
    """A note or a verifier key is malformed, or a signature does not hold; the text says which, in one clause."""


class NoKnownSignatureError(NoteError):
    """No signature on the note is by a key that the verifier knows."""


def key_id(name: str, signature_type: int, public_key: bytes) -> bytes:
    """The first four bytes of SHA-256(name ‖ 0A ‖ type ‖ key)."""
    return sha256(name.encode() + b"\n" + bytes([signature_type]) + public_key).digest()[:_KEY_ID_BYTES]


def is_key_name(name: str) -> bool:
    """Whether `name` can name a key: not empty, valid Unicode, no space, no control character, no plus."""
    return _KEY_NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class VKey:
    """An Ed25519 verifier key: the key's name and its 32 bytes (RFC 8032). `str()` gives the vkey text."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("the name of a key is empty or holds a space or a plus")
        if len(self.public_key) != _KEY_BYTES:
            raise NoteError("an Ed25519 key has 32 bytes")

    @property
    def id(self) -> bytes:
        """The key ID of type 01 signatures by this key, four bytes."""
        return key_id(self.name, ED25519, self.public_key)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` is this key's Ed25519 signature of `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([ED25519]) + self.public_key)}"


def parse_vkey(text: str) -> VKey:
    """The key that `text` (name+hash+base64, no line end) describes; NoteError for anything else or another type."""
    name, identifier, public_key = split_key(text, ED25519, "01 (Ed25519)")
    vkey = VKey(name=name, public_key=public_key)
    if vkey.id.hex() != identifier:
        raise NoteError("the hash in the verifier key does not fit its name and key")
    return vkey


def split_key(text: str, signature_type: int, type_name: str) -> tuple[str, str, bytes]:
    """Name, hash and key of a vkey text; NoteError when it is of another type than `type_name` says."""
    name, _, rest = text.partition("+")
    identifier, _, encoded = rest.partition("+")
    try:
        material = decode_base64(encoded)
    except ValueError:
        raise NoteError("a verifier key has the form name+hash+base64") from None
    if material[:1] != bytes([signature_type]):
        raise NoteError(f"the verifier key is not of type {type_name}")
    return name, identifier, material[1:]


def parse_vkeys(text: str) -> tuple[VKey, ...]:
    """The keys of a vkey file, one a line; blank lines are passed over. NoteError when there is none or one is bad."""
    vkeys = tuple(parse_vkey(line.strip()) for line in text.splitlines() if line.strip())
    if not vkeys:
        raise NoteError("the file holds no verifier key")
    return vkeys


class NoteSignature(NamedTuple):
    """One signature line: key name, key ID (four bytes) and the signature itself."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note taken apart: the text with its final newline, and its signatures in order, none of them checked."""

    text: str
    signatures: tuple[NoteSignature, ...]


def parse_note(data: bytes) -> Note:
    """The parts of a well-formed note: at most 1,000,000 bytes and 100 signatures; else NoteError."""
    if len(data) > NOTE_BYTES_MAX:
        raise NoteError("the note is too long")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None
    if any(char < " " and char != "\n" for char in whole):
        raise NoteError("the note holds a control character")
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError("the note has no blank line before complete signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("the note has too many signatures")
    return Note(text=head + "\n", signatures=tuple(_parse_signature(line) for line in lines))


def verify_note(data: bytes, vkeys: Iterable[VKey]) -> "VerifiedNote":
    """The note, checked under the keys that the verifier knows.

    Signatures by unknown keys are passed over. Raises NoKnownSignatureError when none is by a known key, and
    NoteError when the note is malformed or any signature by a known key is bad.
    """
    note = parse_note(data)
    message = note.text.encode()
    known = {(vkey.name, vkey.id, vkey.public_key): vkey for vkey in vkeys}.values()
    signers = []
    for line in note.signatures:
        for vkey in known:
            if (vkey.name, vkey.id) != (line.name, line.key_id):
                continue
            if not vkey.verifies(line.signature, message):
                raise NoteError("a signature by a known key does not hold")
            signers.append(vkey)
    if not signers:
        raise NoKnownSignatureError("the note is signed by none of the known keys")
    return VerifiedNote(text=note.text, signers=tuple(signers))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNote:
    """A note's text and the known keys that signed it, at least one."""

    text: str
    signers: tuple[VKey, ...]


def sign_note(text: str, *, vkey: VKey, sign: Callable[[bytes], bytes]) -> bytes:
    """`text` (which ends in a newline) as a note signed by `vkey`; `sign` gives the Ed25519 signature of its bytes."""
    message = text.encode()
    line = signature_line(NoteSignature(vkey.name, vkey.id, sign(message)))
    note = message + b"\n" + line
    if parse_note(note).text != text:
        raise NoteError("the text of a note ends in a newline")
    return note


def signature_line(signature: NoteSignature) -> bytes:
    """The line that carries a signature, with its newline."""
    return f"{_LINE_START}{signature.name} {encode_base64(signature.key_id + signature.signature)}\n".encode()


def with_signatures(note: bytes, added: Sequence[NoteSignature]) -> bytes:
    """The same note with more signature lines at its end, such as cosignatures; those already there are not doubled."""
    present = set(parse_note(note).signatures)
    return note + b"".join(signature_line(item) for item in added if item not in present)


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_LINE_START).partition(" ")
    if not line.startswith(_LINE_START) or not is_key_name(name):
        raise NoteError("a line after the blank line is not a signature")
    try:
        data = decode_base64(encoded)
    except ValueError:
        raise NoteError("a signature is not canonical base64") from None
    if len(data) <= _KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    return NoteSignature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])
