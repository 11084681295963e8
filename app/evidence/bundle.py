"""Proof bundles: what a person takes away to check offline what was notified, and when.

A bundle needs, beside its facts: `context_leaves` (the event and consent facts they name), a checkpoint for each shard
with a fact in it, `anchors_named` (the checkpoints the facts name) with their consistency, and the verifier keys of
every shard among these. `statement_about` gives the text that vouches for completeness.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.evidence.canonical import canonical_json, format_time
from app.evidence.commitment import commitment_of, leaf_of
from app.evidence.fact import Opening
from app.evidence.limits import LIMITS
from app.evidence.originals import is_original, media_type_of
from app.evidence.statement import Statement
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.encoding import encode_base64
from app.merkle.note import VKey, parse_note
from app.merkle.proof import format_proof

FORMAT = "awizo-proof/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenFact:
    """A published fact with its place in the log.

    `document` and `salt` are as encoded; `openings` holds only what is to be shown, the rest stays closed.
    `origin` is its shard, `path` its inclusion path to that shard's checkpoint, the leaf's sibling first.
    """

    document: bytes
    salt: bytes = field(repr=False)
    openings: Mapping[str, Opening] = field(default_factory=dict, repr=False)
    origin: str
    index: int
    path: tuple[bytes, ...]

    @property
    def leaf(self) -> bytes:
        """The leaf hash that follows from document and salt."""
        return leaf_of(commitment_of(self.document, self.salt))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorProof:
    """A checkpoint that facts name, verbatim, with the path from it to its shard's checkpoint in the bundle.

    `consistency` is empty when the two are of equal size, or when no fact of that shard is in the bundle.
    """

    note: bytes
    consistency: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """An RFC 3161 token (DER) over a checkpoint's text, and the path between it and the facts' checkpoint.

    The path runs from the smaller tree to the larger one.
    """

    text: str
    token: bytes
    consistency: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembledBundle:
    """The bytes of a bundle and its digest, 64 hex digits."""

    data: bytes = field(repr=False)
    digest: str


def context_leaves(documents: Iterable[bytes]) -> tuple[bytes, ...]:
    """The leaf hashes of the event and consent facts that the documents name, each once, in order of naming."""
    named: dict[bytes, None] = {}
    for document in documents:
        data = json.loads(document)["data"]
        leaves = [*(data.get("event_facts") or ()), data.get("consent_fact")]
        named.update(dict.fromkeys(bytes.fromhex(leaf) for leaf in leaves if leaf is not None))
    return tuple(named)


def anchors_named(documents: Iterable[bytes]) -> tuple[tuple[str, int], ...]:
    """(origin, size) of the checkpoints that the documents name as anchors, each once, in order."""
    anchors = (json.loads(document)["anchor"] for document in documents)
    return tuple(sorted({(anchor["origin"], anchor["size"]) for anchor in anchors if anchor is not None}))


def statement_about(
    facts: Sequence[ProvenFact],
    *,
    notification: UUID,
    issued_at: datetime,
    pending: int,
    checkpoints: Mapping[str, bytes],
) -> Statement:
    """What the log states about a bundle of these facts (in order of `n`); its text is for the statements' key.

    That key's name is `statement_key_name(facts[-1].origin)`.
    """
    last = facts[-1]
    return Statement(
        notification=str(notification),
        issued_at=format_time(issued_at),
        facts=len(facts),
        pending=pending,
        last_leaf=last.leaf,
        size=parse_checkpoint(parse_note(checkpoints[last.origin]).text).size,
    )


def assemble_bundle(
    *,
    notification: UUID,
    issued_at: datetime,
    pending: int,
    facts: Sequence[ProvenFact],
    context: Iterable[ProvenFact],
    checkpoints: Mapping[str, bytes],
    anchors: Iterable[AnchorProof],
    vkeys: Iterable[VKey],
    timestamps: Iterable[Timestamp] = (),
    statement: bytes | None = None,
    witnesses: str = "",
    limits: str = LIMITS,
) -> AssembledBundle:
    """The bundle of one notification's facts, which come in order of `n`.

    `checkpoints` has the signed checkpoint of each shard in which a fact stands; `statement` is the signed note
    over `statement_about`, or None. Everything else is put into the order that the format asks for. The values are
    trusted: what does not fit together is found by the verifier, not here.
    """
    surrounding = {(fact.origin, fact.index): fact for fact in context}
    ordered_context = [surrounding[place] for place in sorted(surrounding)]
    body = {
        "format": FORMAT,
        "notification": str(notification),
        "issued_at": format_time(issued_at),
        "pending": pending,
        "vkeys": [str(vkey) for vkey in vkeys],
        "facts": [fact_member(fact, checkpoints) for fact in facts],
        "context": [fact_member(fact, checkpoints) for fact in ordered_context],
        "anchors": anchor_members(anchors),
        "timestamps": [
            {"note": stamp.text, "tsr": encode_base64(stamp.token), "consistency": _hashes(stamp.consistency)}
            for stamp in timestamps
        ],
        "originals": original_members([*facts, *ordered_context]),
        "statement": None if statement is None else statement.decode(),
        "witnesses": witnesses,
        "limits": limits,
    }
    digest = sha256(canonical_json(body)).hexdigest()
    return AssembledBundle(data=canonical_json(body | {"digest": digest}), digest=digest)


def fact_member(fact: ProvenFact, checkpoints: Mapping[str, bytes]) -> dict[str, Any]:
    """A fact as it stands in a bundle; its original documents stand apart."""
    document = json.loads(fact.document)
    return {
        "document": document,
        "salt": encode_base64(fact.salt),
        "openings": {
            name: _opening(opening)
            for name, opening in fact.openings.items()
            if not is_original(name, document["data"].get("encoding"))
        },
        "proof": format_proof(index=fact.index, path=fact.path, note=checkpoints[fact.origin]),
    }


def _opening(opening: Opening) -> dict[str, str]:
    salt = encode_base64(opening.salt)
    try:
        return {"salt": salt, "value": opening.value.decode("utf-8")}
    except UnicodeDecodeError:
        return {"salt": salt, "value_base64": encode_base64(opening.value)}


def anchor_members(anchors: Iterable[AnchorProof]) -> list[dict[str, Any]]:
    """The member `anchors` of a bundle."""
    by_place = {}
    for anchor in anchors:
        checkpoint = parse_checkpoint(parse_note(anchor.note).text)
        by_place[checkpoint.origin, checkpoint.size] = anchor
    return [
        {"note": by_place[place].note.decode(), "consistency": _hashes(by_place[place].consistency)}
        for place in sorted(by_place)
    ]


def original_members(facts: Iterable[ProvenFact]) -> list[dict[str, str]]:
    """The member `originals` of a bundle."""
    originals = []
    for fact in facts:
        document = json.loads(fact.document)
        for name, opening in fact.openings.items():
            if not is_original(name, document["data"].get("encoding")):
                continue
            originals.append(
                {
                    "fact": document["id"],
                    "field": name,
                    "media_type": media_type_of(name, opening.value, document["data"]),
                    "salt": encode_base64(opening.salt),
                    "bytes": encode_base64(opening.value),
                }
            )
    return sorted(originals, key=lambda original: (original["fact"], original["field"]))


def _hashes(path: Iterable[bytes]) -> list[str]:
    return [encode_base64(item) for item in path]
