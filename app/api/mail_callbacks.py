"""Where a mail server hands in what came back: delivery status notifications and bounces."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated, assert_never

from fastapi import APIRouter, Depends, Request, Response

from app.api.body import parse_media_type, read_body
from app.api.dependencies import ServicesDep, require
from app.api.openapi import MAIL_REQUEST, answers
from app.api.problems import Problem
from app.api.services import refuse_while_log_is_untrusted
from app.domain.access import Caller, Scope
from app.domain.receipt import Receipt
from app.storage.stray_receipts import StrayReport
from app.usecases.keep_stray import keep_stray
from app.usecases.match_report import match_report

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])

MESSAGE_BYTES_MAX = 1024 * 1024
MEDIA_TYPE = "message/rfc822"


@router.post(
    "/email/dsn",
    status_code=HTTPStatus.NO_CONTENT,
    summary="A bounce or a delivery status notification, as it came (RFC 5322)",
    openapi_extra=MAIL_REQUEST,
    responses=answers(204, 400, 401, 403, 413, 415, 503),
)
async def email_dsn(
    request: Request, services: ServicesDep, caller: Annotated[Caller, Depends(require(Scope.RECEIPTS_WRITE))]
) -> Response:
    """Keep a report. It counts when it bears our MAC over an attempt of the caller's operators, else it is kept apart.

    Whatever the message is, the answer is the same, so that a mail server can hand in all it gets.
    """
    refuse_while_log_is_untrusted(services)
    media_type = parse_media_type(request.headers.get("content-type", ""))
    if media_type is None or media_type.essence != MEDIA_TYPE:
        raise Problem(415, f"Send {MEDIA_TYPE}", headers={"Accept": MEDIA_TYPE})
    message = await read_body(request, maximum=MESSAGE_BYTES_MAX)
    report = await asyncio.to_thread(services.mail_reports.parse, message)
    async with services.database.read() as tx:
        told = await match_report(tx, message, report, caller=caller)
    match told:
        case Receipt():
            await services.reception.record(told)
        case StrayReport():
            await services.database.transact(partial(keep_stray, stray=told, surroundings=services.surroundings))
        case _:
            assert_never(told)
    return Response(status_code=HTTPStatus.NO_CONTENT)
