"""Requests that schemathesis makes up from openapi.yaml: never a 5xx, and nothing that the description does not say."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.openapi import describe
from app.domain.access import Scope
from app.main import create_app
from app.settings import Settings
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings
from tests.integration.api.process import serve
from tests.integration.api.service import BASE_URL, bearer, check_whole_log, settings_for
from tests.postgres import PostgresServer, database_name

EXAMPLES = 25

schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
DESCRIPTION = describe(create_app())
# Also each limit of each member in turn: ten thousand bodies of events.
schema = schemathesis.openapi.from_dict(DESCRIPTION)
# Without a key nothing is read of a body, so that a few are enough.
keyless_schema = schemathesis.openapi.from_dict(
    DESCRIPTION, config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server in a process of its own, and the header of a key that may do everything."""

    url: str
    key: dict[str, str]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("served")
    configured = settings_for(_database_url(request, directory), directory)
    token = asyncio.run(_admin_token(configured))
    with serve(directory, database_url=configured.database_url.get_secret_value(), public_url=BASE_URL) as process:
        yield Served(url=process.url, key=bearer(token))
    asyncio.run(check_whole_log(configured))
    assert "unexpected_exception" not in process.output.read_text()
    assert token.rpartition("_")[2] not in process.output.read_text()


def _database_url(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "sqlite":
        file = directory / "awizo.db"
        file.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        return f"sqlite+aiosqlite:///{file}"
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    return postgres.create_database(template=database_name(request.getfixturevalue("migrated_postgres")))


async def _admin_token(configured: Settings) -> str:
    database = open_database(configured)
    try:
        return await database.transact(
            lambda tx: create_key(
                tx,
                name="schemathesis",
                operators=(),
                scopes=[Scope.ADMIN],
                expires_at=None,
                surroundings=real_surroundings(),
            )
        )
    finally:
        await database.close()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_with_a_key_nothing_is_answered_that_is_not_described(case: schemathesis.Case, served: Served) -> None:
    case.call_and_validate(base_url=served.url, headers=served.key, checks=CHECKS)


@keyless_schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_without_a_key_nothing_is_answered_that_is_not_described(case: schemathesis.Case, served: Served) -> None:
    case.headers.pop("Authorization", None)
    answer = case.call_and_validate(base_url=served.url, checks=CHECKS)
    security = case.operation.definition.raw.get("security")
    if security and {} not in security:  # {}: a key is optional
        assert answer.status_code in {401, 405}
