"""The JSON Schema of a statement about one shipment, as openapi.yaml shows it."""

from typing import Any

from app.api.shipment_statement_example import STATEMENT_EXAMPLE

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_BASE64: dict[str, Any] = {"type": "string", "contentEncoding": "base64"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}


def _object(description: str, **members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "required": list(members), "properties": members}


def _list(description: str, items: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": items or {"type": "object"}}


def _told(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


_SUBJECT = _object(
    "Which shipment: a salted commitment, and `value`, operator and shipment joined by LF, where its name is open",
    commitment=_BASE64,
    salt=_BASE64,
)
_SUBJECT["properties"]["value"] = _TEXT

STATEMENT_SCHEMA: dict[str, Any] = _object(
    "Verifiable offline, with `awizo verify`: the canonical bytes (RFC 8785) of one object",
    format={"const": "awizo-shipment/v1"},
    subject=_SUBJECT,
    issued_at=_MOMENT,
    since=_told(_MOMENT, "From when on a shipment's name leads to everything that was recorded about it"),
    until=_told(_MOMENT, "The time of the checkpoint, or the moment before the first pending fact"),
    pending=_told(_COUNT, "Facts about the shipment that the checkpoint does not cover; they are younger than `until`"),
    unlinked=_object(
        "What of the operator no shipment's name leads to since then, because a person was erased or nobody could "
        "read what an event is about; any of it may have been about this shipment",
        events=_COUNT,
        notifications=_COUNT,
    ),
    checkpoint=_told(_TEXT, "The signed checkpoint that it rests on"),
    vkeys=_list("The keys of the log and of its statements", _TEXT),
    events=_list("The event facts, each with its document, salt, openings and proof, as in a proof bundle"),
    notifications=_list(
        "The notifications; each has a proof of its own",
        _object(
            "How many facts of it the checkpoint covers, and the leaf hash of the last",
            notification={"type": "string", "format": "uuid"},
            facts=_COUNT,
            last_leaf=_HASH,
        ),
    ),
    anchors=_list("The checkpoints that the facts name, as in a proof bundle"),
    originals=_list("Whole documents that sealed fields commit to, as in a proof bundle"),
    statement=_told(_TEXT, "The signed note: thirteen lines under the key for statements"),
    witnesses=_told(_TEXT, "The trust policy that we would suggest, for information"),
    limits=_told(_TEXT, "What this does and does not show"),
    digest=_told(_HASH, "SHA-256 of the canonical bytes without this member"),
)
STATEMENT_SCHEMA["examples"] = [STATEMENT_EXAMPLE]
