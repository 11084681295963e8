"""Keys and what they protect: a key per person, blind indexes, and MACs for tokens, under one root secret.

The root secret (32 bytes, in AWIZO_DATA_DIR) never touches the database. From it HKDF (RFC 5869) derives one
key per use. A person's own key encrypts every value of theirs (AES-256-GCM, fresh 96-bit nonce, the place the
value stands in as associated data); destroying the wrapped key destroys the values, in backups too.
"""

import hmac
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def _derive(root: bytes, use: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"awizo/{use}/v1".encode()).derive(root)


@dataclass(frozen=True, slots=True)
class PersonKey:
    """Encrypts the values of one person, or of one session. Never printed."""

    _aead: AESGCM = field(repr=False)

    def seal(self, value: bytes, *, place: bytes) -> bytes:
        """`value` encrypted; `place` (the row it stands in) must be the same when it is opened."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, value, place)

    def open(self, sealed: bytes, *, place: bytes) -> bytes:
        """The value. Raises cryptography's InvalidTag when key, place or bytes are not the sealed ones."""
        return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], place)


def key_from_token(token: str) -> PersonKey:
    """The key that follows from a token of 256 random bits: without the token nobody has it, nor we ourselves."""
    return PersonKey(AESGCM(_derive(token.encode(), "token")))


class Vault:
    """Derives, wraps and indexes with the deployment's root secret."""

    def __init__(self, root_secret: bytes) -> None:
        if len(root_secret) != 32:
            raise ValueError("the root secret has 32 bytes")
        self._wrapping = AESGCM(_derive(root_secret, "wrap"))
        self._index_key = _derive(root_secret, "index")
        self._mac_key = _derive(root_secret, "mac")

    def __repr__(self) -> str:
        return "Vault()"

    def new_key(self, recipient: bytes) -> tuple[PersonKey, bytes]:
        """A fresh person key, and the same wrapped for storage beside that recipient's id."""
        raw = os.urandom(32)
        nonce = os.urandom(_NONCE)
        return PersonKey(AESGCM(raw)), nonce + self._wrapping.encrypt(nonce, raw, recipient)

    def unwrap(self, wrapped: bytes, recipient: bytes) -> PersonKey:
        """The person key that `new_key` wrapped for that recipient."""
        return PersonKey(AESGCM(self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], recipient)))

    def index(self, kind: str, *parts: str) -> bytes:
        """A keyed blind index (HMAC-SHA256) of names or addresses: equal input, equal index, no way back."""
        return self._hmac(self._index_key, kind, [part.encode() for part in parts])

    def mac(self, kind: str, *parts: bytes) -> bytes:
        """A MAC for things we hand out and want to recognise: callback addresses, unsubscribe links."""
        return self._hmac(self._mac_key, kind, list(parts))

    @staticmethod
    def _hmac(key: bytes, kind: str, parts: list[bytes]) -> bytes:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        message = b"".join(len(part).to_bytes(4, "big") + part for part in [kind.encode(), *parts])
        return hmac.digest(key, message, "sha256")  # by its name: given the function, it takes twice as long
