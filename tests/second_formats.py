"""What the second verifier reads bundles with: canonical JSON, Base64, hash trees, signed notes.

Trees follow the recursive definitions of RFC 6962 §2.1 and RFC 9162 §2.1.3-2.1.4 and not the usual loops.
Nothing here is shared with the application.
"""

import binascii
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = Any

_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")


class Refused(ValueError):  # noqa: N818 - it names the verdict, which is no fault of the program
    """A check failed; the text is `<check>: <where or what>` and repeats no value from the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A verifier key of signature type 01 (C2SP signed-note)."""

    name: str
    id: bytes
    point: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The three lines of a checkpoint: origin, tree size, root hash."""

    origin: str
    size: int
    root: bytes


def hold(condition: object, check: str, detail: str) -> None:
    if not condition:
        raise Refused(f"{check}: {detail}")


# --- JSON (RFC 8785, without floats) and Base64 ---


def jcs(value: Json) -> str:
    """The canonical JSON of a value without floats: members sorted by UTF-16 code units (RFC 8785 §3.2.3)."""
    match value:
        case dict():
            ordered = sorted(value, key=lambda name: name.encode("utf-16-be"))
            return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in ordered) + "}"
        case list():
            return "[" + ",".join(jcs(item) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _distinct(pairs: list[tuple[str, Json]]) -> Json:
    members = dict(pairs)
    hold(len(members) == len(pairs), "json", "a member stands twice")
    return members


def _integer(token: str) -> int:
    hold(len(token) <= 17 and abs(int(token)) < 2**53, "json", "an integer of 2^53 or more")
    return int(token)


def _no_float(token: str) -> NoReturn:
    raise Refused("json: a number that is no plain integer")


def read_canonical(raw: bytes) -> Json:
    """The value of canonical bytes; anything else is refused."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_distinct,
            parse_int=_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        canonical = jcs(value).encode()
    except (json.JSONDecodeError, UnicodeError, RecursionError):
        raise Refused("json: the bytes are not JSON in UTF-8") from None
    hold(canonical == raw, "canonical", "the bytes are not the canonical form of their value")
    return value


def base64(text: Json, check: str, where: str, size: int | None = None) -> bytes:
    """The bytes of canonical, padded, standard Base64, `size` of them where it is given."""
    try:
        raw = b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        raw = None
    hold(raw is not None and b64encode(raw).decode() == text, check, f"{where} is not canonical Base64")
    assert raw is not None
    hold(size in {None, len(raw)}, check, f"{where} is not of {size} bytes")
    return raw


def record(value: Json, members: str, where: str) -> Json:
    exact = isinstance(value, dict) and set(value) == set(members.split())
    hold(exact, "members", f"{where} has not exactly its members")
    return value


def items(value: Json, where: str) -> list[Json]:
    hold(isinstance(value, list), "members", f"{where} is no array")
    return list(value)


def is_match(pattern: re.Pattern[str], value: Json) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_count(value: Json, least: int | None = 0) -> bool:
    return type(value) is int and (least is None or value >= least)


def is_time(value: Json) -> bool:
    try:
        return is_match(_TIME, value) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


# --- Trees ---


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01", left, right)


def _split(size: int) -> int:
    """The largest power of two below `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def rebuild_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1 over leaves that are hashed already."""
    if len(leaf_hashes) < 2:
        return leaf_hashes[0] if leaf_hashes else sha256()
    k = _split(len(leaf_hashes))
    return _node(rebuild_root(leaf_hashes[:k]), rebuild_root(leaf_hashes[k:]))


def root_by_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that PATH(index, D[size]) of RFC 9162 §2.1.3.1 leads to; None when its length is wrong."""
    if size <= 1 or not path:
        return leaf if size == 1 and index == 0 and not path else None
    k, sibling = _split(size), path[-1]
    if index < k:
        below = root_by_path(index, k, leaf, path[:-1])
        return None if below is None else _node(below, sibling)
    below = root_by_path(index - k, size - k, leaf, path[:-1])
    return None if below is None else _node(sibling, below)


def _subproof(m: int, n: int, proof: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes] | None:
    """Old and new hash of a subtree, undoing SUBPROOF(m, D[n], b) of RFC 9162 §2.1.4.1.

    `known` is the old root while the old tree is still the whole left edge (b true), else None.
    """
    if m == n:
        edge = [known] if known is not None else []
        both = [*edge, *proof]
        return (both[0], both[0]) if len(both) == 1 else None
    if not proof:
        return None
    k, last = _split(n), proof[-1]
    if m <= k:
        left = _subproof(m, k, proof[:-1], known)
        return None if left is None else (left[0], _node(left[1], last))
    right = _subproof(m - k, n - k, proof[:-1], None)
    return None if right is None else (_node(last, right[0]), _node(last, right[1]))


def is_consistent(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree `new` begins with all of the tree `old`."""
    if old.size > new.size:
        return False
    if old.size == 0:
        return old.root == sha256() and not proof and (new.size > 0 or new.root == old.root)
    return _subproof(old.size, new.size, proof, old.root) == (old.root, new.root)


# --- Notes ---


def read_vkey(vkey: Json, where: str = "a key") -> Key:
    parts = vkey.split("+", 2) if isinstance(vkey, str) else []
    hold(len(parts) == 3, "vkey", f"{where} has not three parts")
    name, identity, encoded = parts
    hold(name and not re.search(r"\s", name), "vkey", f"{where} has a bad name")
    raw = base64(encoded, "vkey", where, 33)
    hold(raw[0] == 1, "vkey", f"{where} is no Ed25519 note key")
    key_id = sha256(name.encode(), b"\n", raw)[:4]
    hold(identity == key_id.hex(), "vkey", f"{where} does not match its own hash")
    return Key(name=name, id=key_id, point=raw[1:])


def read_note(note: Json, check: str, where: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text (with its last LF) and signatures (name, key id, signature) of a C2SP signed note."""
    hold(isinstance(note, str), check, f"{where} is no text")
    text, blank, block = note.rpartition("\n\n")
    hold(text and blank and block.endswith("\n"), check, f"{where} is no signed note")
    hold(not re.search(r"[\x00-\x09\x0b-\x1f]", note), check, f"{where} holds a control character")
    lines = block[:-1].split("\n")
    hold(len(lines) <= 100, check, f"{where} has too many signatures")
    return text + "\n", [_signature(line, check, where) for line in lines]


def _signature(line: str, check: str, where: str) -> tuple[str, bytes, bytes]:
    found = re.fullmatch(r"— ([^\s+]+) ([^\s]+)", line)
    hold(found, check, f"{where} has a bad signature line")
    assert found is not None
    raw = base64(found[2], check, f"a signature of {where}")
    hold(len(raw) > 4, check, f"{where} has an empty signature")
    return found[1], raw[:4], raw[4:]


def signers(note: Json, keys: Iterable[Key], check: str, where: str) -> list[Key]:
    """Those of `keys` that signed; a bad signature under one of them refuses the note."""
    text, signatures = read_note(note, check, where)
    known = [(key, raw) for key in keys for *owner, raw in signatures if owner == [key.name, key.id]]
    for key, signature in known:
        try:
            Ed25519PublicKey.from_public_bytes(key.point).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            raise Refused(f"signature: {where} has a bad one") from None
    return [key for key, _ in known]


def read_head(text: Json, check: str, where: str) -> Head:
    """The tree head that a checkpoint's text of exactly three lines speaks of."""
    lines = text.split("\n") if isinstance(text, str) else []
    hold(len(lines) == 4 and lines[0] and lines[3] == "", check, f"{where} has not exactly three lines")
    hold(is_match(DECIMAL, lines[1]), check, f"{where} has a bad size")
    return Head(origin=lines[0], size=int(lines[1]), root=base64(lines[2], check, f"the root of {where}", 32))


def read_checkpoint_text(note: Json, where: str) -> Head:
    """What a checkpoint says, before anybody asked who signed it."""
    return read_head(read_note(note, "checkpoint", where)[0], "checkpoint", where)


def read_checkpoint(note: Json, keys: Iterable[Key], where: str) -> Head:
    """What a checkpoint says under the signature of one of `keys` that is named as its origin."""
    head = read_checkpoint_text(note, where)
    names = [key.name for key in signers(note, keys, "checkpoint", where)]
    hold(head.origin in names, "signature", f"{where} is not signed by a brought key of its origin")
    return head


def check_checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that `vkey` signed; raises Refused when anything is wrong."""
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise Refused("checkpoint: the note is not UTF-8") from None
    head = read_checkpoint(text, [read_vkey(vkey)], "the checkpoint")
    return head.origin, head.size, head.root
