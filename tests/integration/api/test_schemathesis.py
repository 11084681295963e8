"""Requests that schemathesis makes up from openapi.yaml: never a 5xx, and nothing that the description does not say.

A few of each route, so that a new one is tried at once; `make fuzz` asks many thousands.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.fuzz.served import CHECKS, Served, schema_with, served_on
from tests.postgres import PostgresServer, database_name

# Each limit of each member in turn, but of events: of those that would be ten thousand.
covered = schema_with(operations=[{"include-path": "/v1/events", "phases": {"coverage": {"enabled": False}}}])
by_chance = schema_with(phases={"coverage": {"enabled": False}})
A_FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("served")
    with served_on(_database_url(request, directory), directory) as service:
        yield service


def _database_url(request: pytest.FixtureRequest, directory: Path) -> str:
    if request.param == "sqlite":
        file = directory / "awizo.db"
        file.write_bytes(request.getfixturevalue("migrated_sqlite").read_bytes())
        return f"sqlite+aiosqlite:///{file}"
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    return postgres.create_database(template=database_name(request.getfixturevalue("migrated_postgres")))


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
@covered.parametrize()
@A_FEW
def test_with_a_key_nothing_is_answered_that_is_not_described(case: schemathesis.Case, served: Served) -> None:
    case.call_and_validate(base_url=served.url, headers=served.key, checks=CHECKS)


@pytest.mark.parametrize("served", ["postgres"], indirect=True)
@by_chance.parametrize()
@A_FEW
def test_on_the_other_database_neither(case: schemathesis.Case, served: Served) -> None:
    case.call_and_validate(base_url=served.url, headers=served.key, checks=CHECKS)


# Without a key nothing is read of a body, nor of a database: few are enough, of one.
@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
@by_chance.parametrize()
@settings(A_FEW, max_examples=2)
def test_without_a_key_nothing_is_answered_that_is_not_described(case: schemathesis.Case, served: Served) -> None:
    case.headers.pop("Authorization", None)
    answer = case.call_and_validate(base_url=served.url, checks=CHECKS)
    security = case.operation.definition.raw.get("security")
    if security and {} not in security:  # {}: a key is optional
        assert answer.status_code in {401, 405}
