"""`PUT`, `GET` and `DELETE` on `/v1/recipients/{operator}/{recipient}`."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.recipient_models import DeferredView, RecipientView, read_recipient, request_schema, shown
from app.api.services import refuse_while_log_is_untrusted
from app.domain.access import Caller, Scope
from app.domain.merge import RecipientPatch
from app.domain.names import NAME_PATTERN
from app.storage import recipients as recipient_store
from app.storage.journal import empty_journal
from app.usecases.erase_recipient import Deferred, Erased, erase_recipient
from app.usecases.put_recipient import Withheld, put_recipient

router = APIRouter(prefix="/v1/recipients", tags=["recipients"])

BODY_BYTES_MAX = 64 * 1024

Name = Annotated[str, Path(pattern=NAME_PATTERN)]
Writer = Annotated[Caller, Depends(require(Scope.RECIPIENTS_WRITE))]
_Reader = Annotated[Caller, Depends(require(Scope.RECIPIENTS_WRITE, Scope.SHIPMENTS_READ))]
PLACE = "/{operator}/{recipient}"


@router.put(
    PLACE,
    summary="Register a person, or merge what is known of them",
    response_model_exclude_unset=True,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": request_schema()}}}},
    responses={
        201: {"description": "Registered", "model": RecipientView},
        **answers(400, 401, 403, 409, 413, 415, 422, 503),
    },
)
async def put(
    operator: Name, recipient: Name, request: Request, response: Response, services: ServicesDep, caller: Writer
) -> RecipientView:
    """The latest act by `at` wins, the person's own over an operator's older or equal one; nothing is removed.

    What was not applied stands in `ignored`. 409 while a legal hold defers the erasure of this person.
    """
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    patch = read_recipient(await read_json(request, maximum=BODY_BYTES_MAX), now=services.surroundings.clock())
    if not isinstance(patch, RecipientPatch):
        raise Problem(422, errors=patch)
    done = await services.database.transact(
        lambda tx: put_recipient(
            tx,
            operator,
            recipient,
            patch,
            operator_verified=services.operator_verified,
            surroundings=services.surroundings,
            limits=services.code_limits,
        )
    )
    if isinstance(done, Withheld):
        raise Problem(
            409, "This person is to be erased; a legal hold defers it, and nothing new is taken in until then"
        )
    response.status_code = HTTPStatus.CREATED if done.created else HTTPStatus.OK
    return shown(done.recipient, ignored=done.ignored)


@router.get(
    PLACE,
    summary="Read what is known of a person",
    response_model_exclude_unset=True,
    responses=answers(401, 403, 404, 422, 503),
)
async def get(operator: Name, recipient: Name, services: ServicesDep, caller: _Reader) -> RecipientView:
    """The record; phone numbers and addresses are masked for those who may only read shipments."""
    check_operator(caller, operator)
    async with services.database.read() as tx:
        record = await recipient_store.find(tx, operator, recipient)
    if record is None or record.recipient is None:
        raise Problem(404)
    return shown(record.recipient, values=caller.may(Scope.RECIPIENTS_WRITE))


@router.delete(
    PLACE,
    status_code=HTTPStatus.NO_CONTENT,
    summary="Erase a person (GDPR art. 17)",
    response_model=None,
    responses={
        202: {"description": "A legal hold defers it; nobody contacts the person any more", "model": DeferredView},
        **answers(204, 401, 403, 404, 422, 503),
    },
)
async def delete(operator: Name, recipient: Name, services: ServicesDep, caller: Writer) -> Response:
    """Everything personal is destroyed, what has not left is cancelled; proofs still verify. Again: 404.

    While there is a legal hold: 202 until it ends or is lifted, then the person is erased without another call.
    """
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    erased = await services.database.transact(
        lambda tx: erase_recipient(tx, operator, recipient, actor=caller.key_id, surroundings=services.surroundings)
    )
    match erased:
        case None:
            raise Problem(404)
        case Deferred(until=until):
            view = DeferredView(erasure="deferred", until=until)
            return Response(view.model_dump_json(), HTTPStatus.ACCEPTED, media_type="application/json")
        case Erased():
            await empty_journal(services.database)
            return Response(status_code=HTTPStatus.NO_CONTENT)


def check_operator(caller: Caller, operator: str) -> None:
    """Raise a 403 for a key that does not act for that operator."""
    if not caller.may_act_for(operator):
        raise Problem(403, "This key may not act for that operator")
