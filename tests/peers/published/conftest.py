"""A running service on each database, and what it has published."""

from collections.abc import Iterator

import pytest

from tests.peers.published.running import Client, Published, publish, running
from tests.peers.published.stamping import authority
from tests.postgres import PostgresServer, database_name


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def running_service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """`awizo serve` and `awizo sandbox` as processes of their own, time stamps by OpenSSL; until the last test ends."""
    directory = tmp_path_factory.mktemp(f"service-{request.param}")
    with authority(tmp_path_factory.mktemp("authority")) as stamping:
        if request.param == "sqlite":
            with running(directory, **stamping) as client:
                yield client
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database(template=database_name(request.getfixturevalue("migrated_postgres")))
        with running(directory, database_url=url, **stamping) as client:
            yield client
        server.drop_database(url)


@pytest.fixture(scope="session")
def published(running_service: Client, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Checkpoint, keys, tiles, entries and proof bundles, fetched over HTTP."""
    return publish(running_service, tmp_path_factory.mktemp("published"))
