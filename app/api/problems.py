"""Errors as the API states them: RFC 9457 problem details that never repeat what was sent."""

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
FAULTS_MAX = 100

_TYPE_PREFIX = "urn:awizo:problem:"
# status: slug of the type URI, title, and the detail when there is nothing more to say.
_KINDS: Mapping[int, tuple[str, str, str]] = {
    400: ("malformed", "Malformed request", "The request cannot be read"),
    401: ("unauthenticated", "Not authenticated", "A valid API key or access token is needed"),
    403: ("forbidden", "Forbidden", "This key may not do that"),
    404: ("not-found", "Not found", "There is nothing here"),
    405: ("method-not-allowed", "Method not allowed", "This method is not offered here"),
    406: ("not-acceptable", "Not acceptable", "There is no representation of the kind that is asked for"),
    409: ("conflict", "Conflict", "It contradicts what is already known"),
    410: ("gone", "Gone", "It is no longer here"),
    413: ("too-large", "Content too large", "The content is too large"),
    415: ("unsupported-media-type", "Unsupported media type", "This media type or encoding is not read here"),
    422: ("invalid", "Invalid content", "The content breaks the data model"),
    429: ("too-many-requests", "Too many requests", "Wait before the next request"),
    500: ("internal", "Internal error", "Something went wrong here; it has been recorded"),
    503: ("unavailable", "Unavailable", "Not available at the moment; try again later"),
}
_OTHER_KINDS = {
    4: ("refused", "Request refused", "The request was refused"),
    5: ("internal", "Internal error", "Something went wrong here"),
}

# Error types of pydantic whose message is made of the model alone; those of other types may quote the input.
_QUOTABLE = frozenset({
    "missing", "dict_type", "list_type", "tuple_type", "string_type",
    "string_too_short", "string_too_long", "too_short", "int_type", "int_parsing", "int_from_float", "float_type",
    "bool_type", "bool_parsing", "literal_error", "enum", "greater_than", "greater_than_equal", "less_than",
    "less_than_equal", "multiple_of", "date_type", "datetime_type", "timezone_aware", "none_required",
})  # fmt: skip
OWN_ERROR = "awizo"  # the type of a PydanticCustomError whose message holds nothing of the input

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with the input: where (JSON Pointer, RFC 6901) and what, without the input itself."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer of 4xx or 5xx, raised anywhere below the API's edge.

    `kind` is the slug of the type URI `urn:awizo:problem:<kind>`; it, `title` and `detail` follow from the
    status unless given. `detail` and the faults' details go to the caller: they hold nothing of the input. A 401
    names the Bearer scheme by itself (RFC 9110 §11.6.1).
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        kind: str | None = None,
        title: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        usual_kind, usual_title, usual_detail = _usual(status)
        self.status = status
        self.type = _TYPE_PREFIX + (kind or usual_kind)
        self.title = title or usual_title
        self.detail = detail or usual_detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if status == 401:
            self.headers.setdefault("WWW-Authenticate", "Bearer")

    def members(self) -> dict[str, object]:
        """Give the problem details object: `type, title, status, detail`, and `errors` when there are any."""
        members: dict[str, object] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in self.errors]
        return members


def problem_kind(status: int) -> str:
    """The slug of the type URI that a problem with this status has unless it says another."""
    return _usual(status)[0]


def _usual(status: int) -> tuple[str, str, str]:
    return _KINDS.get(status) or _OTHER_KINDS[4 if status < 500 else 5]


def problem_response(problem: Problem) -> Response:
    """Give the HTTP response that states the problem, as application/problem+json."""
    return Response(
        json.dumps(problem.members(), ensure_ascii=False, separators=(",", ":")),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def faults_of(errors: Sequence[ErrorDetails | Mapping[str, Any]], prefix: str = "") -> tuple[Fault, ...]:
    """Translate pydantic's errors (`ValidationError.errors(...)`) to faults with pointers below `prefix`.

    An unknown member is reported at the object that has it, because its name is input. At most FAULTS_MAX are
    given, then one that says that there are more.
    """
    faults = dict.fromkeys(_fault(error, prefix) for error in errors[:FAULTS_MAX])
    if len(errors) > FAULTS_MAX:
        faults[Fault(pointer=prefix, detail="Further errors are not listed")] = None
    return tuple(faults)


def _fault(error: ErrorDetails | Mapping[str, Any], prefix: str) -> Fault:
    path: Sequence[int | str] = error["loc"]
    match error["type"]:
        case "extra_forbidden":
            path, detail = path[:-1], "Has a member that is not known here"
        case "model_type" | "model_attributes_type":
            detail = "Must be an object"
        case kind if kind in _QUOTABLE or kind == OWN_ERROR:
            detail = error["msg"]
        case _:
            detail = "Is not of the form that is needed"
    return Fault(pointer=prefix + "".join(f"/{_escape(step)}" for step in path), detail=detail)


def _escape(step: int | str) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def install(app: FastAPI) -> None:
    """Make every failure of `app` an RFC 9457 answer. Call it after all other middleware was added.

    What nobody expected is answered 500 and logged once with the types and code lines only: messages and
    arguments of exceptions may hold personal data.
    """
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_exception)
    app.add_middleware(_LastResort)


async def _on_problem(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - registered for this type only
    return problem_response(problem)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    return problem_response(Problem(error.status_code, headers=error.headers))


async def _on_invalid_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    errors = error.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        return problem_response(Problem(400, "The body is not JSON"))
    return problem_response(Problem(422, errors=faults_of([_in_body(each) for each in errors])))


def _in_body(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Point into the body itself; a parameter keeps the place where it stands (`/query/limit`)."""
    return {**error, "loc": error["loc"][1:]} if error["loc"][:1] == ("body",) else error


async def _on_exception(request: Request, error: Exception) -> Response:
    _log_unexpected(request.scope, error)
    return problem_response(Problem(500))


class _LastResort:
    """Answers what no handler expected.

    Starlette's own last resort would raise the exception once more, for the server to log with its message;
    inside this middleware it ends here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as error:  # noqa: BLE001 - the one place that catches everything
            _log_unexpected(scope, error)
            if not started:  # else the server sees an unfinished response and cuts the connection
                await problem_response(Problem(500))(scope, receive, send)


def _log_unexpected(scope: Scope, error: Exception) -> None:
    route = scope.get("route")
    _log.error(
        "unexpected_exception",
        route=getattr(route, "path", None),
        method=scope.get("method"),
        **without_messages(error),
    )


def without_messages(error: BaseException) -> dict[str, object]:
    """What may be logged of any exception: types and code lines; messages and arguments may hold personal data."""
    return {
        "error": type(error).__qualname__,
        "causes": [type(each).__qualname__ for each in _causes(error)],
        "frames": [
            f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__, limit=-8)
        ],
    }


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 8:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes
