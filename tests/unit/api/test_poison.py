"""Every poison request gets its status from the edge alone, and nothing of it back."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient
from starlette.responses import JSONResponse, Response

from app.api import problems
from app.api.body import read_body
from app.api.cloudevents import Single, body_bytes_max, decode_request
from tests.poison import POISON, PoisonCase
from tests.poison_values import CANARY


async def _receive(request: Request) -> Response:
    content_type = request.headers.get("content-type")
    body = await read_body(request, maximum=body_bytes_max(content_type))
    decoded = decode_request(content_type=content_type, headers=request.headers.raw, body=body)
    quarantine = decoded.event.quarantine if isinstance(decoded, Single) else None
    return JSONResponse({"quarantine": quarantine}, status_code=202)


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.add_route("/v1/events", _receive, methods=["POST"])
    problems.install(app)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://awizo.test") as client:
        yield client


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _post(client: AsyncClient, case: PoisonCase) -> tuple[int, bytes, str]:
    answer = await client.post("/v1/events", headers=list(case.headers), content=_chunks(case.body))
    return answer.status_code, answer.content, answer.headers["content-type"]


@pytest.mark.parametrize("case", POISON, ids=lambda case: ascii(case.name))
async def test_each_poison_request_gets_its_status_and_no_echo(client: AsyncClient, case: PoisonCase) -> None:
    status, content, content_type = await _post(client, case)
    assert status == case.status, content[:500]
    assert CANARY.encode() not in content
    if status == 202:
        assert b"unknown_type" in content or b"unmapped_code" in content
    else:
        assert content_type == "application/problem+json"


def test_there_are_enough_poison_requests_and_no_two_have_one_name() -> None:
    names = [case.name for case in POISON]
    assert len(names) >= 300
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_poison_requests_cover_every_refusal() -> None:
    assert {case.status for case in POISON} == {202, 400, 413, 415, 422}
