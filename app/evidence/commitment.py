"""Commitments: what the log holds instead of a fact, and what a document holds instead of a personal value."""

from functools import lru_cache
from hashlib import sha256

from app.merkle.tree import leaf_hash

SALT_BYTES = 32

_ENTRY = b"awizo-leaf/v1\n"
_RECORD = b"awizo/record/v1\x00"
_FIELD = b"awizo/field/v1\x00"


def commitment_of(document: bytes, salt: bytes) -> bytes:
    """SHA-256("awizo/record/v1" ‖ 00 ‖ salt ‖ JCS(document)); ValueError unless the salt has 32 bytes."""
    return sha256(_RECORD + _checked(salt) + document).digest()


def field_commitment(name: str, salt: bytes, value: bytes) -> bytes:
    """SHA-256("awizo/field/v1" ‖ 00 ‖ byte(len(name)) ‖ name ‖ salt ‖ value); ValueError for a salt not of 32 bytes."""
    return sha256(_field_label(name) + _checked(salt) + value).digest()


@lru_cache(maxsize=64)
def _field_label(name: str) -> bytes:
    label = name.encode("ascii")
    return _FIELD + bytes([len(label)]) + label


def entry_bytes(commitment: bytes) -> bytes:
    """The log entry of a fact: the line `awizo-leaf/v1`, then the commitment; 46 bytes."""
    return _ENTRY + commitment


def leaf_of(commitment: bytes) -> bytes:
    """The leaf hash under which a fact stands in the tree and is named by others."""
    return leaf_hash(_ENTRY + commitment)


def _checked(salt: bytes) -> bytes:
    # A salt of another length would let the first bytes of a value move into it.
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return salt
