"""`GET /v1/recipients/{operator}/{recipient}/export` and `…/consents`: everything that is known of a person."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from app.api.answer_schemas import reference
from app.api.dependencies import ServicesDep
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.recipient_models import shown
from app.api.recipients import PLACE, Name, Writer, check_operator
from app.api.services import refuse_while_log_is_untrusted
from app.api.support_models import complaint_view
from app.api.views import attempt_view, moment, notification_summary, receipt_view
from app.domain.calendar import local_day
from app.domain.complaint import Complaint
from app.storage import recipients as recipient_store
from app.storage.contact_failures import KeptFailure
from app.storage.database import Database
from app.usecases.export_recipient import (
    CONSENTS,
    CONTACTS,
    HOLDS,
    SETTINGS,
    SUPPORT,
    Known,
    OpenFact,
    PostedEvent,
    SentNotification,
    acts_after,
    begin_export,
    complaints_after,
    events_after,
    failures_after,
    notifications_after,
)

router = APIRouter(prefix="/v1/recipients", tags=["recipients"])

FORMAT = "awizo-export/v1"
_HISTORIES = {
    "consents": CONSENTS,
    "contact_points": CONTACTS,
    "settings": SETTINGS,
    "holds": HOLDS,
    "support": SUPPORT,
}
_START = UUID(int=0)

Item = TypeVar("Item")


@router.get(
    f"{PLACE}/export",
    summary="Everything that is known of a person, as one JSON document (GDPR art. 15, 20)",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("Export")),
)
async def export(operator: Name, recipient: Name, services: ServicesDep, caller: Writer) -> Response:
    """Record, consents, contacts, events as posted, and every notification with the very messages that were sent.

    It is streamed, so it can be of any length. That it was read is recorded as a fact.
    """
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    known = await services.database.transact(
        lambda tx: begin_export(tx, operator, recipient, actor=caller.key_id, surroundings=services.surroundings)
    )
    if known is None:
        raise Problem(404)
    return StreamingResponse(
        export_document(services.database, recipient, known),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="export.json"', "Cache-Control": "no-store"},
    )


@router.get(
    f"{PLACE}/consents",
    summary="Every act of agreeing or withdrawing, oldest first",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("ConsentHistory")),
)
async def consents(operator: Name, recipient: Name, services: ServicesDep, caller: Writer) -> Response:
    """What a consent was given with can be read while it stands, and for as long as values are kept."""
    check_operator(caller, operator)
    async with services.database.read() as tx:
        record = await recipient_store.find(tx, operator, recipient)
    if record is None or record.recipient is None:
        raise Problem(404)
    acts = [act async for act in _each(partial(acts_after, services.database, record.id, CONSENTS))]
    body = json.dumps({"items": [_act(act) for act in acts]}, ensure_ascii=False, separators=(",", ":"))
    return Response(body, HTTPStatus.OK, media_type="application/json")


async def export_document(database: Database, recipient: str, known: Known) -> AsyncIterator[str]:
    """The document, piece by piece: no transaction is open, and no more than a page is held, while it is sent."""
    person = known.record.id
    head = {
        "format": FORMAT,
        "exported_at": moment(known.asked_at),
        "operator": known.record.operator,
        "recipient": recipient,
        "record": _record(known),
        "hold": None
        if known.hold is None
        else {"placed_at": moment(known.hold.placed_at), "until": moment(known.hold.until)},
    }
    yield json.dumps(head, ensure_ascii=False).removesuffix("}")
    for name, types in _HISTORIES.items():
        acts = _each(partial(acts_after, database, person, types))
        async for piece in _list(name, acts, _VIEWS.get(name, _act)):
            yield piece
    complaints = _each(partial(complaints_after, database, person))
    async for piece in _list("complaints", complaints, partial(_complaint, known)):
        yield piece
    failures = _each(partial(failures_after, database, person))
    async for piece in _list("failures", failures, partial(_failure, known)):
        yield piece
    async for piece in _list("events", _each(partial(events_after, database, person)), _event):
        yield piece
    told = _each(partial(notifications_after, database, person, now=known.asked_at))
    async for piece in _list("notifications", told, _notification):
        yield piece
    yield "}"


async def _list(name: str, items: AsyncIterator[Item], view: Callable[[Item], dict[str, Any]]) -> AsyncIterator[str]:
    """One member of the document, whose value is a list."""
    yield f', "{name}": ['
    separator = ""
    async for item in items:
        yield separator + json.dumps(view(item), ensure_ascii=False)
        separator = ", "
    yield "]"


async def _each(page: Callable[[UUID], Awaitable[list[tuple[UUID, Item]]]]) -> AsyncIterator[Item]:
    last = _START
    while found := await page(last):
        for last, item in found:  # noqa: B007 – the last one says where the next page begins
            yield item


def _record(known: Known) -> dict[str, Any] | None:
    person = known.record.recipient
    return (
        None
        if person is None
        else shown(person).model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"ignored"})
    )


def _act(act: OpenFact) -> dict[str, Any]:
    said = {name: value for name, value in act.document["data"].items() if name != "substitutes_paper"}
    return {
        "type": act.document["type"],
        "at": act.document["at"],
        **said,
        "contact": _text(act.values.get("contact")),
        "statement": _text(act.values.get("statement")),
    }


def _hold_act(act: OpenFact) -> dict[str, Any]:
    """Who placed it and why concerns others; that there was one, the person."""
    return {"type": act.document["type"], "at": act.document["at"]}


def _support_act(act: OpenFact) -> dict[str, Any]:
    """Who did it and why concerns others; what was done about them, the person."""
    return {"type": act.document["type"], "at": act.document["at"], "act": act.document["data"]["act"]}


def _complaint(known: Known, complaint: Complaint) -> dict[str, Any]:
    return complaint_view(complaint, local_day(known.asked_at)).model_dump(mode="json")


_VIEWS: Mapping[str, Callable[[OpenFact], dict[str, Any]]] = {"holds": _hold_act, "support": _support_act}


def _failure(known: Known, kept: KeptFailure) -> dict[str, Any]:
    """A message that a contact point did not take, which counts against it."""
    person = known.record.recipient
    contact = person.contact(kept.failure.contact) if person else None
    return {
        "at": moment(kept.failed_at),
        "contact": contact.value if contact else None,
        "code": kept.failure.code,
        "bounced": kept.failure.bounced,
    }


def _event(posted: PostedEvent) -> dict[str, Any]:
    return {
        "event": str(posted.event.id),
        "status": posted.event.status,
        "received_at": moment(posted.event.received_at),
        "cloudevent": json.loads(posted.content) if posted.content else None,
    }


def _notification(sent: SentNotification) -> dict[str, Any]:
    notification = sent.notification
    opening = sent.chain[0].values if sent.chain else {}
    shipments = _text(opening.get("shipment"))
    return {
        **notification_summary(notification),
        "failure": notification.failure,
        "event": str(notification.event) if notification.event else None,
        "created_at": moment(notification.created_at),
        "contact": _text(opening.get("contact")),
        "shipments": shipments.split("\n") if shipments else [],
        "attempts": [attempt_view(attempt) for attempt in sent.attempts],
        "receipts": [receipt_view(receipt) for receipt in sent.receipts],
        "messages": [_message(fact) for fact in sent.chain if "content" in fact.values],
        "facts": [{"type": fact.document["type"], "at": fact.document["at"]} for fact in sent.chain],
    }


def _message(started: OpenFact) -> dict[str, Any]:
    content = started.values["content"]
    try:
        text = {"content": content.decode()}
    except UnicodeDecodeError:
        text = {"content_base64": base64.b64encode(content).decode()}
    return {"attempt": started.document["data"]["attempt"], "at": started.document["at"], **text}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
