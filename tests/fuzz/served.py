"""What is asked: a server in a process of its own, and what each of its answers is held against."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
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

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
DESCRIPTION = describe(create_app())


def schema_with(**config: Any) -> schemathesis.BaseSchema:
    """The API as it is described, to be asked as `config` says."""
    return schemathesis.openapi.from_dict(DESCRIPTION, config=schemathesis.Config.from_dict(config))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where it answers, and the header of a key that may do everything."""

    url: str
    key: dict[str, str]


@contextmanager
def served_on(database_url: str, directory: Path) -> Iterator[Served]:
    """A service on that database. When it has stopped, its log and what it wrote are looked through."""
    configured = settings_for(database_url, directory)
    token = asyncio.run(_admin_token(configured))
    # With a limit most of what is made up would be refused for coming too fast.
    with serve(directory, database_url=database_url, public_url=BASE_URL, key_rate="0") as process:
        yield Served(url=process.url, key=bearer(token))
    asyncio.run(check_whole_log(configured))
    written = process.output.read_text()
    assert "unexpected_exception" not in written
    assert token.rpartition("_")[2] not in written


async def _admin_token(configured: Settings) -> str:
    database = open_database(configured)
    try:
        return await database.transact(
            lambda tx: create_key(
                tx,
                name="fuzz",
                operators=(),
                scopes=[Scope.ADMIN],
                expires_at=None,
                surroundings=real_surroundings(),
            )
        )
    finally:
        await database.close()
