"""`/v1/webhooks`: endpoints of other systems, and the events that they are told of, by cursor."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ValidationError

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.problems import Fault, Problem
from app.api.search_models import body_of, faulty
from app.api.services import Services
from app.api.webhook_models import (
    CURSOR_EXAMPLE,
    EnableData,
    EventPageView,
    NewWebhookView,
    ReplayData,
    TestAskedView,
    TypeName,
    WebhookData,
    WebhookListView,
    WebhookView,
    event_view,
    webhook_view,
)
from app.domain.access import Caller, Scope
from app.domain.names import is_name
from app.domain.webhook import Place, parse_place
from app.storage import webhooks as webhook_store
from app.storage.webhooks import Webhook
from app.usecases.keep_webhooks import (
    WEBHOOKS_MAX,
    LogNotOpenError,
    NewWebhook,
    TooManyWebhooks,
    add_webhook,
    ask_for_test,
    enable_webhook,
    place_to_read_from,
    replay_webhook,
    rotate_secret,
    types_of,
)
from app.usecases.read_webhook_events import read_webhook_events

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

BODY_BYTES_MAX = 16 * 1024
LISTED_MAX = 1_000
LIMIT_MAX = 200
NOW = "now"

_Integrator = Annotated[Caller, Depends(require(Scope.WEBHOOKS_WRITE))]
_Data = TypeVar("_Data", bound=BaseModel)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Register an endpoint that is told of what happens",
    openapi_extra=body_of(WebhookData),
    responses=answers(400, 401, 403, 409, 413, 415, 422, 503),
)
async def post(request: Request, services: ServicesDep, caller: _Integrator) -> NewWebhookView:
    """It is told of everything from now on, signed as Standard Webhooks says with the `secret` in this answer.

    The address is looked at now and again at each call. 409 while the operator has twenty endpoints.
    """
    wanted = _read(WebhookData, await read_json(request, maximum=BODY_BYTES_MAX))
    if not caller.may_act_for(wanted.operator):
        raise Problem(403, "This key may not register endpoints of that operator")
    if why := await services.webhooks.refuses(wanted.url):
        raise Problem(422, errors=[Fault(pointer="/url", detail=why[0].upper() + why[1:])])
    new = NewWebhook(
        operator=wanted.operator, url=wanted.url, description=wanted.description, events=types_of(wanted.events)
    )
    try:
        added = await services.database.transact(partial(add_webhook, new=new, surroundings=services.surroundings))
    except LogNotOpenError:
        raise _not_open() from None
    if isinstance(added, TooManyWebhooks):
        raise Problem(409, f"There are {WEBHOOKS_MAX} endpoints of that operator; delete one")
    return _with_secret(added)


@router.get(
    "",
    summary="List endpoints and their health",
    responses=answers(401, 403, 422, 503),
)
async def list_webhooks(
    services: ServicesDep,
    caller: _Integrator,
    operator: Annotated[str | None, Query(description="Only of this operator", examples=["poczta-polska"])] = None,
) -> WebhookListView:
    """The endpoints of the caller's operators, or of one of them."""
    operators = sorted(caller.operators) if caller.operators is not None else None
    if operator is not None:
        operators = [_operator(caller, operator)]
    async with services.database.read() as tx:
        found = await webhook_store.of_operators(tx, operators, limit=LISTED_MAX)
        pending = await webhook_store.count_pending(tx, [each.id for each in found])
    return WebhookListView.model_validate({"items": [webhook_view(each, pending.get(each.id, 0)) for each in found]})


@router.get(
    "/events",
    summary="Read events by cursor",
    responses=answers(401, 403, 422, 503),
)
async def list_events(
    services: ServicesDep,
    caller: _Integrator,
    operator: Annotated[str, Query(description="Whose events", examples=["poczta-polska"])],
    after: Annotated[
        str | None,
        Query(
            max_length=40,
            description="The cursor to read on from; `now` for the end of the log; without it the log's beginning",
            examples=[CURSOR_EXAMPLE],
        ),
    ] = None,
    types: Annotated[
        list[TypeName] | None, Query(alias="type", description="Only of this type; may be given more than once")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
) -> EventPageView:
    """In the order of the log, whether or not there is an endpoint: nothing is lost by not having one.

    Names are null, and lists of them empty, once a person is erased; events themselves go with the records that they
    are read from (ten years unless set otherwise).
    """
    _operator(caller, operator)
    from_now = after == NOW
    place = None if after is None or from_now else _place(after, "/query/after")
    async with services.database.read() as tx:
        try:
            begin = await place_to_read_from(tx, place, from_now=from_now)
        except LogNotOpenError:
            raise _not_open() from None
        if begin is None:
            raise _no_cursor("/query/after")
        page = await read_webhook_events(tx, operator=operator, after=begin, types=types_of(types), limit=limit)
    return EventPageView.model_validate(
        {"items": [event_view(each) for each in page.events], "next": str(page.after), "end": page.is_end}
    )


@router.get("/{id}", summary="One endpoint and its health", responses=answers(401, 403, 404, 422, 503))
async def get(id: UUID, services: ServicesDep, caller: _Integrator) -> WebhookView:  # noqa: A002 – the contract's name
    """Its state, how calls went, and what came of the last test event."""
    return await _shown(services, id, caller)


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Delete an endpoint",
    responses=answers(204, 401, 403, 404, 422, 503),
)
async def delete(id: UUID, services: ServicesDep, caller: _Integrator) -> None:  # noqa: A002 – the contract's name
    """A call that is on its way still arrives. Again: 404."""
    await _owned(services, id, caller)
    await services.database.transact(partial(webhook_store.remove, webhook=id))


@router.post("/{id}/secret", summary="Give an endpoint another secret", responses=answers(401, 403, 404, 422, 503))
async def rotate(id: UUID, services: ServicesDep, caller: _Integrator) -> NewWebhookView:  # noqa: A002 – the contract's name
    """For 24 hours calls bear two signatures, by the new secret and by the one before, so that receivers can change."""
    await _owned(services, id, caller)
    rotated = await services.database.transact(partial(rotate_secret, webhook=id, surroundings=services.surroundings))
    if rotated is None:
        raise Problem(404)
    return _with_secret(rotated)


@router.post(
    "/{id}/test",
    status_code=HTTPStatus.ACCEPTED,
    summary="Send a test event",
    responses=answers(401, 403, 404, 422, 503),
)
async def test(id: UUID, services: ServicesDep, caller: _Integrator) -> TestAskedView:  # noqa: A002 – the contract's name
    """A `webhook.test` is sent once within seconds, also to a disabled endpoint; `GET` shows what came of it."""
    await _owned(services, id, caller)
    await services.database.transact(partial(ask_for_test, webhook=id, surroundings=services.surroundings))
    asked = (await _owned(services, id, caller)).test
    if asked is None:
        raise Problem(404)
    return TestAskedView(test=f"evt_{asked.id.hex}")


@router.post(
    "/{id}/enable",
    summary="Tell an endpoint again",
    openapi_extra=body_of(EnableData),
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
)
async def enable(id: UUID, request: Request, services: ServicesDep, caller: _Integrator) -> WebhookView:  # noqa: A002 – the contract's name
    """`stopped`: what waited is tried anew at once, and all that came since follows. `now`: all of that is left out."""
    wanted = _read(EnableData, await read_json(request, maximum=BODY_BYTES_MAX))
    await _owned(services, id, caller)
    from_now = wanted.begin == "now"
    await services.database.transact(
        partial(enable_webhook, webhook=id, from_now=from_now, surroundings=services.surroundings)
    )
    return await _shown(services, id, caller)


@router.post(
    "/{id}/replay",
    summary="Tell an endpoint once more of what it was told",
    openapi_extra=body_of(ReplayData),
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def replay(id: UUID, request: Request, services: ServicesDep, caller: _Integrator) -> WebhookView:  # noqa: A002 – the contract's name
    """Everything behind the cursor is sent again, each event with the `webhook-id` that it had; newer ones follow.

    409 when the endpoint has not come that far, or the log has no such place.
    """
    wanted = _read(ReplayData, await read_json(request, maximum=BODY_BYTES_MAX))
    after = _place(wanted.after, "/after")
    await _owned(services, id, caller)
    if await services.database.transact(partial(replay_webhook, webhook=id, after=after)) is not None:
        raise Problem(409, "The endpoint has not come as far as that cursor")
    return await _shown(services, id, caller)


def _operator(caller: Caller, operator: str) -> str:
    if not is_name(operator):
        raise Problem(422, errors=[Fault(pointer="/query/operator", detail="Is not a name")])
    if not caller.may_act_for(operator):
        raise Problem(403, "This key may not read that operator's events")
    return operator


def _place(cursor: str, pointer: str) -> Place:
    place = parse_place(cursor)
    if place is None:
        raise _no_cursor(pointer)
    return place


def _no_cursor(pointer: str) -> Problem:
    return Problem(422, errors=[Fault(pointer=pointer, detail="Is not a cursor that was given out")])


def _not_open() -> Problem:
    return Problem(503, "The evidence log has not been opened yet", headers={"Retry-After": "2"})


async def _owned(services: Services, webhook: UUID, caller: Caller) -> Webhook:
    async with services.database.read() as tx:
        found = await webhook_store.find(tx, webhook)
    if found is None or not caller.may_act_for(found.operator):
        raise Problem(404)
    return found


async def _shown(services: Services, webhook: UUID, caller: Caller) -> WebhookView:
    found = await _owned(services, webhook, caller)
    async with services.database.read() as tx:
        pending = await webhook_store.count_pending(tx, [webhook])
    return WebhookView.model_validate(webhook_view(found, pending.get(webhook, 0)))


def _with_secret(webhook: Webhook) -> NewWebhookView:
    return NewWebhookView.model_validate(webhook_view(webhook, 0) | {"secret": webhook.target.secret})


def _read(model: type[_Data], body: object) -> _Data:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise faulty(error) from None
