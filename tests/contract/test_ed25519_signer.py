"""The signer's promises: RFC 8032 signatures, C2SP verifier keys, and a key file that is whole or absent."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.ed25519_signer import Ed25519Signer, load_or_create_key
from app.ports import Signer

# RFC 8032 §7.1, test 2: seed, public key, message, signature.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
MESSAGE = bytes.fromhex("72")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_a_signature_is_that_of_rfc_8032() -> None:
    signer: Signer = Ed25519Signer("log.example/log", SEED)
    assert signer.sign(MESSAGE) == SIGNATURE


def test_the_verifier_key_is_name_hash_and_typed_key() -> None:
    name, key_hash, encoded = Ed25519Signer("log.example/log", SEED).vkey.split("+", 2)
    assert name == "log.example/log"
    assert base64.b64decode(encoded, validate=True) == b"\x01" + PUBLIC
    assert key_hash == hashlib.sha256(b"log.example/log\n\x01" + PUBLIC).hexdigest()[:8]


@given(message=st.binary(max_size=200), flipped=st.integers(min_value=0, max_value=511))
def test_a_signature_with_any_bit_flipped_does_not_verify(message: bytes, flipped: int) -> None:
    signature = bytearray(Ed25519Signer("k", SEED).sign(message))
    public = Ed25519PublicKey.from_public_bytes(PUBLIC)
    public.verify(bytes(signature), message)
    signature[flipped // 8] ^= 1 << flipped % 8
    with pytest.raises(InvalidSignature):
        public.verify(bytes(signature), message)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_a_note_could_not_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        Ed25519Signer(name, SEED)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Ed25519Signer("k", b"s" * size)


def test_the_seed_is_not_in_the_repr() -> None:
    shown = repr(Ed25519Signer("k", SEED))
    assert SEED.hex() not in shown
    assert base64.b64encode(SEED).decode() not in shown


def test_a_new_key_is_random_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_or_create_key(tmp_path / "keys" / "log.key")
    second = load_or_create_key(tmp_path / "other.key")
    assert len(first) == 32
    assert first != second
    assert (tmp_path / "keys" / "log.key").stat().st_mode & 0o777 == 0o600


def test_a_key_stays_the_same_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    assert load_or_create_key(path) == load_or_create_key(path) == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["log.key"]


def test_all_who_start_at_once_get_one_key(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    with ThreadPoolExecutor(16) as pool:
        seeds = set(pool.map(lambda _: load_or_create_key(path), range(64)))
    assert len(seeds) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["log.key"]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.key"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="exactly 32 bytes"):
        load_or_create_key(path)
    assert path.read_bytes() == content
