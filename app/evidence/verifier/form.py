"""Reading the bytes of a bundle: canonical JSON, exact members, well-formed values, documents by the catalogue."""

from hashlib import sha256
from typing import Any

from app.evidence.commitment import commitment_of, leaf_of
from app.evidence.originals import is_original
from app.evidence.verifier import strict_json
from app.evidence.verifier.documents import read_document
from app.evidence.verifier.model import (
    Bundle,
    BundleAnchor,
    BundleFact,
    BundleOriginal,
    BundleTimestamp,
    Document,
    Opened,
)
from app.evidence.verifier.report import DocumentRefusal, Refusal
from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.note import NoteError, VKey, parse_note, parse_vkey
from app.merkle.proof import ProofFormatError, parse_proof

_FORMAT = "awizo-proof/v1"
_MEMBERS = (
    "format",
    "notification",
    "issued_at",
    "pending",
    "vkeys",
    "facts",
    "context",
    "anchors",
    "timestamps",
    "originals",
    "statement",
    "witnesses",
    "limits",
    "digest",
)


def read_bundle(data: bytes) -> Bundle:
    """The bundle that `data` holds; Refusal, with its sentence, for anything that is not well-formed."""
    raw = strict_json.members(strict_json.read_canonical(data), _MEMBERS, "The bundle")
    if raw["format"] != _FORMAT:
        raise Refusal("The bundle is not of the format awizo-proof/v1.")
    for name in ("witnesses", "limits"):
        strict_json.text(raw[name], f"The member {name}")
    facts = read_facts(raw["facts"], "facts", "fact")
    if not facts:
        raise Refusal("The bundle holds no fact.")
    body = {name: value for name, value in raw.items() if name != "digest"}
    return Bundle(
        notification=strict_json.uuid(raw["notification"], "The notification of the bundle"),
        issued_at=strict_json.time(raw["issued_at"], "The time of issue"),
        pending=strict_json.count(raw["pending"], "The number of pending facts"),
        vkeys=read_vkeys(raw["vkeys"]),
        facts=facts,
        context=read_facts(raw["context"], "context", "context fact"),
        anchors=read_anchors(raw["anchors"]),
        timestamps=_timestamps(raw["timestamps"]),
        originals=read_originals(raw["originals"]),
        statement=None if raw["statement"] is None else note_bytes(raw["statement"], "The statement"),
        digest=strict_json.leaf(raw["digest"], "The digest").hex(),
        computed_digest=sha256(strict_json.canonical_bytes(body)).hexdigest(),
    )


def read_vkeys(value: Any) -> tuple[VKey, ...]:
    """The member `vkeys`."""
    try:
        return tuple(parse_vkey(strict_json.text(item, "A verifier key")) for item in strict_json.items(value, "vkeys"))
    except NoteError as error:
        raise Refusal(f"A verifier key in the bundle is not well-formed: {error}.") from None


def read_facts(value: Any, section: str, noun: str) -> tuple[BundleFact, ...]:
    """The facts in the member `section`, each called a `noun` in sentences."""
    return tuple(
        _fact(item, section, f"{noun} {place}")
        for place, item in enumerate(strict_json.items(value, f"Member {section}"))
    )


def _fact(value: Any, section: str, where: str) -> BundleFact:
    raw = strict_json.members(value, ("document", "salt", "openings", "proof"), where.capitalize())
    try:
        document = read_document(raw["document"], where)
    except Refusal as refusal:
        raise DocumentRefusal(str(refusal)) from None
    salt = strict_json.base64_hash(raw["salt"], f"The salt of {where}")
    try:
        proof = parse_proof(strict_json.text(raw["proof"], f"The proof of {where}"))
    except ProofFormatError as error:
        raise Refusal(f"The proof of {where} is not well-formed: {error}.") from None
    return BundleFact(
        where=where,
        section=section,
        document=document,
        salt=salt,
        leaf=leaf_of(commitment_of(strict_json.canonical_bytes(raw["document"]), salt)),
        openings=_openings(raw["openings"], document, where),
        index=proof.index,
        path=proof.path,
        note=proof.note,
        checkpoint=read_checkpoint(proof.note, f"The checkpoint of {where}"),
    )


def _openings(value: Any, document: Document, where: str) -> tuple[Opened, ...]:
    if not isinstance(value, dict):
        raise Refusal(f"The openings of {where} are not an object.")
    if not document.sealed.keys() >= value.keys():
        raise Refusal(f"The openings of {where} name a field that it does not seal.")
    return tuple(_opening(name, item, document, where) for name, item in value.items())


def _opening(name: str, value: Any, document: Document, where: str) -> Opened:
    subject = f"The opening of {name} of {where}"
    if is_original(name, document.data.get("encoding")):
        raise Refusal(f"{subject} belongs among the originals.")
    as_text = isinstance(value, dict) and "value" in value
    raw = strict_json.members(value, ("salt", "value" if as_text else "value_base64"), subject)
    if as_text:
        content = strict_json.text(raw["value"], f"{subject}: its value").encode()
    else:
        content = strict_json.base64(raw["value_base64"], f"{subject}: its value")
        if _is_utf8(content):
            raise Refusal(f"{subject} gives text as base64.")
    return Opened(name=name, salt=strict_json.base64_hash(raw["salt"], f"{subject}: its salt"), value=content)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_anchors(value: Any) -> tuple[BundleAnchor, ...]:
    """The member `anchors`."""
    anchors = []
    for place, item in enumerate(strict_json.items(value, "Member anchors")):
        where = f"Anchor {place}"
        raw = strict_json.members(item, ("note", "consistency"), where)
        note = note_bytes(raw["note"], where)
        path = strict_json.base64_path(raw["consistency"], f"The consistency of {where.lower()}")
        anchors.append(BundleAnchor(where=where, note=note, checkpoint=read_checkpoint(note, where), consistency=path))
    return tuple(anchors)


def _timestamps(value: Any) -> tuple[BundleTimestamp, ...]:
    stamps = []
    for place, item in enumerate(strict_json.items(value, "Member timestamps")):
        where = f"Time stamp {place}"
        raw = strict_json.members(item, ("note", "tsr", "consistency"), where)
        stamps.append(
            BundleTimestamp(
                where=where,
                checkpoint=_checkpoint_text(strict_json.text(raw["note"], f"The note of {where.lower()}"), where),
                token=strict_json.base64(raw["tsr"], f"The token of {where.lower()}"),
                consistency=strict_json.base64_path(raw["consistency"], f"The consistency of {where.lower()}"),
            )
        )
    return tuple(stamps)


def read_originals(value: Any) -> tuple[BundleOriginal, ...]:
    """The member `originals`."""
    originals = []
    for place, item in enumerate(strict_json.items(value, "Member originals")):
        where = f"Original {place}"
        raw = strict_json.members(item, ("fact", "field", "media_type", "salt", "bytes"), where)
        opened = Opened(
            name=strict_json.text(raw["field"], f"The field of {where.lower()}"),
            salt=strict_json.base64_hash(raw["salt"], f"The salt of {where.lower()}"),
            value=strict_json.base64(raw["bytes"], f"The bytes of {where.lower()}"),
        )
        originals.append(
            BundleOriginal(
                where=where,
                fact=strict_json.uuid(raw["fact"], f"The fact of {where.lower()}"),
                media_type=strict_json.text(raw["media_type"], f"The media type of {where.lower()}"),
                opened=opened,
            )
        )
    return tuple(originals)


def note_bytes(value: Any, where: str) -> bytes:
    """`value` as the text of a note, which is not looked into."""
    return strict_json.text(value, where).encode()


def read_checkpoint(note: bytes, where: str) -> Checkpoint:
    """The checkpoint that a signed note states."""
    try:
        return _checkpoint_text(parse_note(note).text, where)
    except NoteError as error:
        raise Refusal(f"{where} is not a signed note: {error}.") from None


def _checkpoint_text(text: str, where: str) -> Checkpoint:
    try:
        return parse_checkpoint(text)
    except CheckpointError as error:
        raise Refusal(f"{where} is not a checkpoint: {error}.") from None
