"""Cosignatures against the specification's example and against an implementation of it in a dozen lines."""

from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from struct import pack

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.merkle.cosignature import (
    TIME_MAX,
    CosignerKey,
    cosign,
    cosignatures_in,
    parse_cosigner_key,
    read_cosignature,
)
from app.merkle.note import NoteError, NoteSignature, parse_note, signature_line

# The example of c2sp.org/tlog-cosignature.
EXAMPLE_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
EXAMPLE_LINE = (
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
EXAMPLE_TIME = 1679315147

NAME = "witness.example/w1"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KEY = CosignerKey(name=NAME, public_key=PUBLIC)
OTHER = CosignerKey(
    name=NAME, public_key=Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
)


def by_the_specification(text: str, at: int) -> bytes:
    """A signature line, put together from the words of the specification alone."""
    key_id = sha256(NAME.encode() + b"\n" + b"\x04" + PUBLIC).digest()[:4]
    signed = PRIVATE.sign(b"cosignature/v1\n" + b"time %d\n" % at + text.encode())
    return b"\xe2\x80\x94 %s %s\n" % (NAME.encode(), b64encode(key_id + pack(">Q", at) + signed))


def line(at: int = EXAMPLE_TIME, text: str = EXAMPLE_TEXT) -> NoteSignature:
    return cosign(text, key=KEY, sign=PRIVATE.sign, at=at)


@pytest.mark.parametrize("at", [1, EXAMPLE_TIME, TIME_MAX])
def test_a_cosignature_is_that_of_the_specification(at: int) -> None:
    assert signature_line(line(at)) == by_the_specification(EXAMPLE_TEXT, at)


def test_the_key_is_name_hash_and_typed_key() -> None:
    name, identifier, encoded = str(KEY).split("+", 2)
    assert (name, b64decode(encoded, validate=True)) == (NAME, b"\x04" + PUBLIC)
    assert identifier == sha256(NAME.encode() + b"\n\x04" + PUBLIC).hexdigest()[:8]
    assert parse_cosigner_key(str(KEY)) == KEY


def test_the_example_of_the_specification_is_of_its_time() -> None:
    (read,) = parse_note(f"{EXAMPLE_TEXT}\n{EXAMPLE_LINE}".encode()).signatures
    assert read.name == "witness.example.com/w1"
    assert read_cosignature(read).at == EXAMPLE_TIME


@pytest.mark.parametrize("at", [0, -1, TIME_MAX + 1])
def test_no_time_before_the_first_or_after_the_last_second_is_cosigned(at: int) -> None:
    with pytest.raises(ValueError, match="time of a cosignature"):
        line(at)


def test_a_key_says_when_it_cosigned() -> None:
    assert KEY.verifies(EXAMPLE_TEXT, line()) == EXAMPLE_TIME


def test_the_lines_after_the_third_are_cosigned_too() -> None:
    extended = EXAMPLE_TEXT + "extension\n"
    assert KEY.verifies(extended, line(text=extended)) == EXAMPLE_TIME
    assert KEY.verifies(EXAMPLE_TEXT, line(text=extended)) is None


@pytest.mark.parametrize(
    "bad",
    [
        line()._replace(name="witness.example/w2"),
        line()._replace(key_id=OTHER.id),
        line()._replace(signature=line().signature[:-1]),
        line()._replace(signature=line().signature + b"\0"),
        line()._replace(signature=pack(">Q", EXAMPLE_TIME + 1) + line().signature[8:]),
        line()._replace(signature=pack(">Q", TIME_MAX + 1) + line().signature[8:]),
        line()._replace(signature=line().signature[8:]),
        line()._replace(signature=b"\0" * 72),
        line(text=EXAMPLE_TEXT.replace("20852163", "20852164")),
        # The log's kind of signature, over the text alone, is none of a witness's.
        line()._replace(signature=line().signature[:8] + PRIVATE.sign(EXAMPLE_TEXT.encode())),
    ],
)
def test_what_the_key_did_not_cosign_has_no_time(bad: NoteSignature) -> None:
    assert KEY.verifies(EXAMPLE_TEXT, bad) is None


def test_another_key_of_the_same_name_did_not_cosign() -> None:
    assert OTHER.verifies(EXAMPLE_TEXT, line()) is None


def test_a_key_that_is_no_point_verifies_nothing() -> None:
    odd = replace(KEY, public_key=b"\xff" * 32)
    assert odd.verifies(EXAMPLE_TEXT, line()._replace(key_id=odd.id)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        f"{NAME}+00000000",
        str(KEY) + "=",
        str(KEY) + "\n",
        str(KEY)[:-4],
        str(KEY).replace(f"+{KEY.id.hex()}+", f"+{KEY.id.hex().upper()}+"),
        str(KEY).replace("w1", "w2"),
        str(KEY).replace("w1", "w 1"),
        f"{NAME}+{sha256(NAME.encode() + b'%c%c' % (10, 1) + PUBLIC).hexdigest()[:8]}+"
        + b64encode(b"\x01" + PUBLIC).decode(),
        f"{NAME}+00000000+" + b64encode(b"\x06" + bytes(1312)).decode(),
    ],
)
def test_a_malformed_key_or_one_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_cosigner_key(text)


def test_of_an_answer_the_lines_by_known_keys_are_taken() -> None:
    stranger = EXAMPLE_LINE.encode()
    lines = stranger + signature_line(line()) + stranger
    assert cosignatures_in(lines, text=EXAMPLE_TEXT, keys=[KEY]) == (line(),)
    assert cosignatures_in(stranger, text=EXAMPLE_TEXT, keys=[KEY]) == ()


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"garbage\n",
        b"\n" + signature_line(line()),
        signature_line(line())[:-1],
        signature_line(line()) + b"\n" + signature_line(line()),
        signature_line(line(text=EXAMPLE_TEXT + "more\n")),
        b"\xff",
    ],
)
def test_an_answer_that_is_no_line_or_a_bad_one_is_refused(lines: bytes) -> None:
    with pytest.raises(NoteError):
        cosignatures_in(lines, text=EXAMPLE_TEXT, keys=[KEY])
