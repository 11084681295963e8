"""The JSON Schema of a proof bundle, as openapi.yaml shows it; app.evidence.verifier.form is what reads one."""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_BASE64: dict[str, Any] = {"type": "string", "contentEncoding": "base64"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}


def _object(description: str, **members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "required": list(members), "properties": members}


def _list(description: str, items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": items}


def _told(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


_OPENING: dict[str, Any] = {
    "type": "object",
    "description": "An opened field: its salt, and what it says as `value` or, where that is no text, `value_base64`",
    "required": ["salt"],
    "properties": {"salt": _BASE64, "value": _TEXT, "value_base64": _BASE64},
}
_DOCUMENT = _object(
    "What was sealed: its canonical bytes (RFC 8785) and the salt give the leaf of the log",
    v={"const": 1},
    id=_UUID,
    type=_told(_TEXT, "Such as `attempt.accepted`"),
    at=_told(_MOMENT, "By our clock"),
    notification=_or_null(_UUID),
    n=_told(_or_null(_COUNT), "Its place in the chain of its notification"),
    prev=_told(_or_null(_HASH), "The leaf hash of the fact before it in that chain"),
    anchor=_told({"type": ["object", "null"]}, "The newest checkpoint when it was written"),
    data=_told({"type": "object"}, "What follows from the type"),
    sealed=_told(
        {"type": "object", "additionalProperties": _BASE64}, "The salted commitment of each field about a person"
    ),
)
_DOCUMENT["properties"]["etsi"] = _told({"type": "string", "format": "uri"}, "The event of ETSI EN 319 522 that it is")
_FACT = _object(
    "One fact",
    document=_DOCUMENT,
    salt=_BASE64,
    openings=_told({"type": "object", "additionalProperties": _OPENING}, "Opened fields by name; others stay closed"),
    proof=_told(_TEXT, "Index, inclusion path and signed checkpoint (c2sp.org/tlog-proof)"),
)

PROOF_SCHEMA: dict[str, Any] = _object(
    "Verifiable offline, with `awizo verify`: the canonical bytes (RFC 8785) of one object",
    format={"const": "awizo-proof/v1"},
    notification=_UUID,
    issued_at=_MOMENT,
    pending=_told(_COUNT, "Facts that no checkpoint covers yet; they are no part of the proof"),
    vkeys=_list("The keys of each log and of its statements (c2sp.org/signed-note)", _TEXT),
    facts=_list("The chain of the notification, the first fact first", _FACT),
    context=_list("The event and consent facts that these name", _FACT),
    anchors=_list(
        "The checkpoints that the facts name",
        _object(
            "One, and the path from it to the checkpoint of the facts",
            note=_TEXT,
            consistency={"type": "array", "items": _BASE64},
        ),
    ),
    timestamps=_list("RFC 3161 tokens over checkpoints", {"type": "object"}),
    originals=_list("Whole documents that sealed fields commit to, such as a provider's answer", {"type": "object"}),
    statement=_told(_or_null(_TEXT), "The signed statement that these are all facts of the notification"),
    witnesses=_told(_TEXT, "The trust policy that we would suggest, for information"),
    limits=_told(_TEXT, "What this does and does not show"),
    digest=_told(_HASH, "SHA-256 of the canonical bytes without this member"),
)
