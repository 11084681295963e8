"""Reading a fact's document against the catalogue: exact members, known type, keys, values and sealed names."""

from collections.abc import Callable
from typing import Any, TypeVar

from app.evidence.catalogue import CATALOGUE, SUBSTITUTES_PAPER, Chain, FactType
from app.evidence.verifier import strict_json
from app.evidence.verifier.model import Document
from app.evidence.verifier.report import Refusal
from app.merkle.checkpoint import Checkpoint, CheckpointError

Read = TypeVar("Read")

_VERSION = 1
_MEMBERS = ("v", "id", "type", "at", "notification", "n", "prev", "anchor", "data", "sealed")


def read_document(value: Any, where: str) -> Document:
    """The document that `value` is; Refusal, naming `where`, when it breaks a rule that it can break by itself."""
    row = _row(value, where)
    names = _MEMBERS if row.etsi is None else (*_MEMBERS, "etsi")
    raw = strict_json.members(value, names, f"The document of {where}")
    if raw["v"] is True or raw["v"] != _VERSION:
        raise Refusal(f"The document of {where} is not of version 1.")
    if row.etsi is not None and raw["etsi"] != row.etsi:
        raise Refusal(f"The ETSI event of {where} is not the one of its type.")
    document = Document(
        raw=raw,
        row=row,
        id=strict_json.uuid(raw["id"], f"The id of {where}"),
        at=strict_json.time(raw["at"], f"The time of {where}"),
        notification=_optional(strict_json.uuid, raw["notification"], f"The notification of {where}"),
        n=_optional(strict_json.count, raw["n"], f"The number of {where}"),
        prev=_optional(strict_json.leaf, raw["prev"], f"The predecessor of {where}"),
        anchor=_optional(_anchor, raw["anchor"], f"The anchor of {where}"),
        data=_data(raw["data"], row, where),
        sealed=_sealed(raw["sealed"], row, where),
    )
    _check_place(document, where)
    return document


def _row(value: Any, where: str) -> FactType:
    name = value.get("type") if isinstance(value, dict) else None
    row = CATALOGUE.get(name) if isinstance(name, str) else None
    if row is None:
        raise Refusal(f"The type of {where} is unknown.")
    return row


def _optional(read: Callable[[Any, str], Read], value: Any, where: str) -> Read | None:
    return None if value is None else read(value, where)


def _anchor(value: Any, where: str) -> Checkpoint:
    anchor = strict_json.members(value, ("origin", "size", "root"), where)
    root = strict_json.base64_hash(anchor["root"], f"{where}: its root hash")
    size = strict_json.count(anchor["size"], f"{where}: its size")
    if size == 0:
        raise Refusal(f"{where} is an empty tree, but no checkpoint is published before the first entry.")
    try:
        return Checkpoint(origin=strict_json.text(anchor["origin"], f"{where}: its origin"), size=size, root=root)
    except CheckpointError:
        raise Refusal(f"{where} has an origin that no log can have.") from None


def _data(value: Any, row: FactType, where: str) -> dict[str, Any]:
    data = strict_json.members(value, (*row.data, SUBSTITUTES_PAPER), f"The data of {where}")
    if data[SUBSTITUTES_PAPER] is not False:
        raise Refusal(f"The data of {where} does not say that it never substitutes for paper.")
    for key, kind in row.data.items():
        if not kind.allows(data[key]):
            raise Refusal(f"In the data of {where}, {key} must be {kind.name}.")
    return data


def _sealed(value: Any, row: FactType, where: str) -> dict[str, bytes]:
    if not isinstance(value, dict):
        raise Refusal(f"The sealed fields of {where} are not an object.")
    if not row.sealed.issuperset(value):
        raise Refusal(f"A sealed field of {where} is unknown to its type.")
    return {
        name: strict_json.base64_hash(commitment, f"The commitment to {name} of {where}")
        for name, commitment in value.items()
    }


def _check_place(document: Document, where: str) -> None:
    chained = document.notification is not None
    if chained != (document.n is not None) or (document.prev is not None) != bool(document.n):
        raise Refusal(f"The notification, number and predecessor of {where} do not fit together.")
    if chained and document.row.chain is Chain.NEVER:
        raise Refusal(f"By its type, {where} stands in no chain, but it names a notification.")
    if not chained and document.row.chain is Chain.ALWAYS:
        raise Refusal(f"By its type, {where} stands in the chain of a notification, but it names none.")
