"""Every poison request, sent to the real application on both databases: the same answer, never a 5xx, no echo."""

import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.api.openapi import describe
from app.domain.access import Scope
from app.main import create_app
from tests.integration.api.service import Service, open_service
from tests.poison import POISON, PoisonCase, poison_of_any_route
from tests.poison_values import CANARY
from tests.postgres import PostgresServer, database_name
from tests.wire import OPERATOR

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
async def both(
    migrated_sqlite: Path, migrated_postgres: str, postgres_server: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[Service, Service]]:
    """The application on SQLite and, beside it, on PostgreSQL."""
    file = shutil.copy(migrated_sqlite, tmp_path)
    url = postgres_server.create_database(template=database_name(migrated_postgres))
    async with (
        open_service(f"sqlite+aiosqlite:///{file}", tmp_path / "sqlite") as on_sqlite,
        open_service(url, tmp_path / "postgres") as on_postgres,
    ):
        yield on_sqlite, on_postgres
    postgres_server.drop_database(url)


async def post(service: Service, key: dict[str, str], case: PoisonCase) -> httpx.Response:
    headers = [*case.headers, *((name.encode(), value.encode()) for name, value in key.items())]
    return await service.client.post("/v1/events", headers=headers, content=case.body)


def seen(answer: httpx.Response) -> tuple[int, str, str, str | None]:
    media_type = answer.headers["content-type"]
    return answer.status_code, media_type, _UUID.sub("UUID", answer.text), answer.headers.get("accept")


async def test_poison_gets_its_status_on_both_databases_and_nothing_of_it_comes_back(
    both: tuple[Service, Service],
) -> None:
    keys = [await service.key(Scope.EVENTS_WRITE, operators=(OPERATOR,)) for service in both]
    wrong = []
    for case in POISON:
        answers = [await post(service, key, case) for service, key in zip(both, keys, strict=True)]
        first, second = (seen(answer) for answer in answers)
        echoed = any(CANARY in f"{answer.headers}{answer.text}" for answer in answers)
        if first != second or first[0] != case.status or echoed:
            wrong.append((case.name, case.status, first[0], second[0], echoed))
        if case.status == 202:
            assert answers[0].json()["status"] == "quarantined"
        else:
            assert answers[0].headers["content-type"] == "application/problem+json"
            assert answers[0].json()["status"] == case.status
    assert wrong == []
    accepted = sum(case.status == 202 for case in POISON)
    for service in both:
        counts = await service.counts()
        assert counts["events"] == accepted
        assert counts["notifications"] == 0


async def test_in_a_batch_poison_hurts_nobody_but_itself(both: tuple[Service, Service]) -> None:
    """Every event that is refused alone for its model is rejected in one batch, between two good ones."""
    bodies = [json.loads(case.body) for case in POISON if case.status == 422 and case.name.startswith("wer-1-000123")]
    good = [case for case in POISON if case.name == "tracking with an unknown code"]
    event = json.loads(good[0].body)
    for service in both:
        batch = [event, *bodies[:498], event | {"id": "last"}]
        answer = await service.post_batch(batch)
        assert answer.status_code == 202
        results = answer.json()["results"]
        assert [result["index"] for result in results] == list(range(len(batch)))
        assert [result["status"] for result in results] == [
            "quarantined",
            *["rejected"] * (len(batch) - 2),
            "quarantined",
        ]
        assert {result["problem"]["status"] for result in results[1:-1]} == {422}
        assert CANARY not in answer.text


_NAMES = {"operator": OPERATOR, "recipient": "customer-4711", "shipment": "item-1", "reference": "R-1"}
_NOBODYS_ID = "00000000-0000-7000-8000-000000000000"


def body_routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and media type of every route but that of events that takes a body, as the description has them."""
    for path, operations in describe(create_app())["paths"].items():
        filled = re.sub(r"{(\w+)}", lambda name: _NAMES.get(name[1], _NOBODYS_ID), path)
        for method, operation in operations.items():
            for media_type in operation.get("requestBody", {}).get("content", {}):
                if path != "/v1/events":
                    yield method, filled, media_type


async def test_poison_gets_the_same_answer_from_both_databases_on_every_other_route(
    both: tuple[Service, Service],
) -> None:
    cases = [
        (method, path, case) for method, path, media_type in body_routes() for case in poison_of_any_route(media_type)
    ]
    assert len(cases) >= 300
    wrong = []
    for method, path, case in cases:
        answers = [
            await service.client.request(
                method, path, headers=[*case.headers, (b"authorization", service.admin["Authorization"].encode())],
                content=case.body,
            )
            for service in both
        ]  # fmt: skip
        first, second = ((answer.status_code, _UUID.sub("UUID", answer.text)) for answer in answers)
        # Where a record is looked for first, there is none.
        expected = {case.status, 404} if case.status else set(range(200, 500))
        if first != second or first[0] not in expected or CANARY in answers[0].text:
            wrong.append((method, path, case.name, case.status, first, second))
    assert wrong == []
