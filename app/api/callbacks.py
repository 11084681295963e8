"""What Twilio calls back: status reports, accepted only with our MAC and its signature."""

import hmac
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.api.body import read_body
from app.api.dependencies import ServicesDep
from app.api.forms import BODY_BYTES_MAX, path_and_query, read_form
from app.api.openapi import CALLBACK_REQUEST, answers
from app.api.problems import Problem
from app.api.services import Services, refuse_while_log_is_untrusted
from app.domain.receipt import Receipt
from app.usecases.start_attempt import callback_mac

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])


@router.post(
    "/twilio/status",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Twilio's status callback",
    openapi_extra=CALLBACK_REQUEST,
    responses=answers(204, 400, 403, 413, 415, 422, 503),
)
async def twilio_status(
    request: Request,
    services: ServicesDep,
    a: Annotated[UUID, Query(description="Our attempt")],
    m: Annotated[str, Query(description="Our MAC over it", max_length=64)],
) -> Response:
    """Keep a report. 403, and nothing written, unless MAC and `X-Twilio-Signature` are genuine."""
    parser = services.receipts.get("twilio")
    if parser is None or not is_ours(services, "twilio", a, m):
        raise Problem(403)
    refuse_while_log_is_untrusted(services)
    raw = await read_body(request, maximum=BODY_BYTES_MAX)
    receipts = parser.parse(
        url=path_and_query(request),
        form=read_form(raw),
        signature=request.headers.get("x-twilio-signature", ""),
        raw=raw,
        attempt=a,
    )
    await keep(services, receipts)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def keep(services: Services, receipts: Sequence[Receipt]) -> None:
    """Record them in order. Raises Problem 403 for none."""
    if not receipts:
        raise Problem(403)
    for receipt in receipts:
        await services.reception.record(receipt)


def is_ours(services: Services, provider: str, attempt: UUID, mac: str) -> bool:
    """Whether that MAC is ours over the attempt, made for that provider."""
    expected = callback_mac(services.database.vault, provider, attempt)
    return hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace"))
