"""Reading notifications: one, many, and the proof of one."""

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.api.answer_schemas import reference
from app.api.dependencies import ServicesDep, require
from app.api.event_fields import parse_instant
from app.api.openapi import answers
from app.api.opened_fields import Open, opened_fields
from app.api.problems import Fault, Problem
from app.api.proof_files import PACK, STATEMENT, proof_file, wanted_form
from app.api.search_models import reason_in
from app.api.services import refuse_while_log_is_untrusted
from app.api.views import attempt_view, moment, receipt_view
from app.domain.access import Caller, Scope
from app.domain.channel import Channel
from app.domain.names import is_name
from app.domain.notification import Notification, Status
from app.domain.reason import REASON_MAX
from app.storage import facts as fact_store
from app.storage import notifications as outbox
from app.storage import person_keys, placement
from app.storage import receipts as receipt_store
from app.storage.database import Tx
from app.storage.notifications import NotificationFilter
from app.usecases.prove_notification import NothingPublished, prove_notification
from app.usecases.read_access import Reading, seal_reading

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

_Reader = Annotated[Caller, Depends(require(Scope.SHIPMENTS_READ, Scope.PROOFS_READ))]
_Auditor = Annotated[Caller, Depends(require(Scope.PROOFS_READ))]
LIMIT_MAX = 200

_PROOF_ANSWERS = answers(200, 401, 403, 404, 406, 409, 422, 503, schema=reference("ProofBundle"))
_PROOF_ANSWERS[200]["content"] |= {
    each: {"schema": {"type": "string", "format": "binary"}} for each in (PACK, STATEMENT)
}


@router.get(
    "",
    summary="List notifications, newest first",
    responses=answers(200, 401, 403, 422, 503, schema=reference("NotificationPage")),
)
async def list_notifications(
    services: ServicesDep,
    caller: _Reader,
    operator: str | None = None,
    shipment: str | None = None,
    recipient: str | None = None,
    status: Status | None = None,
    channel: Channel | None = None,
    kind: Annotated[str | None, Query(pattern="^[a-z_]{1,64}$")] = None,
    created_from: Annotated[str | None, Query(alias="from")] = None,
    created_to: Annotated[str | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    cursor: str | None = None,
) -> Response:
    """Notifications of the caller's operators. `shipment` and `recipient` are names and need `operator`."""
    wanted = NotificationFilter(
        operators=_operators(caller, operator),
        shipment=_named(operator, shipment, "shipment"),
        recipient=_named(operator, recipient, "recipient"),
        status=status,
        channel=channel,
        kind=kind,
        created_from=_instant(created_from, "from"),
        created_to=_instant(created_to, "to"),
        before=_position(cursor),
        limit=limit + 1,
    )
    async with services.database.read() as tx:
        found = await outbox.newest(tx, wanted)
        views = await notification_views(tx, found[:limit])
    more = _cursor(found[limit - 1].id) if len(found) > limit else None
    return _json({"items": views, "next": more})


@router.get(
    "/{id}",
    summary="Read one notification",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("Notification")),
)
async def get_notification(id: UUID, services: ServicesDep, caller: _Reader) -> Response:  # noqa: A002 – the contract's name
    """One notification with its attempts, receipts and facts."""
    async with services.database.read() as tx:
        notification = await _owned(tx, id, caller)
        view = (await notification_views(tx, [notification]))[0]
    return _json(view)


@router.get(
    "/{id}/proof",
    summary="The proof bundle of one notification",
    responses=_PROOF_ANSWERS,
)
async def get_proof(
    id: UUID,  # noqa: A002 – the contract's name
    request: Request,
    services: ServicesDep,
    caller: _Auditor,
    opened: Open = None,
    because: Annotated[str | None, Header(alias="Awizo-Reason", max_length=12 * REASON_MAX)] = None,
) -> Response:
    """The bundle, verifiable offline. `?open=contact,content` reveals only those fields, `?open=none` none.

    With `Accept: application/pdf` the statement of notification: the same told on paper, signed, the bundle attached,
    in Polish or, by `Accept-Language`, in English. With `Accept: application/zip` the court pack: the same as files
    that a shell script in it checks, and the statement. Whoever reads fields is put on record as `access.read`, with
    the reason that `Awizo-Reason` gives (percent-encoded UTF-8).
    """
    fields = opened_fields(request, opened)
    reading = Reading(actor=caller.key_id, act="proof", reason=reason_in(because))
    form = wanted_form(request)
    async with services.database.read() as tx:
        notification = await _owned(tx, id, caller)
    if fields != frozenset():
        refuse_while_log_is_untrusted(services)
        seal = partial(seal_reading, operator=notification.operator, people=[notification.recipient], reading=reading)
        await services.database.transact(partial(seal, surroundings=services.surroundings))
    async with services.database.read() as tx:
        bundle = await prove_notification(
            tx,
            id,
            opened=fields,
            keys=services.keys,
            surroundings=services.surroundings,
            witnesses=services.witness_policy,
            quorum=services.witness_quorum,
        )
    if isinstance(bundle, NothingPublished):
        raise Problem(409, "Nothing of it is published yet", headers={"Retry-After": "1"})
    return await proof_file(request, form, bundle.data, id, services.statements)


async def _owned(tx: Tx, notification_id: UUID, caller: Caller) -> Notification:
    notification = await outbox.by_id(tx, notification_id)
    if notification is None or not caller.may_act_for(notification.operator):
        raise Problem(404)
    return notification


def _operators(caller: Caller, operator: str | None) -> tuple[str, ...] | None:
    if operator is None:
        return None if caller.operators is None else tuple(sorted(caller.operators))
    if not is_name(operator):
        raise Problem(422, errors=[Fault(pointer="/query/operator", detail="Is not a name")])
    if not caller.may_act_for(operator):
        raise Problem(403, "This key may not read that operator's notifications")
    return (operator,)


def _named(operator: str | None, name: str | None, what: str) -> tuple[str, str] | None:
    if name is None:
        return None
    if operator is None:
        raise Problem(422, errors=[Fault(pointer="/query/operator", detail=f"Is needed with {what}")])
    if not is_name(name):
        raise Problem(422, errors=[Fault(pointer=f"/query/{what}", detail="Is not a name")])
    return operator, name


def _instant(text: str | None, what: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise Problem(422, errors=[Fault(pointer=f"/query/{what}", detail="Is not an RFC 3339 time")]) from None


def _cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def _position(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
    except ValueError:
        raise Problem(
            422, errors=[Fault(pointer="/query/cursor", detail="Is not a cursor that was given out")]
        ) from None


async def notification_views(tx: Tx, notifications: Sequence[Notification]) -> list[dict[str, Any]]:
    """The contract's view of each; names come from the sealed first facts and are null once erased.

    A message that speaks for others, too, names their events and shipments after its own.
    """
    ids = [n.id for n in notifications]
    attempts = await outbox.attempts_of(tx, ids)
    receipts = await receipt_store.of_notifications(tx, ids)
    published = await placement.published_facts(tx, ids)
    merged = await outbox.merged_into(tx, ids)
    told = {n.id: (n, *merged.get(n.id, ())) for n in notifications}
    names = await _names(tx, [each for together in told.values() for each in together])
    return [
        {
            "id": str(n.id),
            "operator": n.operator,
            "kind": n.kind,
            "events": _distinct(str(each.event) for each in told[n.id] if each.event),
            "shipments": _distinct(name for each in told[n.id] for name in names[each.id]["shipment"].split("\n")),
            "recipient": names[n.id]["recipient"] or None,
            "channel": n.channel,
            "status": n.status,
            "reason": n.reason,
            "failure": n.failure,
            "unresolved": n.unresolved,
            "created_at": moment(n.created_at),
            "not_before": moment(n.not_before),
            "expires_at": moment(n.expires_at),
            "attempts": [attempt_view(attempt) for attempt in attempts.get(n.id, [])],
            "receipts": [receipt_view(receipt) for receipt in receipts.get(n.id, [])],
            "facts": {"total": n.chain_length, "published": published.get(n.id, 0)},
            "merged_into": str(n.merged_into) if n.merged_into else None,
        }
        for n in notifications
    ]


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, values)))


async def _names(tx: Tx, notifications: Sequence[Notification]) -> dict[UUID, dict[str, str]]:
    first = await fact_store.first_of_notifications(tx, [n.id for n in notifications])
    keys = await person_keys.of_people(tx, {n.recipient for n in notifications})
    names = {}
    for notification in notifications:
        openings = first[notification.id].openings(keys.get(notification.recipient))
        names[notification.id] = {
            name: openings[name].value.decode() if name in openings else "" for name in ("shipment", "recipient")
        }
    return names


def _json(content: dict[str, Any]) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        HTTPStatus.OK,
        media_type="application/json",
    )
