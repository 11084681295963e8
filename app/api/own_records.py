"""`POST` on `/v1/recipients/{operator}/{recipient}/bind` and `…/session`: records that people keep themselves."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, assert_never

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.api.body import read_json
from app.api.dependencies import ServicesDep
from app.api.openapi import answers
from app.api.problems import Fault, Problem, faults_of
from app.api.recipient_models import RecipientView, shown
from app.api.recipients import PLACE, Name, Writer, check_operator
from app.api.services import refuse_while_log_is_untrusted
from app.usecases.bind_recipient import Bound, NoSuchCode, TooManyWrong, bind_recipient
from app.usecases.preference_link import make_link
from app.usecases.put_recipient import Withheld

router = APIRouter(prefix="/v1/recipients", tags=["recipients"])

BODY_BYTES_MAX = 4 * 1024
CODE_MAX = 64


class BindData(BaseModel):
    """The body of a `bind`: the code that the person shows. Case, blanks and hyphens do not matter."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [{"code": "K7QF2-M9XR4"}]})

    code: Annotated[str, StringConstraints(min_length=1, max_length=CODE_MAX)]


class LinkView(BaseModel):
    """A link that opens one person's settings, once, until then. Hand it to that person only, and keep it nowhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://awizo.example/preferences/link/Xb0c2kV9c3B1l8n0p6mZ7wYd4sQ1rT5uHj3fKe8gLaE",
                    "expires_at": "2026-11-23T11:45:00Z",
                }
            ]
        }
    )

    url: str
    expires_at: datetime


_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": BindData.model_json_schema()}}}
}


@router.post(
    f"{PLACE}/bind",
    summary="Learn by a code whose confirmed contacts and consents these are",
    response_model_exclude_unset=True,
    openapi_extra=_BODY,
    responses={
        201: {"description": "Registered", "model": RecipientView},
        **answers(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    },
)
async def bind(
    operator: Name, recipient: Name, request: Request, response: Response, services: ServicesDep, caller: Writer
) -> RecipientView:
    """Join them to the record of that name, which is made when there is none, as the person's own acts.

    The code is shown on the person's page, holds for seven days and works once. 404 for any other, and 429 after a
    hundred of those within an hour. 409 while a legal hold defers the erasure of this person.
    """
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    wanted = _read(await read_json(request, maximum=BODY_BYTES_MAX))
    if isinstance(wanted, tuple):
        raise Problem(422, errors=wanted)
    bound = await services.database.transact(
        lambda tx: bind_recipient(
            tx, operator, recipient, wanted.code, actor=caller.key_id, surroundings=services.surroundings
        )
    )
    match bound:
        case Bound(recipient=person, created=created, ignored=ignored):
            response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
            return shown(person, ignored=ignored)
        case NoSuchCode():
            raise Problem(404, "Nobody has this code any more: it was used or replaced, or its seven days are over")
        case TooManyWrong(seconds=seconds):
            raise Problem(429, headers={"Retry-After": str(seconds)})
        case Withheld():
            raise Problem(
                409, "This person is to be erased; a legal hold defers it, and nothing new is taken in until then"
            )
        case _:
            assert_never(bound)


@router.post(
    f"{PLACE}/session",
    status_code=HTTPStatus.CREATED,
    summary="Make a link to a person's settings: it opens them once, within five minutes",
    responses=answers(401, 403, 404, 422, 503),
)
async def session(
    operator: Name, recipient: Name, response: Response, services: ServicesDep, caller: Writer
) -> LinkView:
    """For a person whom the operator knows, as in its own app. Links from before become worthless.

    Whoever opens it sees and changes that person's settings; contact points only after a code to one of them.
    """
    check_operator(caller, operator)
    refuse_while_log_is_untrusted(services)
    link = await services.database.transact(
        lambda tx: make_link(tx, operator, recipient, surroundings=services.surroundings)
    )
    if link is None:
        raise Problem(404)
    response.headers["Cache-Control"] = "no-store"
    return LinkView(
        url=f"{services.public_url}/preferences/link/{link.token}", expires_at=link.expires_at.astimezone(UTC)
    )


def _read(body: object) -> BindData | tuple[Fault, ...]:
    """Check the JSON value of a body, or list every fault."""
    try:
        return BindData.model_validate(body)
    except ValidationError as error:
        return faults_of(error.errors(include_url=False, include_input=False, include_context=False))
