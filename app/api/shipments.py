"""`GET /v1/shipments/{operator}/{shipment}`: everything that support needs in one call."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, assert_never
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Response

from app.api.answer_schemas import reference
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.recipient_models import shown
from app.api.recipients import Name
from app.api.support_models import complaint_view
from app.api.views import attempt_view, moment, receipt_view
from app.domain.access import Caller, Scope
from app.domain.calendar import local_day
from app.domain.contact_value import masked
from app.domain.deadline import Deadlines
from app.domain.findings import Finding
from app.domain.notification import Notification
from app.domain.statement import Statement
from app.domain.support import SupportAct
from app.domain.timeline import (
    AttemptEntry,
    Entry,
    EventEntry,
    NotificationEntry,
    ReceiptEntry,
    StatementEntry,
    SupportEntry,
)
from app.usecases.read_shipment import ShipmentAnswer, read_shipment

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])

UNKNOWN_STATE = "unknown"

# What each finding means, in a sentence that blames nobody.
_DETAILS: Mapping[str, str] = {
    "second_notice_early": "The second paper notice was left before the first seven days were over.",
    "second_notice_missing": "No second paper notice was reported within two working days after it was due.",
    "no_open_day": "No day is left on which the facility is open before the item goes back.",
    "future_time": "An event says that it happened more than 15 minutes after it arrived; nobody was told of it.",
    "paper_notice_missing": "The recipient of a notification said that there is no paper notice.",
    "correction_without_target": "A correction takes back an event that was never reported here.",
    "complaint_unanswered": "A complaint about it was not answered within 30 days of the day on which it came.",
}
_OTHER_DETAIL = "What was reported about this shipment does not fit together."


@router.get(
    "/{operator}/{shipment}",
    summary="Where a shipment stands, until when it can be collected, what was told and what will be",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("Shipment")),
)
async def get_shipment(
    operator: Name,
    shipment: Name,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(require(Scope.SHIPMENTS_READ))],
) -> Response:
    """State and deadlines as all known events give them now, in whatever order they came.

    A shipment that nobody reported, or whose people were all erased, is 404, and so is another operator's. Phone
    numbers and addresses are masked, and no name stands in the answer but the operator's own for the person.
    """
    if not caller.may_act_for(operator):
        raise Problem(404)
    async with services.database.read() as tx:
        now = services.surroundings.clock()
        found = await read_shipment(tx, operator, shipment, now=now)
    if found is None:
        raise Problem(404)
    view = {"operator": operator, "shipment": shipment, **_answer(found, today=local_day(now))}
    return Response(orjson.dumps(view), media_type="application/json")


def _answer(found: ShipmentAnswer, *, today: date) -> dict[str, Any]:
    known = found.known
    contacts = {
        contact.id: masked(contact.channel, contact.value) for each in found.people for contact in each.contact_points
    }
    return {
        "state": known.picture.state or UNKNOWN_STATE,
        "deadlines": _deadlines(known.deadlines) if known.deadlines else None,
        "anomalies": [_finding(each) for each in found.anomalies],
        "complaints": [complaint_view(each, today).model_dump(mode="json") for each in found.complaints],
        "recipients": [
            shown(each, values=False).model_dump(mode="json", by_alias=True, exclude_unset=True)
            for each in found.people
        ],
        "plan": [{"on": each.on.isoformat(), "kind": each.kind, "channel": each.channel} for each in found.plan],
        "timeline": [_entry(each, contacts) for each in found.timeline.entries],
        **({"truncated": True} if found.timeline.truncated else {}),
    }


def _deadlines(known: Deadlines) -> dict[str, Any]:
    return {
        "regime": known.regime,
        "ruleset": known.ruleset,
        "first_window_end": _day(known.first_window_end),
        "second_notice_expected_on": _day(known.second_notice_expected_on),
        "second_notice_on": _day(known.second_notice_on),
        "end_strict": _day(known.end_strict),
        "end_rolled": _day(known.end_rolled),
        "safe_collect_by": _day(known.safe_collect_by),
        "projected": known.projected,
        "candidates": [
            {"regime": each.regime, "end_strict": _day(each.end_strict), "end_rolled": _day(each.end_rolled)}
            for each in known.candidates
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "since": moment(finding.since),
        "detail": _DETAILS.get(finding.code, _OTHER_DETAIL),
    }


def _entry(entry: Entry, contacts: Mapping[UUID, str]) -> dict[str, Any]:
    match entry:
        case EventEntry():
            return {"at": moment(entry.at), "kind": "event", **_event(entry)}
        case NotificationEntry(notification=notification, recipient=recipient):
            view = _notification(notification)
            contact = contacts.get(notification.contact) if notification.contact else None
            return {"at": moment(entry.at), "kind": "notification", **view, "recipient": recipient, "contact": contact}
        case AttemptEntry(attempt=attempt, channel=channel):
            view = {"notification": str(attempt.notification), "channel": channel, **attempt_view(attempt)}
            return {"at": moment(entry.at), "kind": "attempt", **view}
        case ReceiptEntry(attempt=attempt):
            view = {"notification": str(attempt.notification), "attempt": attempt.number, **receipt_view(entry)}
            return {"at": moment(entry.at), "kind": "receipt", **view}
        case StatementEntry(statement=statement):
            return {"at": moment(entry.at), "kind": "statement", **_statement(statement)}
        case SupportEntry(act=act, recipient=recipient, reference=reference):
            view = _support(act) | {"recipient": recipient, "reference": reference}
            return {"at": moment(entry.at), "kind": "support", **view}
        case _:
            assert_never(entry)


def _event(entry: EventEntry) -> dict[str, Any]:
    return {
        "event": str(entry.id),
        "type": entry.type,
        "mapped_type": entry.mapped_type,
        "status": entry.status,
        "quarantine": entry.quarantine,
        "received_at": moment(entry.received_at),
        "lag_seconds": entry.lag_seconds,
        "recorded_at": moment(entry.said.recorded_at),
        "ordinal": entry.ordinal,
        "reason": entry.said.reason,
        "stage": entry.said.stage,
        "facility": entry.said.facility,
        "code": entry.code,
        "recipient": entry.said.recipient,
        "corrects": str(entry.corrects) if entry.corrects else None,
        "corrected_by": str(entry.corrected_by) if entry.corrected_by else None,
    }


def _notification(notification: Notification) -> dict[str, Any]:
    return {
        "notification": str(notification.id),
        "notification_kind": notification.kind,
        "channel": notification.channel,
        "status": notification.status,
        "reason": notification.reason,
        "failure": notification.failure,
        "unresolved": notification.unresolved,
        "step": notification.step,
        "not_before": moment(notification.not_before),
        "expires_at": moment(notification.expires_at),
        "event": str(notification.event) if notification.event else None,
        "merged_into": str(notification.merged_into) if notification.merged_into else None,
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "notification": str(statement.notification),
        "statement": statement.kind,
        "reference": statement.reference,
    }


def _support(act: SupportAct) -> dict[str, Any]:
    return {
        "act": act.act,
        "actor": act.actor,
        "notification": str(act.notification) if act.notification else None,
        "resent_as": str(act.made) if act.made else None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
