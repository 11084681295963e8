from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.merkle.note import (
    NoKnownSignatureError,
    NoteError,
    NoteSignature,
    VKey,
    parse_note,
    parse_vkey,
    parse_vkeys,
    sign_note,
    verify_note,
    with_signatures,
)

# The example of c2sp.org/signed-note, which is also the test vector of Go's golang.org/x/mod/sumdb/note.
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = VKey(name="log.example/2026h2", public_key=PRIVATE.public_key().public_bytes_raw())
OTHER_PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = VKey(name=KEY.name, public_key=OTHER_PRIVATE.public_key().public_bytes_raw())
SIGNED = sign_note("text\n", vkey=KEY, sign=PRIVATE.sign)


def signature_by_other(message: bytes) -> NoteSignature:
    return NoteSignature(OTHER.name, OTHER.id, OTHER_PRIVATE.sign(message))


def test_the_example_of_the_specification_verifies() -> None:
    key = parse_vkey(EXAMPLE_VKEY)
    assert verify_note(EXAMPLE_NOTE, [key]).text == "This is an example message.\n"
    assert str(key) == EXAMPLE_VKEY


def test_a_note_says_which_keys_signed_it() -> None:
    both = with_signatures(SIGNED, [signature_by_other(b"text\n")])
    assert verify_note(both, [OTHER, KEY]).signers == (KEY, OTHER)


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    bad = with_signatures(SIGNED, [replace_signature(signature_by_other(b"text\n"))])
    assert verify_note(bad, [KEY]).signers == (KEY,)


def test_a_bad_signature_by_a_known_key_spoils_the_note() -> None:
    bad = with_signatures(SIGNED, [replace_signature(signature_by_other(b"text\n"))])
    with pytest.raises(NoteError, match="does not hold"):
        verify_note(bad, [KEY, OTHER])


def test_a_note_by_unknown_keys_only_is_refused_and_says_so() -> None:
    with pytest.raises(NoKnownSignatureError):
        verify_note(SIGNED, [OTHER])
    with pytest.raises(NoKnownSignatureError):
        verify_note(SIGNED, [])


def test_a_key_of_the_same_material_and_another_name_is_unknown() -> None:
    with pytest.raises(NoKnownSignatureError):
        verify_note(SIGNED, [replace(KEY, name="log.example/2027h1")])


def test_a_changed_text_is_refused() -> None:
    with pytest.raises(NoteError, match="does not hold"):
        verify_note(SIGNED.replace(b"text", b"test"), [KEY])


def test_the_text_may_hold_empty_lines() -> None:
    note = sign_note("a\n\nb\n", vkey=KEY, sign=PRIVATE.sign)
    assert verify_note(note, [KEY]).text == "a\n\nb\n"


def test_a_signature_that_is_there_is_not_added_again() -> None:
    assert with_signatures(SIGNED, parse_note(SIGNED).signatures) == SIGNED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED + b"-- not a signature\n",
        SIGNED.replace(b"\n\n", b"\n"),
        SIGNED.replace("—".encode(), b"-"),
        SIGNED.replace("— ".encode(), "—".encode()),
        SIGNED.replace("— ".encode(), "—  ".encode()),
        SIGNED.replace(b"log.example", b"log+example"),
        SIGNED.replace(b"log.example", "log\u00a0example".encode()),
        SIGNED.replace(b"text", b"te\txt"),
        SIGNED.replace(b"text", b"te\xffxt"),
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED.replace(b"==\n", b"\n").replace(b"=\n", b"\n"),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAAAAAAB=\n".encode(),
        "text\n\n— name \n".encode(),
        "text\n\n— name AAAAAAAA AAAA\n".encode(),
        ("text\n\n" + "— name AAAAAAAA\n" * 101).encode(),
        b"x" * 1_000_001,
    ],
)
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        parse_note(data)


def test_a_hundred_signatures_are_read() -> None:
    assert len(parse_note(("text\n\n" + "— name AAAAAAAA\n" * 100).encode()).signatures) == 100


@pytest.mark.parametrize("text", ["no newline", "", "control \x01\n"])
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, vkey=KEY, sign=PRIVATE.sign)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "example.com/foo+530d903a",
        EXAMPLE_VKEY + "=",
        EXAMPLE_VKEY.replace("530d903a", "530D903A"),
        EXAMPLE_VKEY.replace("530d903a", "530d903b"),
        EXAMPLE_VKEY.replace("foo", "fo o"),
        EXAMPLE_VKEY.replace("+Aek", "+Bek"),
        EXAMPLE_VKEY[:-4],
        EXAMPLE_VKEY + "\n",
        "\ud800" + EXAMPLE_VKEY,
    ],
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_vkey(text)


def test_a_key_file_has_one_key_a_line() -> None:
    assert parse_vkeys(f"{KEY}\n\n{OTHER}\r\n") == (KEY, OTHER)


@pytest.mark.parametrize("text", ["", "\n\n", f"{KEY} {OTHER}\n", f"{KEY}\nrubbish\n"])
def test_a_key_file_without_good_keys_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_vkeys(text)


def replace_signature(signature: NoteSignature) -> NoteSignature:
    return signature._replace(signature=bytes(64))
