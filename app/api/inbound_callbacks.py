"""What people write back to our number, as providers pass it on."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from app.api.body import read_body
from app.api.dependencies import ServicesDep
from app.api.forms import BODY_BYTES_MAX, path_and_query, read_form
from app.api.openapi import CALLBACK_REQUEST, answers
from app.api.problems import Problem
from app.api.services import refuse_while_log_is_untrusted
from app.usecases.record_inbound_sms import record_inbound_sms

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])


@router.post(
    "/twilio/inbound",
    status_code=HTTPStatus.NO_CONTENT,
    summary="An SMS that somebody sent to our number at Twilio: STOP, START or anything else",
    openapi_extra=CALLBACK_REQUEST,
    responses=answers(204, 400, 403, 413, 415, 503),
)
async def twilio_inbound(request: Request, services: ServicesDep) -> Response:
    """STOP ends all SMS to the sender's number, START resumes what STOP ended; anything else is kept nowhere.

    403, and nothing written, unless `X-Twilio-Signature` is genuine. A message that comes again does nothing. The
    answer is the same whoever wrote, and without a body, so that Twilio replies nothing.
    """
    parser = services.inbound.get("twilio")
    if parser is None:
        raise Problem(403)
    refuse_while_log_is_untrusted(services)
    sms = parser.read_inbound(
        url=path_and_query(request),
        form=read_form(await read_body(request, maximum=BODY_BYTES_MAX)),
        signature=request.headers.get("x-twilio-signature", ""),
    )
    if sms is None:
        raise Problem(403)
    asked = await record_inbound_sms(services.database, sms, surroundings=services.surroundings)
    services.metrics.inbound_sms.labels(asked or "repeated").inc()
    return Response(status_code=HTTPStatus.NO_CONTENT)
