"""Frozen bytes: what was published once must be made and read the same for as long as anyone keeps a proof."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.fact import Anchor, ChainLink, Fact
from app.evidence.fact import encode_fact
from app.evidence.verifier import Outcome, Verdict, parse_vkey, parse_vkeys, verify_bundle
from app.merkle.note import sign_note, verify_note
from tests.unit.evidence.builder import delivered_log

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "evidence"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def test_a_fact_has_the_bytes_that_it_had() -> None:
    vector = load("fact.json")
    document, sealed = json.loads(vector["document"]), vector["sealed"]
    salts = [b64decode(vector["salt"]), *(b64decode(field["salt"]) for field in sealed.values())]
    anchor = document["anchor"]
    encoded = encode_fact(
        Fact(
            type=document["type"],
            id=UUID(document["id"]),
            at=datetime(2026, 11, 23, 10, 42, 12, 120_987, tzinfo=UTC),
            data={key: value for key, value in document["data"].items() if key != "substitutes_paper"},
            sealed={name: field["value"].encode() for name, field in sealed.items()},
        ),
        link=ChainLink(
            notification=UUID(document["notification"]), n=document["n"], prev=bytes.fromhex(document["prev"])
        ),
        anchor=Anchor(origin=anchor["origin"], size=anchor["size"], root=b64decode(anchor["root"])),
        salt=lambda size: b"".join(salts)[:size],
    )
    assert encoded.document.decode() == vector["document"]
    assert encoded.commitment.hex() == vector["commitment"]
    assert encoded.leaf.hex() == vector["leaf"]


def test_notes_verify_under_their_keys() -> None:
    for vector in load("notes.json"):
        key = parse_vkey(vector["vkey"])
        assert verify_note(vector["note"].encode(), [key]).signers == (key,)


def test_a_checkpoint_is_signed_as_it_was() -> None:
    vector = load("notes.json")[1]
    private = Ed25519PrivateKey.from_private_bytes(b64decode(vector["seed"]))
    text = vector["note"].partition("\n\n")[0] + "\n"
    assert sign_note(text, vkey=parse_vkey(vector["vkey"]), sign=private.sign).decode() == vector["note"]


def test_a_bundle_issued_once_verifies_for_ever() -> None:
    vkeys = parse_vkeys((VECTORS / "bundle.vkeys").read_text(encoding="utf-8"))
    report = verify_bundle((VECTORS / "bundle.json").read_bytes(), vkeys=vkeys)
    assert report.verdict is Verdict.VERIFIED
    assert report.with_outcome(Outcome.FAILS, Outcome.WARNING) == ()
    assert len(report.facts) == 8


def test_the_same_facts_make_the_same_bundle() -> None:
    assert delivered_log().bundle() == (VECTORS / "bundle.json").read_bytes()
