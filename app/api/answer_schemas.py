"""JSON Schemas of the answers that are not made by models, as openapi.yaml names them."""

from collections.abc import Mapping
from typing import Any

from app.domain.channel import Channel
from app.domain.notification import AttemptStatus, Failure, Status
from app.domain.receipt import ReceiptStatus

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_ID: Schema = {"type": "string", "format": "uuid"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(**members: Schema) -> Schema:
    """An object that always has all these members."""
    return {"type": "object", "required": list(members), "properties": members}


def reference(name: str) -> Schema:
    """A reference to one of the schemas here."""
    return {"$ref": f"#/components/schemas/{name}"}


_ACCEPTED: Mapping[str, Schema] = {
    "event": _ID,
    "status": _one_of("accepted", "duplicate", "quarantined"),
    "mapped_type": _or_null(_TEXT),
    "notifications": _list(reference("NotificationSummary")),
}

ANSWER_SCHEMAS: Mapping[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457 problem details",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "errors": _list(_object(pointer=_TEXT, detail=_TEXT)),
        },
    },
    "NotificationSummary": _object(
        id=_ID,
        channel=_one_of(*Channel),
        kind=_TEXT,
        status=_one_of(*Status),
        reason=_or_null(_TEXT),
    ),
    "AcceptedEvent": _object(**_ACCEPTED),
    "AcceptedBatch": _object(
        results=_list(
            {
                "oneOf": [
                    _object(index=_COUNT, **_ACCEPTED),
                    _object(index=_COUNT, status=_one_of("rejected"), problem=reference("Problem")),
                ]
            }
        )
    ),
    "Event": _object(
        event=_ID,
        status=_one_of("accepted", "quarantined"),
        mapped_type=_or_null(_TEXT),
        received_at=_MOMENT,
        cloudevent={"type": ["object", "null"], "description": "As it was sent; null once its person was erased"},
        notifications=_list(reference("NotificationSummary")),
        plan={"type": ["object", "null"]},
    ),
    "Attempt": _object(
        attempt=_COUNT,
        provider=_TEXT,
        status=_one_of(*AttemptStatus),
        started_at=_MOMENT,
        ended_at=_or_null(_MOMENT),
        code=_or_null(_TEXT),
    ),
    "Receipt": _object(
        status=_one_of(*ReceiptStatus),
        via=_TEXT,
        claimed_at=_or_null(_MOMENT),
        received_at=_MOMENT,
        late=_FLAG,
    ),
    "Notification": _object(
        id=_ID,
        operator=_TEXT,
        kind=_TEXT,
        events=_list(_ID),
        shipments=_list(_TEXT),
        recipient=_or_null(_TEXT),
        channel=_one_of(*Channel),
        status=_one_of(*Status),
        reason=_or_null(_TEXT),
        failure=_or_null(_one_of(*Failure)),
        unresolved=_FLAG,
        created_at=_MOMENT,
        not_before=_or_null(_MOMENT),
        expires_at=_MOMENT,
        attempts=_list(reference("Attempt")),
        receipts=_list(reference("Receipt")),
        facts=_object(total=_COUNT, published=_COUNT),
    ),
    "NotificationPage": _object(items=_list(reference("Notification")), next=_or_null(_TEXT)),
    "ConsentHistory": _object(items=_list(reference("PersonalAct"))),
    "PersonalAct": {
        **_object(
            type=_TEXT,
            at=_MOMENT,
            by=_or_null(_TEXT),
            channel=_or_null(_TEXT),
            purpose=_or_null(_TEXT),
            method=_or_null(_TEXT),
            version=_or_null(_COUNT),
            text_version=_or_null(_TEXT),
            language=_or_null(_TEXT),
            claimed_at=_or_null(_MOMENT),
            contact=_or_null(_TEXT),
            statement=_or_null(_TEXT),
        ),
        "description": "`contact` and `statement` are null once they were kept long enough",
    },
    "Export": _object(
        format=_one_of("awizo-export/v1"),
        exported_at=_MOMENT,
        operator=_TEXT,
        recipient=_TEXT,
        record={"type": ["object", "null"], "description": "As `GET` shows it; null when nobody registered one"},
        hold={"type": ["object", "null"]},
        consents=_list(reference("PersonalAct")),
        contact_points=_list(reference("PersonalAct")),
        settings=_list(reference("PersonalAct")),
        holds=_list(_object(type=_TEXT, at=_MOMENT)),
        failures=_list(_object(at=_MOMENT, contact=_or_null(_TEXT), code=_TEXT, bounced=_FLAG)),
        events=_list({"type": "object", "description": "As posted, in `cloudevent`"}),
        notifications=_list({"type": "object", "description": "With attempts, receipts and the messages as sent"}),
    ),
    "ProofBundle": {
        "type": "object",
        "description": "Verifiable offline, with `awizo verify`; `format` says in which form",
        "required": ["format", "notification", "issued_at", "pending", "facts", "digest"],
    },
}
