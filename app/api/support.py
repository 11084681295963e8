"""What support may do (`support:write`): send again, correct a contact, keep complaints, release after a recovery.

Each act is sealed as `support.acted` with its reason, and each can be repeated without harm: what it is about is its
natural key, so that no `Idempotency-Key` is needed. Another operator's records look like none.
"""

import base64
from collections.abc import Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, assert_never
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.body import read_json
from app.api.dependencies import ServicesDep, require
from app.api.openapi import answers
from app.api.problems import MEDIA_TYPE, Fault, Problem
from app.api.recipient_models import shown
from app.api.recipients import Name
from app.api.search_models import body_of
from app.api.services import Services, refuse_while_log_is_untrusted
from app.api.support_models import (
    NOT_ANSWERED,
    NOT_ATTACHED,
    NOT_CORRECTED,
    NOT_RESENT,
    AnswerData,
    ComplaintData,
    ComplaintPage,
    ComplaintView,
    CorrectedView,
    CorrectionData,
    ReleaseData,
    ReleasedView,
    ResendData,
    ResentView,
    complaint_view,
    read_as,
    refused,
    release_view,
)
from app.domain.access import Caller, Scope
from app.domain.calendar import local_day
from app.domain.complaint import ComplaintState
from app.domain.correction_of_contact import NotCorrected
from app.domain.names import is_name
from app.storage import complaints as complaint_store
from app.storage import notifications as outbox
from app.storage.complaints import Wanted
from app.usecases.correct_contact import Corrected, correct_recipient
from app.usecases.keep_complaints import Attached, Kept, NotKept, answer_complaint, attach_complaint
from app.usecases.put_recipient import Withheld
from app.usecases.record_support import ActingSupport
from app.usecases.release_restored import release_notifications
from app.usecases.resend_notification import NotResent, Resent, resend_notification
from app.usecases.send_codes import Confirming

router = APIRouter(prefix="/v1", tags=["support"])

BODY_BYTES_MAX = 32 * 1024
LIMIT_MAX = 200

_Support = Annotated[Caller, Depends(require(Scope.SUPPORT_WRITE))]
_Reader = Annotated[Caller, Depends(require(Scope.SUPPORT_WRITE, Scope.SHIPMENTS_READ))]
_COMPLAINTS = "/shipments/{operator}/{shipment}/complaints"


def _act_answers(why_not: Mapping[str, str]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an act, with each way in which its 409 says why not."""
    described = answers(400, 401, 403, 404, 409, 413, 415, 422, 503)
    types = ", ".join(f"`{code.replace('_', '-')}`" for code in why_not)
    described[409]["description"] = f"Not done; `type` is `urn:awizo:problem:` and one of {types}"
    described[409]["content"][MEDIA_TYPE]["examples"] = {
        code: {"value": refused(code, why_not).members()} for code in why_not
    }
    return described


@router.post(
    "/notifications/release",
    summary="Send notifications after all that a recovery made unknown",
    openapi_extra=body_of(ReleaseData),
    responses=answers(400, 401, 403, 413, 415, 422, 503),
)
async def release(request: Request, services: ServicesDep, caller: _Support) -> ReleasedView:
    """One outcome for each id: what is not true any more, or may not be sent, is refused and stays unknown.

    They may have been sent before the recovery: that is what the reason answers for. Repeating it sends nothing twice:
    what was released is `released_before`. An id of another operator is `not_found`, as one of nobody.
    """
    refuse_while_log_is_untrusted(services)
    wanted = read_as(ReleaseData, await read_json(request, maximum=BODY_BYTES_MAX), today=_today(services))
    done = await services.database.transact(
        lambda tx: release_notifications(
            tx,
            wanted.ids,
            operators=caller.operators,
            by=ActingSupport(actor=caller.key_id, reason=wanted.reason),
            surroundings=services.surroundings,
        )
    )
    return ReleasedView(items=[release_view(each) for each in done])


@router.post(
    "/notifications/{id}/resend",
    status_code=HTTPStatus.CREATED,
    summary="Send once more what certainly reached nobody",
    openapi_extra=body_of(ResendData),
    responses={200: {"description": "It had been sent again before", "model": ResentView}, **_act_answers(NOT_RESENT)},
)
async def resend(
    id: UUID,  # noqa: A002 – the contract's name
    request: Request,
    response: Response,
    services: ServicesDep,
    caller: _Support,
) -> ResentView:
    """A new notification of the same news, with a chain of its own; the earlier one stays as it is.

    For what failed, or was suppressed for a reason that is mended since; never for `unknown`, of which a provider may
    have a copy. Contact, consent, pause, limits and truth are checked now and right before it leaves. The natural key
    is the earlier notification: it is sent again once, repeating the request gives what was made (200), and what was
    made may be sent again when it fails. 409 says in `type` and `detail` why not.
    """
    refuse_while_log_is_untrusted(services)
    wanted = read_as(ResendData, await read_json(request, maximum=BODY_BYTES_MAX), today=_today(services))
    async with services.database.read() as tx:
        earlier = await outbox.by_id(tx, id)
    if earlier is None or not caller.may_act_for(earlier.operator):
        raise Problem(404)
    by = ActingSupport(actor=caller.key_id, reason=wanted.reason)
    done = await services.database.transact(
        partial(resend_notification, notification_id=id, by=by, surroundings=services.surroundings)
    )
    match done:
        case None:
            raise Problem(404)
        case NotResent(code=code):
            raise refused(code, NOT_RESENT)
        case Resent(is_new=is_new):
            response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
            return _resent(done)
        case _:
            assert_never(done)


def _resent(done: Resent) -> ResentView:
    made = done.notification
    return ResentView(
        notification=made.id,
        resends=done.earlier,
        channel=made.channel.value,
        kind=made.kind,
        status=made.status.value,
        not_before=made.not_before,
    )


@router.post(
    "/recipients/{operator}/{recipient}/contacts/correct",
    summary="Correct a mistyped phone number or e-mail address",
    response_model_exclude_unset=True,
    openapi_extra=body_of(CorrectionData),
    responses=_act_answers(NOT_CORRECTED),
)
async def correct(
    operator: Name, recipient: Name, request: Request, services: ServicesDep, caller: _Support
) -> CorrectedView:
    """The wrong contact is removed, and the right one added as a `PUT` of the recipient would: it is asked to confirm.

    The person's other contacts hear that something changed. What the person gave, confirmed or removed themselves
    stays: 409 says so. The natural key is the pair `from` and `to`: repeating it changes nothing and gives
    `corrected: false`.
    """
    _own(caller, operator)
    refuse_while_log_is_untrusted(services)
    wanted = read_as(CorrectionData, await read_json(request, maximum=BODY_BYTES_MAX), today=_today(services))
    done = await services.database.transact(
        lambda tx: correct_recipient(
            tx,
            operator,
            recipient,
            wanted.correction(),
            by=ActingSupport(actor=caller.key_id, reason=wanted.reason),
            operator_verified=services.operator_verified,
            confirming=Confirming(limits=services.code_limits, surroundings=services.surroundings),
        )
    )
    match done:
        case None:
            raise Problem(404)
        case Withheld():
            raise refused("withheld", NOT_CORRECTED)
        case NotCorrected(code=code):
            raise refused(code, NOT_CORRECTED)
        case Corrected(recipient=person, is_new=is_new, ignored=ignored):
            values = caller.may(Scope.RECIPIENTS_WRITE)
            return CorrectedView(corrected=is_new, record=shown(person, ignored=ignored, values=values))
        case _:
            assert_never(done)


@router.post(
    _COMPLAINTS,
    status_code=HTTPStatus.CREATED,
    summary="Attach a complaint's reference to a shipment, with the 30 days of its answer",
    openapi_extra=body_of(ComplaintData),
    responses={200: {"description": "It was attached before", "model": ComplaintView}, **_act_answers(NOT_ATTACHED)},
)
async def attach(
    operator: Name, shipment: Name, request: Request, response: Response, services: ServicesDep, caller: _Support
) -> ComplaintView:
    """The answer says until when the complaint is to be answered (Dz.U. 2019 poz. 474 § 9), and how many days are left.

    The natural key is the reference: repeating the request gives the complaint as it stands (200); the same reference
    with another day of receipt, or for somebody else, is 409.
    """
    _own(caller, operator)
    refuse_while_log_is_untrusted(services)
    wanted = read_as(ComplaintData, await read_json(request, maximum=BODY_BYTES_MAX), today=_today(services))
    attached = Attached(reference=wanted.reference, received_on=wanted.received_on, recipient=wanted.recipient)
    done = await services.database.transact(
        lambda tx: attach_complaint(
            tx,
            operator,
            shipment,
            attached,
            by=ActingSupport(actor=caller.key_id, reason=wanted.reason),
            surroundings=services.surroundings,
        )
    )
    kept = _kept(done)
    response.status_code = HTTPStatus.CREATED if kept.is_new else HTTPStatus.OK
    return complaint_view(kept.complaint, _today(services))


@router.post(
    f"{_COMPLAINTS}/{{reference}}/answered",
    summary="Close a complaint: its answer was sent",
    openapi_extra=body_of(AnswerData),
    responses=_act_answers(NOT_ANSWERED),
)
async def answered(
    operator: Name, shipment: Name, reference: Name, request: Request, services: ServicesDep, caller: _Support
) -> ComplaintView:
    """What counts is the day on which the answer was sent. The same again changes nothing; another day is 409."""
    _own(caller, operator)
    refuse_while_log_is_untrusted(services)
    wanted = read_as(AnswerData, await read_json(request, maximum=BODY_BYTES_MAX), today=_today(services))
    done = await services.database.transact(
        lambda tx: answer_complaint(
            tx,
            operator,
            shipment,
            reference,
            answered_on=wanted.answered_on,
            by=ActingSupport(actor=caller.key_id, reason=wanted.reason),
            surroundings=services.surroundings,
        )
    )
    return complaint_view(_kept(done).complaint, _today(services))


@router.get(
    "/complaints",
    summary="List an operator's complaints, the earliest last day first",
    responses=answers(401, 403, 404, 422, 503),
)
async def list_complaints(
    services: ServicesDep,
    caller: _Reader,
    operator: Annotated[str, Query()],
    state: ComplaintState | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> ComplaintPage:
    """`state=due`: unanswered, and the last day is today or has passed. Those of people who were erased are gone."""
    if not is_name(operator):
        raise Problem(422, errors=[Fault(pointer="/query/operator", detail="Is not a name")])
    _own(caller, operator)
    today = _today(services)
    wanted = Wanted(operator=operator, state=state, today=today, after=_place(cursor), limit=limit)
    async with services.database.read() as tx:
        page = await complaint_store.page(tx, wanted)
    following = _cursor(*page.following) if page.following else None
    return ComplaintPage(items=[complaint_view(each, today) for each in page.complaints], next=following)


def _own(caller: Caller, operator: str) -> None:
    if not caller.may_act_for(operator):
        raise Problem(404)


def _today(services: Services) -> date:
    """The local day in Poland."""
    return local_day(services.surroundings.clock())


def _kept(done: Kept | NotKept) -> Kept:
    if isinstance(done, Kept):
        return done
    if done is NotKept.NOBODY:
        raise Problem(404)
    raise refused(done.value, NOT_ATTACHED | NOT_ANSWERED)


def _cursor(day: date, id_: UUID) -> str:
    packed = day.toordinal().to_bytes(4, "big") + id_.bytes
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _place(cursor: str | None) -> tuple[date, UUID] | None:
    """Where a cursor goes on. Raises a Problem for anything that was not given out."""
    if cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = date.fromordinal(int.from_bytes(packed[:4], "big")), UUID(bytes=packed[4:])
    except (ValueError, OverflowError):
        place = None
    if place is None or _cursor(*place) != cursor:
        raise Problem(422, errors=[Fault(pointer="/query/cursor", detail="Is not a cursor that was given out")])
    return place
