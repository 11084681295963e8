"""Facts as bytes: the document, its salt and commitment, the leaf that is sealed, and what opens its closed fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from app.domain.fact import Anchor, ChainLink, Fact
from app.evidence.canonical import canonical_json, format_time
from app.evidence.catalogue import CATALOGUE, GRADE_WORDS, SUBSTITUTES_PAPER, Chain, FactType, grade_of
from app.evidence.commitment import SALT_BYTES, commitment_of, entry_bytes, field_commitment, leaf_of
from app.evidence.values import HASHES_ALWAYS, TIME, UUID_TEXT, ValueType
from app.merkle.encoding import encode_base64
from app.merkle.tree import HASH_BYTES

__all__ = [
    "DOCUMENT_VERSION",
    "GRADE_WORDS",
    "EncodedFact",
    "Opening",
    "commitment_of",
    "encode_fact",
    "entry_bytes",
    "field_commitment",
    "grade_of",
    "leaf_of",
]

DOCUMENT_VERSION = 1

_NO_OPENINGS: Mapping[str, "Opening"] = MappingProxyType({})
_BLANK_DATA: Mapping[str, Mapping[str, Any]] = {
    name: {key: [] if kind is HASHES_ALWAYS else None for key, kind in row.data.items()} | {SUBSTITUTES_PAPER: False}
    for name, row in CATALOGUE.items()
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one sealed field: its salt (32 bytes) and the value's bytes."""

    salt: bytes = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedFact:
    """A fact ready to be stored and sealed.

    `document` is its JCS; `leaf` is the leaf hash that the tree, `prev` and other facts name. `openings` and the
    salts must be kept: without them nothing can be shown.
    """

    id: UUID
    type: str
    document: bytes
    salt: bytes = field(repr=False)
    commitment: bytes
    leaf: bytes
    openings: Mapping[str, Opening] = field(repr=False)


def encode_fact(
    fact: Fact, *, link: ChainLink | None, anchor: Anchor | None, salt: Callable[[int], bytes]
) -> EncodedFact:
    """The bytes of `fact`, at the place `link` in its notification's chain, no older than `anchor`.

    `salt` draws that many random bytes from the system's generator; it is called once. In `data` a datetime and a
    UUID become their text, keys left out become null (`event_facts`: an empty list). Raises ValueError for a type,
    key, sealed name or kind of value that the catalogue does not know, and for a wrong place in a chain: those are
    errors of the program, never of an input.
    """
    row = CATALOGUE.get(fact.type)
    if row is None:
        raise ValueError(f"no type of fact is called {fact.type}")
    values = {name: value for name, value in fact.sealed.items() if value is not None}
    if not row.sealed.issuperset(values):
        raise ValueError(f"{fact.type} seals no {', '.join(sorted(values.keys() - row.sealed))}")
    if not all(isinstance(value, bytes) for value in values.values()):
        raise ValueError("a sealed value is bytes")
    salts = salt(SALT_BYTES * (1 + len(values)))
    openings = _openings(values, salts) if values else _NO_OPENINGS
    document = _document(fact, row, openings, link, anchor)
    record_salt = salts[:SALT_BYTES]
    commitment = commitment_of(document, record_salt)
    return EncodedFact(
        id=fact.id,
        type=fact.type,
        document=document,
        salt=record_salt,
        commitment=commitment,
        leaf=leaf_of(commitment),
        openings=openings,
    )


def _openings(values: Mapping[str, bytes], salts: bytes) -> Mapping[str, Opening]:
    starts = range(SALT_BYTES, len(salts), SALT_BYTES)
    return MappingProxyType(
        {
            name: Opening(salts[start : start + SALT_BYTES], value)
            for (name, value), start in zip(values.items(), starts, strict=True)
        }
    )


def _document(
    fact: Fact,
    row: FactType,
    openings: Mapping[str, Opening],
    link: ChainLink | None,
    anchor: Anchor | None,
) -> bytes:
    _check_place(row, link)
    document: dict[str, Any] = {
        "v": DOCUMENT_VERSION,
        "id": str(fact.id),
        "type": fact.type,
        "at": format_time(fact.at),
        "notification": None if link is None else str(link.notification),
        "n": None if link is None else link.n,
        "prev": None if link is None or link.prev is None else link.prev.hex(),
        "anchor": None if anchor is None else _anchor(anchor),
        "data": _data(fact, row),
        "sealed": {
            name: encode_base64(field_commitment(name, opening.salt, opening.value))
            for name, opening in openings.items()
        },
    }
    if row.etsi is not None:
        document["etsi"] = row.etsi
    return canonical_json(document)


def _data(fact: Fact, row: FactType) -> dict[str, Any]:
    data = dict(_BLANK_DATA[fact.type])
    for key, given in fact.data.items():
        kind = row.data.get(key)
        if kind is None:
            raise ValueError(f"{fact.type} has no key {key}")
        if given is None:
            continue
        value, is_sound = _as_text(given, kind)
        if not is_sound:
            raise ValueError(f"{key} of {fact.type} must be {kind.name}")
        data[key] = value
    return data


def _as_text(value: object, kind: ValueType) -> tuple[Any, bool]:
    """The value as JSON has it, and whether it is of that kind."""
    if isinstance(value, datetime):
        return format_time(value), kind is TIME
    if isinstance(value, UUID):
        return str(value), kind is UUID_TEXT
    return value, kind.accepts(value)


def _anchor(anchor: Anchor) -> dict[str, Any]:
    if anchor.size < 1 or len(anchor.root) != HASH_BYTES:
        raise ValueError("an anchor is a published checkpoint: it has a leaf and a root of 32 bytes")
    return {"origin": anchor.origin, "size": anchor.size, "root": encode_base64(anchor.root)}


def _check_place(row: FactType, link: ChainLink | None) -> None:
    if link is None:
        if row.chain is Chain.ALWAYS:
            raise ValueError(f"{row.name} stands in the chain of a notification")
        return
    if row.chain is Chain.NEVER:
        raise ValueError(f"{row.name} stands in no chain")
    if link.n < 0 or (link.n == 0) != (link.prev is None) or len(link.prev or b"\0" * HASH_BYTES) != HASH_BYTES:
        raise ValueError("each fact of a chain but number 0 names the leaf hash of the one before")
    if (link.n == 0 and not row.opens) or (link.n > 0 and row.only_opens):
        raise ValueError(f"{row.name} is not fact {link.n} of a chain")
