"""Signs notes with Ed25519 keys kept in files (C2SP signed-note, RFC 8032)."""

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
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


class KeyFolder:
    """`app.ports.SigningKeys` as files: `log.key`, then `log-2.key` and so on for keys that were rotated in.

    Names that end in `statements_suffix` are signed by `statements.key` and its successors. The folder is read again
    whenever a key is asked for that is not known yet, so that a rotation needs no restart.
    """

    def __init__(self, folder: Path, *, statements_suffix: str) -> None:
        self._folder = folder
        self._suffix = statements_suffix
        self._seeds: dict[str, list[bytes]] = {}
        for use in ("log", "statements"):
            self._reload(use)

    def newest(self, name: str) -> Ed25519Signer:
        """The newest key, under that name; the first one is made here."""
        use = self._use(name)
        if not self._seeds[use]:
            load_or_create_key(self._file(use, 1))
            self._reload(use)
        return self.all(name)[-1]

    def all(self, name: str) -> Sequence[Ed25519Signer]:
        """Every key for the use that `name` has, the oldest first."""
        return [_signer(name, seed) for seed in self._seeds[self._use(name)]]

    def holding(self, vkey: str) -> Ed25519Signer | None:
        """The signer of this very verifier key, or None."""
        name = vkey.partition("+")[0]
        found = self._find(name, vkey)
        if found is None:
            self._reload(self._use(name))
            found = self._find(name, vkey)
        return found

    def rotate(self, name: str) -> Ed25519Signer:
        """Make the next key; processes that do so at once make the same one."""
        use = self._use(name)
        self._reload(use)
        load_or_create_key(self._file(use, len(self._seeds[use]) + 1))
        self._reload(use)
        return self.newest(name)

    def _use(self, name: str) -> str:
        return "statements" if name.endswith(self._suffix) else "log"

    def _find(self, name: str, vkey: str) -> Ed25519Signer | None:
        return next((signer for signer in self.all(name) if signer.vkey == vkey), None)

    def _file(self, use: str, number: int) -> Path:
        return self._folder / (f"{use}.key" if number == 1 else f"{use}-{number}.key")

    def _reload(self, use: str) -> None:
        seeds: list[bytes] = []
        while (path := self._file(use, len(seeds) + 1)).exists():
            seeds.append(_read_seed(path))
        self._seeds[use] = seeds


@lru_cache(maxsize=256)
def _signer(name: str, seed: bytes) -> Ed25519Signer:
    return Ed25519Signer(name, seed)


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
