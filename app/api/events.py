"""`POST /v1/events`, and reading an event back."""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from app.api.answer_schemas import reference
from app.api.body import read_body
from app.api.cloudevents import Batch, Rejected, body_bytes_max, decode_request
from app.api.dependencies import ServicesDep, require
from app.api.openapi import EVENT_REQUEST, answers
from app.api.problems import Problem
from app.api.services import Services, refuse_while_log_is_untrusted, services_of
from app.api.views import moment, notification_summary, plan_view
from app.domain.access import Caller, Scope
from app.domain.event import Event
from app.storage import events as event_store
from app.storage import incidents as incident_store
from app.storage import notifications as outbox
from app.storage import recipients as recipient_store
from app.usecases.accept_events import Accepted, Answer, Conflict

router = APIRouter(prefix="/v1/events", tags=["events"])

_CONFLICT = "Another event with this source and id has other content"
_FOREIGN = "This key may not post for that operator"


_writer = require(Scope.EVENTS_WRITE)


class _PlainRoute(APIRoute):
    """A route whose endpoint is called with the request alone; what it depends on is only described by dependencies.

    Solving them takes longer than all that a post of one event asks of HTTP otherwise.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself."""
        return self.endpoint


async def post_events(request: Request) -> Response:
    """Accept one CloudEvent (structured or binary mode) or a batch. 202 means: committed."""
    caller, services = await _writer(request), services_of(request)
    refuse_while_log_is_untrusted(services)
    content_type = request.headers.get("content-type")
    body = await read_body(request, maximum=body_bytes_max(content_type))
    decoded = decode_request(content_type=content_type, headers=request.headers.raw, body=body)
    events = len(decoded.results) if isinstance(decoded, Batch) else 1
    services.key_limits.take_events(request.scope, caller.key_id, events)
    if isinstance(decoded, Batch):
        return _json(HTTPStatus.ACCEPTED, {"results": await _accept_batch(services, caller, decoded)})
    if not caller.may_act_for(decoded.event.operator):
        raise Problem(403, _FOREIGN)
    answer = await services.intake.accept(decoded.event)
    if isinstance(answer, Conflict):
        raise Problem(409, _CONFLICT)
    return _json(HTTPStatus.ACCEPTED, _answer(answer))


router.add_api_route(
    "",
    post_events,
    methods=["POST"],
    status_code=HTTPStatus.ACCEPTED,
    summary="Report events",
    dependencies=[Depends(_writer)],
    route_class_override=_PlainRoute,
    openapi_extra=EVENT_REQUEST,
    responses=answers(
        *(202, 400, 401, 403, 409, 413, 415, 422, 503),
        schema={"oneOf": [reference("AcceptedEvent"), reference("AcceptedBatch")]},
    ),
)


async def _accept_batch(services: Services, caller: Caller, batch: Batch) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [{} for _ in batch.results]
    good: list[tuple[int, Event]] = []
    for index, item in enumerate(batch.results):
        if isinstance(item, Rejected):
            results[index] = _rejected(item.problem)
        elif caller.may_act_for(item.operator):
            good.append((index, item))
        else:
            results[index] = _rejected(Problem(403, _FOREIGN))
    accepted = await services.intake.accept_batch([event for _, event in good]) if good else []
    for (index, _), answer in zip(good, accepted, strict=True):
        results[index] = _result(answer)
    return [{"index": index, **result} for index, result in enumerate(results)]


def _result(answer: Answer | None) -> dict[str, Any]:
    match answer:
        case None:
            return _rejected(Problem(500))
        case Conflict():
            return _rejected(Problem(409, _CONFLICT))
        case Accepted():
            return _answer(answer)


def _rejected(problem: Problem) -> dict[str, Any]:
    return {"status": "rejected", "problem": problem.members()}


def _answer(answer: Accepted) -> dict[str, Any]:
    """`plan` comes with incidents of areas only."""
    plan = {} if answer.plan is None else {"plan": plan_view(answer.plan)}
    return {
        "event": str(answer.event),
        "status": answer.status,
        "mapped_type": answer.mapped_type,
        "notifications": [notification_summary(n) for n in answer.notifications],
        **plan,
    }


@router.get(
    "/{event}",
    summary="Read an event back",
    responses=answers(200, 401, 403, 404, 422, 503, schema=reference("Event")),
)
async def get_event(
    event: UUID,
    services: ServicesDep,
    caller: Annotated[Caller, Depends(require(Scope.EVENTS_WRITE))],
) -> Response:
    """An accepted event with the present state of what followed from it.

    Of an incident of an area `plan` says how far it is told; its notifications, which can be many, are read with
    `GET /v1/notifications`.
    """
    async with services.database.read() as tx:
        found = await event_store.by_id(tx, event)
        if found is None or not caller.may_act_for(found.operator):
            raise Problem(404)
        plan = (await incident_store.progress(tx, [event])).get(event)
        told = await outbox.by_events(tx, [event]) if plan is None else {}
        record = (await recipient_store.by_ids(tx, [found.recipient])).get(found.recipient)
        payload = await event_store.payload(tx, event, record.key) if record else None
    return _json(
        HTTPStatus.OK,
        {
            "event": str(found.id),
            "status": found.status,
            "mapped_type": found.mapped_type,
            "received_at": moment(found.received_at),
            "cloudevent": json.loads(payload) if payload else None,
            "notifications": [notification_summary(n) for n in told.get(event, [])],
            "plan": None if plan is None else plan_view(plan),
        },
    )


def _json(status: HTTPStatus, content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
