"""Status reports of providers that sign nothing: our MAC in the address alone shows that they were told it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.api.body import read_body
from app.api.callbacks import is_ours, keep
from app.api.dependencies import ServicesDep
from app.api.forms import BODY_BYTES_MAX, read_form
from app.api.openapi import CALLBACK_REQUEST, answers
from app.api.problems import Problem
from app.api.services import Services, refuse_while_log_is_untrusted
from app.domain.receipt import Receipt
from app.storage import notifications as outbox

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])

_Attempt = Annotated[UUID, Query(description="Our attempt")]
_Mac = Annotated[str, Query(description="Our MAC over it", max_length=64)]
_IN_QUERY = answers(200, 400, 403, 422, 503, media_type="text/plain")
_IN_BODY = answers(200, 400, 403, 413, 415, 422, 503, media_type="text/plain")
_OURS = frozenset({"a", "m"})


@router.get("/smsapi/status", summary="SMSAPI's status callback, its report in the query", responses=_IN_QUERY)
async def smsapi_status(request: Request, services: ServicesDep, a: _Attempt, m: _Mac) -> Response:
    """Keep one or several reports on a message.

    403, and nothing written, unless the MAC is genuine and `idx`, if there is one, is the message's.
    """
    return await _receive(request, services, "smsapi", a, m)


@router.post(
    "/smsapi/status",
    summary="SMSAPI's status callback, its report in a form",
    openapi_extra=CALLBACK_REQUEST,
    responses=_IN_BODY,
)
async def smsapi_status_form(request: Request, services: ServicesDep, a: _Attempt, m: _Mac) -> Response:
    """Keep one or several reports, as with GET."""
    return await _receive(request, services, "smsapi", a, m)


@router.get("/gateway/status", summary="The status callback of a described gateway, in the query", responses=_IN_QUERY)
async def gateway_status(request: Request, services: ServicesDep, a: _Attempt, m: _Mac) -> Response:
    """Keep a report of the gateway that AWIZO_GATEWAY_FILE describes.

    403, and nothing written, unless the MAC is genuine and the key, if there is one, is the message's.
    """
    return await _receive(request, services, "gateway", a, m)


@router.post(
    "/gateway/status",
    summary="The status callback of a described gateway, in a form",
    openapi_extra=CALLBACK_REQUEST,
    responses=_IN_BODY,
)
async def gateway_status_form(request: Request, services: ServicesDep, a: _Attempt, m: _Mac) -> Response:
    """Keep a report, as with GET."""
    return await _receive(request, services, "gateway", a, m)


async def _receive(request: Request, services: Services, provider: str, attempt: UUID, mac: str) -> Response:
    parser = services.receipts.get(provider)
    if parser is None or not is_ours(services, provider, attempt, mac):
        raise Problem(403)
    refuse_while_log_is_untrusted(services)
    raw = _report_in_query(request) if request.method == "GET" else await read_body(request, maximum=BODY_BYTES_MAX)
    receipts = parser.parse(url=request.url.path, form=read_form(raw), signature="", raw=raw, attempt=attempt)
    if not await _name_the_right_message(services, receipts):
        raise Problem(403)
    await keep(services, receipts)
    # SMSAPI calls again and again until it reads this.
    return Response("OK", media_type="text/plain")


def _report_in_query(request: Request) -> bytes:
    """The query without what we put into it ourselves."""
    parts = request.scope["query_string"].split(b"&")
    return b"&".join(part for part in parts if part.partition(b"=")[0].decode("latin-1") not in _OURS)


async def _name_the_right_message(services: Services, receipts: tuple[Receipt, ...]) -> bool:
    """Whether no receipt names another notification than its attempt's; of an attempt that is not here nobody knows."""
    named = [receipt for receipt in receipts if receipt.notification is not None]
    if not named:
        return True
    async with services.database.read() as tx:
        attempts = await outbox.attempts_by_id(tx, {receipt.attempt for receipt in named})
    return all(
        receipt.notification == attempts[receipt.attempt].notification
        for receipt in named
        if receipt.attempt in attempts
    )
