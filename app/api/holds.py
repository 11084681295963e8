"""`PUT`, `GET` and `DELETE` on `/v1/recipients/{operator}/{recipient}/hold`: legal holds."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.hold_models import HoldView, hold_schema, read_hold, shown
from app.api.openapi import answers
from app.api.problems import Problem
from app.api.recipients import PLACE, Name, check_operator
from app.api.services import refuse_while_log_is_untrusted
from app.domain.access import Caller, Scope
from app.storage import legal_holds
from app.storage import recipients as recipient_store
from app.usecases.lift_hold import lift_hold
from app.usecases.place_hold import place_hold

router = APIRouter(prefix="/v1/recipients", tags=["recipients"])

BODY_BYTES_MAX = 16 * 1024

_Support = Annotated[Caller, Depends(require(Scope.SUPPORT_WRITE))]


@router.put(
    f"{PLACE}/hold",
    summary="Place a legal hold on a person: nothing of theirs is erased until its end",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": hold_schema()}}}},
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
)
async def put(operator: Name, recipient: Name, request: Request, services: ServicesDep, caller: _Support) -> HoldView:
    """It takes the place of the one before. `until` lies in the future, at most ten years away."""
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    wanted = read_hold(await read_json(request, maximum=BODY_BYTES_MAX), now=services.surroundings.clock())
    if isinstance(wanted, tuple):
        raise Problem(422, errors=wanted)
    placed = await services.database.transact(
        lambda tx: place_hold(
            tx,
            operator,
            recipient,
            reason=wanted.reason,
            until=wanted.until,
            actor=caller.key_id,
            surroundings=services.surroundings,
        )
    )
    if placed is None:
        raise Problem(404)
    return await _present(services, operator, recipient)


@router.get(
    f"{PLACE}/hold",
    summary="Read the legal hold on a person",
    responses=answers(401, 403, 404, 422, 503),
)
async def get(operator: Name, recipient: Name, services: ServicesDep, caller: _Support) -> HoldView:
    """The hold, and since when an erasure waits for its end. 404 when there is none."""
    check_operator(caller, operator)
    return await _present(services, operator, recipient)


@router.delete(
    f"{PLACE}/hold",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Lift a legal hold",
    responses=answers(204, 401, 403, 404, 422, 503),
)
async def delete(operator: Name, recipient: Name, services: ServicesDep, caller: _Support) -> None:
    """An erasure that it deferred follows within seconds. Again: 404."""
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    lifted = await services.database.transact(
        lambda tx: lift_hold(tx, operator, recipient, actor=caller.key_id, surroundings=services.surroundings)
    )
    if not lifted:
        raise Problem(404)


async def _present(services: ServicesDep, operator: str, recipient: str) -> HoldView:
    async with services.database.read() as tx:
        record = await recipient_store.find(tx, operator, recipient)
        hold = await legal_holds.of_recipient(tx, record.id, record.key) if record else None
        if record is None or hold is None:
            raise Problem(404)
        return shown(hold, await recipient_store.asked_for_erasure(tx, record.id))
