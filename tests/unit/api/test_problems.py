"""Failures as RFC 9457 problem details, without an echo."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message
from structlog.testing import capture_logs

from app.api.problems import FAULTS_MAX, Fault, Problem, faults_of, install, problem_response
from tests.poison_values import CANARY


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    count: int
    names: dict[str, str] = {}


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/problem/{status}")
    async def problem(status: int, limit: int = 1) -> None:
        raise Problem(status, errors=[Fault(pointer="/a", detail="Is wrong")], headers={"Retry-After": str(limit)})

    @app.post("/body")
    async def body(body: _Body) -> int:
        return body.count

    @app.get("/http")
    async def http() -> None:
        raise HTTPException(418, detail=CANARY)

    @app.get("/broken/{shipment}")
    async def broken(shipment: str) -> None:
        try:
            {}[shipment]
        except KeyError as error:
            raise RuntimeError(CANARY) from error

    @app.get("/cut")
    async def cut() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"some"
            raise RuntimeError(CANARY)

        return StreamingResponse(parts())

    install(app)
    return app


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(_app()), base_url="http://awizo.test") as client:
        yield client


async def test_a_problem_is_answered_with_its_members_and_headers(client: AsyncClient) -> None:
    answer = await client.get("/problem/429?limit=7")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "7"
    assert answer.json() == {
        "type": "urn:awizo:problem:too-many-requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "Wait before the next request",
        "errors": [{"pointer": "/a", "detail": "Is wrong"}],
    }


async def test_a_401_names_the_bearer_scheme(client: AsyncClient) -> None:
    assert (await client.get("/problem/401")).headers["www-authenticate"] == "Bearer"


def test_a_401_keeps_the_challenge_it_was_given() -> None:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert (
        problem_response(Problem(401, headers=challenge)).headers["www-authenticate"] == challenge["WWW-Authenticate"]
    )


@pytest.mark.parametrize(("status", "slug"), [(418, "refused"), (507, "internal"), (404, "not-found")])
def test_each_status_has_a_type(status: int, slug: str) -> None:
    assert Problem(status).type == f"urn:awizo:problem:{slug}"


def test_a_problem_can_have_a_kind_and_title_of_its_own() -> None:
    problem = Problem(409, "Known with other content", kind="event-conflict", title="Event conflict")
    assert problem.members() == {
        "type": "urn:awizo:problem:event-conflict",
        "title": "Event conflict",
        "status": 409,
        "detail": "Known with other content",
    }


async def test_an_unknown_path_is_a_404_problem(client: AsyncClient) -> None:
    answer = await client.get(f"/{CANARY}")
    assert answer.status_code == answer.json()["status"] == 404
    assert CANARY not in answer.text


async def test_another_method_is_a_405_problem_that_names_the_allowed_ones(client: AsyncClient) -> None:
    answer = await client.delete("/body")
    assert answer.status_code == answer.json()["status"] == 405
    assert answer.headers["allow"] == "POST"


async def test_the_detail_of_a_framework_exception_is_not_passed_on(client: AsyncClient) -> None:
    answer = await client.get("/http")
    assert answer.status_code == 418
    assert CANARY not in answer.text


async def test_bad_parameters_are_a_422_that_points_at_each(client: AsyncClient) -> None:
    answer = await client.get(f"/problem/{CANARY}?limit={CANARY}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/path/status", "/query/limit"]
    assert CANARY not in answer.text


async def test_a_bad_member_is_pointed_at_from_the_root_of_the_body(client: AsyncClient) -> None:
    answer = await client.post("/body", json={"count": CANARY, CANARY: 1})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/count", "detail": "Input should be a valid integer"},
        {"pointer": "", "detail": "Has a member that is not known here"},
    ]


async def test_a_body_that_is_no_json_is_a_400(client: AsyncClient) -> None:
    answer = await client.post("/body", content=CANARY, headers={"content-type": "application/json"})
    assert answer.status_code == answer.json()["status"] == 400
    assert CANARY not in answer.text


async def test_what_nobody_expected_is_a_500_that_says_nothing(client: AsyncClient) -> None:
    answer = await client.get("/broken/x")
    assert answer.json() == Problem(500).members()


async def test_what_nobody_expected_is_logged_once_without_personal_data(client: AsyncClient) -> None:
    with capture_logs() as logs:
        await client.get(f"/broken/{CANARY}")
    [entry] = logs
    assert entry["event"] == "unexpected_exception"
    assert entry["error"] == "RuntimeError"
    assert entry["causes"] == ["KeyError"]
    assert entry["route"] == "/broken/{shipment}"
    assert entry["frames"][-1].endswith(" broken")
    assert CANARY not in repr(entry)


async def test_a_failure_after_the_answer_began_is_logged_and_leaves_it_unfinished() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/cut", "query_string": b"", "headers": []}
    with capture_logs() as logs:
        await _app()(scope, receive, send)
    assert [entry["event"] for entry in logs] == ["unexpected_exception"]
    assert [message.get("status") for message in sent] == [200, None]
    assert sent[-1]["more_body"]


async def test_a_middleware_added_later_fails_as_a_500_problem_too() -> None:
    app = _app()

    @app.middleware("http")
    async def failing(_request: Request, _call_next: object) -> None:
        raise RuntimeError(CANARY)

    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://awizo.test") as client:
        with capture_logs() as logs:
            answer = await client.get("/http")
    assert answer.json() == Problem(500).members()
    assert [entry["error"] for entry in logs] == ["RuntimeError"]


async def test_start_and_stop_of_the_application_pass_through() -> None:
    arriving = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(arriving)

    async def send(message: Message) -> None:
        sent.append(message)

    await _app()({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_pointers_are_escaped_as_in_rfc_6901() -> None:
    fault = faults_of([{"type": "missing", "loc": ("a/b", "c~d", 0), "msg": "Field required"}], "/data")
    assert fault == (Fault(pointer="/data/a~1b/c~0d/0", detail="Field required"),)


def test_a_message_that_may_quote_the_input_is_replaced() -> None:
    [fault] = faults_of([{"type": "uuid_parsing", "loc": ("id",), "msg": f"invalid: {CANARY}"}])
    assert fault == Fault(pointer="/id", detail="Is not of the form that is needed")


def test_what_must_be_an_object_is_said_without_our_own_names_for_it() -> None:
    with pytest.raises(ValidationError) as raised:
        _Body.model_validate([])
    assert faults_of(raised.value.errors()) == (Fault(pointer="", detail="Must be an object"),)


def test_more_faults_than_the_limit_end_with_a_word_that_there_are_more() -> None:
    with pytest.raises(ValidationError) as raised:
        _Body.model_validate({"count": 1, "names": dict.fromkeys(map(str, range(FAULTS_MAX + 50)), 1)})
    faults = faults_of(raised.value.errors())
    assert len(faults) == FAULTS_MAX + 1
    assert faults[-1] == Fault(pointer="", detail="Further errors are not listed")
