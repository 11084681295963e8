"""Signs notes with an Ed25519 key kept in a file (C2SP signed-note, RFC 8032)."""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED_SIZE = 32
# The signature type of Ed25519 in key hashes and verifier keys (C2SP signed-note, “Signature types”).
_ED25519 = b"\x01"


class Ed25519Signer:
    """`app.ports.Signer` with one key.

    `name` is the key name of the note's signature lines: not empty, without white space and plus sign. `seed` is the
    32-byte private key of RFC 8032 §5.1.5. Raises ValueError when either is not of that form.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        if not name or "+" in name or any(character.isspace() for character in name):
            raise ValueError("a key name is not empty and has no white space and no plus sign")
        if len(seed) != _SEED_SIZE:
            raise ValueError(f"an Ed25519 seed has {_SEED_SIZE} bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        typed_key = _ED25519 + self._key.public_key().public_bytes_raw()
        key_hash = hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:4]
        self.vkey = f"{name}+{key_hash.hex()}+{base64.b64encode(typed_key).decode('ascii')}"

    def __repr__(self) -> str:
        return f"Ed25519Signer({self.vkey!r})"

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`; the same message always gets the same signature."""
        return self._key.sign(message)


def load_or_create_key(path: Path) -> bytes:
    """The 32-byte seed kept at `path`; when there is none, a new one that is on disk when this returns.

    Creation is atomic: of several processes that start at once, all get the same seed, and a crash leaves either the
    whole file or none. The file can be read by its owner only. Raises ValueError when a file exists that is no seed,
    OSError when it cannot be read or written.
    """
    try:
        return _read_seed(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_durably(draft, secrets.token_bytes(_SEED_SIZE))
        # A link, unlike a rename, fails when another process was first: its key stays.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)
    return _read_seed(path)


def _read_seed(path: Path) -> bytes:
    seed = path.read_bytes()
    if len(seed) != _SEED_SIZE:
        raise ValueError(f"{path.name} is not a key file: it must hold exactly {_SEED_SIZE} bytes")
    return seed


def _write_durably(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
