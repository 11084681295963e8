"""JSON Schemas of the answers that are not made by models, as openapi.yaml names them."""

from collections.abc import Mapping
from typing import Any

from app.api.proof_schema import PROOF_SCHEMA
from app.api.shipment_example import SHIPMENT_EXAMPLE
from app.api.stats_example import STATS_EXAMPLE
from app.domain.channel import Channel
from app.domain.event import LegalRegime
from app.domain.merge import CONSENT_PURPOSES
from app.domain.notification import AttemptStatus, Failure, Status
from app.domain.receipt import ReceiptStatus
from app.domain.recipient import LANGUAGES
from app.domain.reminder import Step
from app.domain.shipment import RANK
from app.domain.statement import StatementKind
from app.domain.support import Act
from app.storage.incidents import State

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_ID: Schema = {"type": "string", "format": "uuid"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_DAY: Schema = {"type": "string", "format": "date"}
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


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def reference(name: str) -> Schema:
    """A reference to one of the schemas here."""
    return {"$ref": f"#/components/schemas/{name}"}


_TIMELINE = ("Event", "Notification", "Attempt", "Receipt", "Statement", "Support")


def _entry(kind: str, description: str, **members: Schema) -> Schema:
    """One kind of entry of a shipment's timeline."""
    return _described(_object(at=_MOMENT, kind={"const": kind}, **members), description)


_NOTIFICATIONS = _described(
    _list(reference("NotificationSummary")),
    "Empty for an incident of an area, which can make very many: they are read with `GET /v1/notifications`",
)
_ACCEPTED_MEMBERS: Mapping[str, Schema] = {
    "event": _ID,
    "status": _one_of("accepted", "duplicate", "quarantined"),
    "mapped_type": _or_null(_TEXT),
    "notifications": _NOTIFICATIONS,
}


def _accepted(**first: Schema) -> Schema:
    """An accepted event, after these members; `plan` comes with incidents of areas only."""
    answer = _object(**first, **_ACCEPTED_MEMBERS)
    return {**answer, "properties": {**answer["properties"], "plan": reference("Plan")}}


_ATTEMPT: Mapping[str, Schema] = {
    "attempt": _COUNT,
    "provider": _TEXT,
    "status": _one_of(*AttemptStatus),
    "started_at": _MOMENT,
    "ended_at": _or_null(_MOMENT),
    "code": _or_null(_TEXT),
}
_RECEIPT: Mapping[str, Schema] = {
    "status": _one_of(*ReceiptStatus),
    "via": _TEXT,
    "claimed_at": _or_null(_MOMENT),
    "received_at": _MOMENT,
    "late": _FLAG,
}

_SHIPMENT: Mapping[str, Schema] = {
    "Shipment": {
        "type": "object",
        "required": [
            *("operator", "shipment", "state", "deadlines", "anomalies", "complaints", "recipients", "plan", "timeline")
        ],
        "properties": {
            "operator": _TEXT,
            "shipment": _TEXT,
            "state": _one_of(*RANK, "lost", "unknown"),
            "deadlines": {
                "oneOf": [reference("Deadlines"), {"type": "null"}],
                "description": "Null when it never waited to be collected",
            },
            "anomalies": _list(_object(code=_TEXT, since=_MOMENT, detail=_TEXT)),
            "complaints": _described(_list(reference("ComplaintView")), "The earliest last day first"),
            "recipients": _described(_list(reference("RecipientView")), "Who is registered of those whom it concerns"),
            "plan": _described(
                _list(_object(on=_DAY, kind=_TEXT, channel=_one_of(*Channel))),
                "Reminders that will be sent by themselves, as things stand; `on` is a local day",
            ),
            "timeline": _described(
                _list({"oneOf": [reference(f"Timeline{name}") for name in _TIMELINE]}), "The oldest entry first"
            ),
            "truncated": {
                "const": True,
                "description": "Only there when entries older than the newest 1000 were left out",
            },
        },
        "examples": [SHIPMENT_EXAMPLE],
    },
    "Deadlines": _described(
        _object(
            regime=_one_of(*LegalRegime),
            ruleset=_TEXT,
            first_window_end=_or_null(_DAY),
            second_notice_expected_on=_or_null(_DAY),
            second_notice_on=_or_null(_DAY),
            end_strict=_described(_or_null(_DAY), "The end of storage"),
            end_rolled=_described(_or_null(_DAY), "The same, moved past days off"),
            safe_collect_by=_described(_or_null(_DAY), "The last open day that no reading makes too late"),
            projected=_described(_FLAG, "The end depends on a second notice that has not come yet"),
            candidates=_described(
                _list(_object(regime=_one_of(*LegalRegime), end_strict=_DAY, end_rolled=_DAY)),
                "The ends under each law that may apply, when the regime is not known",
            ),
        ),
        "Local days in Poland. They inform; nothing here moves a legal deadline",
    ),
    "TimelineEvent": _entry(
        "event",
        "A reported event, `at` the time at which it says that it happened",
        event=_ID,
        type=_TEXT,
        mapped_type=_described(_or_null(_TEXT), "What the vocabulary made of the operator's own code"),
        status=_one_of("accepted", "quarantined"),
        quarantine=_described(_or_null(_TEXT), "Why nobody could interpret it"),
        received_at=_MOMENT,
        lag_seconds=_described({"type": "integer"}, "From `at` to `received_at`; negative for a time to come"),
        recorded_at=_described(
            _or_null(_MOMENT), "When the operator's own record says that it happened; without an offset, Polish time"
        ),
        ordinal=_described(_or_null(_COUNT), "Of a paper notice: 1, or 2 for the repeat"),
        reason=_or_null(_TEXT),
        stage=_or_null(_TEXT),
        facility=_described(_or_null(_TEXT), "Its id"),
        code=_described(_or_null(_TEXT), "The operator's own code, after its vocabulary and a colon"),
        recipient=_described(_or_null(_TEXT), "The operator's name for the person, as it was posted"),
        corrects=_described(_or_null(_ID), "The event that this one takes back"),
        corrected_by=_described(_or_null(_ID), "The event that takes this one back"),
    ),
    "TimelineNotification": _entry(
        "notification",
        "A message as it stands now, `at` the time at which it was planned or it was decided not to send it",
        notification=_ID,
        notification_kind=_TEXT,
        channel=_one_of(*Channel),
        status=_one_of(*Status),
        reason=_or_null(_TEXT),
        failure=_or_null(_one_of(*Failure)),
        unresolved=_FLAG,
        step=_described(_or_null(_one_of(*Step)), "Of a reminder: which one"),
        not_before=_or_null(_MOMENT),
        expires_at=_MOMENT,
        event=_or_null(_ID),
        merged_into=_described(_or_null(_ID), "The message that speaks for this one, too"),
        recipient=_or_null(_TEXT),
        contact=_described(_or_null(_TEXT), "Where it went or goes, masked"),
    ),
    "TimelineAttempt": _entry(
        "attempt", "One try to hand a message to a provider", notification=_ID, channel=_one_of(*Channel), **_ATTEMPT
    ),
    "TimelineReceipt": _entry(
        "receipt", "What a provider reported later about an attempt", notification=_ID, attempt=_COUNT, **_RECEIPT
    ),
    "TimelineStatement": _entry(
        "statement",
        "What somebody who got a message said about it on its page: that there is no paper notice (disputed), "
        "that it is not for them (misdirected), that they got it (acknowledged)",
        notification=_ID,
        statement=_one_of(*StatementKind),
        reference=_described(_TEXT, "What the person was given to keep, such as AW-7K2M-Q9XD"),
    ),
    "TimelineSupport": _entry(
        "support",
        "What support did; why stays sealed in its fact",
        act=_one_of(*Act),
        actor=_described(_TEXT, "The id of the key, or `console`"),
        notification=_or_null(_ID),
        resent_as=_described(_or_null(_ID), "The notification that was made in its place"),
        recipient=_described(_or_null(_TEXT), "Whom it was about"),
        reference=_described(_or_null(_TEXT), "Of the complaint"),
    ),
}

_CODES = {"type": "object", "additionalProperties": _COUNT}
_OF_PLACE: Mapping[str, Schema] = {
    "notices": _object(
        count=_COUNT,
        median_lag_seconds=_described(_or_null(_COUNT), "Interpolated within its bucket; null without notices"),
        lag=_described(
            _list(_object(up_to_seconds=_or_null(_COUNT), count=_COUNT)),
            "From the moment at which a paper notice was left to its arrival here; null is the last bucket's bound",
        ),
    ),
    "anomalies": _described(_CODES, "How many of each code"),
}
_STATS: Mapping[str, Schema] = {
    "Stats": {
        **_object(
            **{"operator": _TEXT, "from": _DAY, "to": _DAY},
            checkpoint={
                "oneOf": [_object(origin=_TEXT, size=_COUNT, counted_at=_MOMENT), {"type": "null"}],
                "description": "Up to which entry of which log the facts are counted; null before the first count",
            },
            figures=_list({"oneOf": [reference(f"StatsOf{group}") for group in ("Day", "Facility", "Courier")]}),
            next=_described(_or_null(_TEXT), "The cursor of what follows"),
        ),
        "examples": [STATS_EXAMPLE],
    },
    "StatsOfDay": _described(
        _object(
            day=_DAY,
            **_OF_PLACE,
            events=_described(_CODES, "How many of each kind; `quarantined` ones nobody could interpret"),
            outcomes=_described(
                {"type": "object", "additionalProperties": reference("Outcomes")}, "By channel, where there are any"
            ),
        ),
        "A local day of the facts (Europe/Warsaw)",
    ),
    "StatsOfFacility": _object(facility=_described(_or_null(_TEXT), "Null where nobody knows it"), **_OF_PLACE),
    "StatsOfCourier": _object(courier=_described(_or_null(_TEXT), "Null where nobody knows it"), **_OF_PLACE),
    "Outcomes": _object(
        **dict.fromkeys(("planned", "held", "expired", "delivered", "unknown", "unresolved"), _COUNT),
        sent=_described(_COUNT, "How often a provider took a message over"),
        reconciled=_described(_COUNT, "How often of these that was found out later"),
        **dict.fromkeys(("suppressed", "cancelled", "failed", "statements"), _CODES),
    ),
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
    "AcceptedEvent": _accepted(),
    "AcceptedBatch": _object(
        results=_list(
            {
                "oneOf": [
                    _accepted(index=_COUNT),
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
        notifications=_NOTIFICATIONS,
        plan=_described(
            {"oneOf": [reference("Plan"), {"type": "null"}]}, "Null for all but incidents of areas, which have one"
        ),
    ),
    "Plan": _described(
        _object(
            state=_described(
                _one_of(*State),
                "`running` while people are gone through, `done` after the last; `superseded` when another revision "
                "counts instead: a higher one came first, or came meanwhile, and nobody more is told of this one",
            ),
            planned=_described(_COUNT, "How many notifications were made so far, whatever became of them"),
            people=_described(_COUNT, "How many people were looked at so far"),
        ),
        "How far an incident of an area is told",
    ),
    "Attempt": _object(**_ATTEMPT),
    "Receipt": _object(**_RECEIPT),
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
        merged_into=_described(_or_null(_ID), "The message that speaks for this one, too"),
    ),
    **_SHIPMENT,
    **_STATS,
    "NotificationPage": _object(items=_list(reference("Notification")), next=_or_null(_TEXT)),
    "ConsentTexts": _object(
        newest=_described(_TEXT, "The version to show to who agrees now, and to name as `text_version`"),
        items=_list(
            _object(
                version=_TEXT,
                language=_one_of(*LANGUAGES),
                channel=_one_of(*Channel),
                purpose=_one_of(*CONSENT_PURPOSES),
                text=_described(_TEXT, "Paragraphs with an empty line between them"),
                digest=_described(_TEXT, "SHA-256 of `text` in UTF-8, in hex"),
            )
        ),
    ),
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
            text_digest=_described(
                _or_null(_TEXT), "Of the text agreed to; null unless `GET /v1/consent-texts` lists its version"
            ),
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
        support=_list(_object(type=_TEXT, at=_MOMENT, act=_one_of(*Act, "erasure_asked"))),
        complaints=_list(reference("ComplaintView")),
        failures=_list(_object(at=_MOMENT, contact=_or_null(_TEXT), code=_TEXT, bounced=_FLAG)),
        events=_list({"type": "object", "description": "As posted, in `cloudevent`"}),
        notifications=_list({"type": "object", "description": "With attempts, receipts and the messages as sent"}),
    ),
    "ProofBundle": PROOF_SCHEMA,
    "Opening": _described(
        _object(document={"type": "object"}, salt=_described(_TEXT, "Base64")),
        "Entry 0 of a shard: its document names the log, its first key and the last checkpoint of the shard before",
    ),
}
