"""Everything that the demonstration needs, started in one directory and stopped with it: settings, keys, processes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.demo.samples import OPERATOR
from app.demo.surprise import Surprise
from app.development import HOST
from app.domain.access import Scope
from app.domain.role import Role
from app.sandbox.server import Sandbox
from app.serving import server
from app.settings import Settings
from app.storage.schema import require_current_schema
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings

ANSWER_SECONDS = 15.0
# A provider's reports take seconds in the world; nobody wants to watch that.
SENT_AFTER, ARRIVED_AFTER = 0.1, 0.2


class DemoSettings(Settings):
    """Settings of the demonstration alone: neither AWIZO_* variables nor a present .env change what it shows."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 – pydantic names and passes all of them
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 – left out on purpose
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 – left out on purpose
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 – left out on purpose
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the program itself gives."""
        return (init_settings,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The tokens of four callers who may do one thing each."""

    logistics: str = field(repr=False)
    register: str = field(repr=False)
    support: str = field(repr=False)
    auditor: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running service, seen from outside: where it is, who may call it, and what the providers were handed."""

    public_url: str
    keys: Keys
    sandbox: Sandbox
    http: httpx.AsyncClient = field(repr=False)

    async def call(self, method: str, path: str, *, key: str | None = None, **request: Any) -> httpx.Response:
        """One request to the service. Headers may be given; the key adds its own."""
        headers = request.pop("headers", {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        return await self.http.request(method, path, headers=headers, **request)


def settings_in(directory: Path, *, public_url: str, sandbox: Sandbox) -> Settings:
    """SQLite, keys and mark in `directory`, sending through the sandbox."""
    connection = {name.removeprefix("AWIZO_").lower(): value for name, value in sandbox.connection.items()}
    own: dict[str, Any] = {
        "database_url": SecretStr(f"sqlite+aiosqlite:///{directory / 'awizo.db'}"),
        "data_dir": directory,
        "public_url": public_url,
        "incident_digest_seconds": 0,  # nobody wants to watch that either
    }
    return DemoSettings(**(own | connection))


@contextlib.asynccontextmanager
async def open_stage(directory: Path) -> AsyncIterator[tuple[Stage, Settings]]:
    """Start the sandbox providers and the service on free ports of this machine; stop them in the opposite order."""
    with socket.create_server((HOST, 0)) as listener:
        public_url = f"http://{HOST}:{listener.getsockname()[1]}"
        async with Sandbox(sent_after=SENT_AFTER, final_after=ARRIVED_AFTER) as sandbox:
            settings = settings_in(directory, public_url=public_url, sandbox=sandbox)
            keys = await _create_keys(settings)
            async with (
                _serving(settings, listener),
                httpx.AsyncClient(base_url=public_url, timeout=ANSWER_SECONDS, trust_env=False) as http,
            ):
                yield Stage(public_url=public_url, keys=keys, sandbox=sandbox, http=http), settings


async def _create_keys(settings: Settings) -> Keys:
    database = open_database(settings)
    try:
        await require_current_schema(database, migrate_first=True)

        async def create(name: str, *scopes: Scope) -> str:
            return await database.transact(
                lambda tx: create_key(
                    tx,
                    name=name,
                    operators=(OPERATOR,),
                    scopes=scopes,
                    expires_at=None,
                    surroundings=real_surroundings(),
                )
            )

        return Keys(
            logistics=await create("logistics", Scope.EVENTS_WRITE),
            register=await create("customer register", Scope.RECIPIENTS_WRITE),
            support=await create("support", Scope.SHIPMENTS_READ),
            auditor=await create("auditor", Scope.PROOFS_READ),
        )
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _serving(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    http = _Server(server(settings, host=HOST, port=0, role=Role.ALL).config)
    serving = asyncio.create_task(_serve(http, listener))
    try:
        while not http.started:
            if serving.done():
                raise Surprise("The service did not start.")
            await asyncio.sleep(0.02)
        yield
    finally:
        http.should_exit = True
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:  # interrupted while stopping: what is in flight is settled all the same
            await serving
            raise


async def _serve(http: uvicorn.Server, listener: socket.socket) -> None:
    # uvicorn leaves the whole process when the application cannot start; here it only has not started.
    with contextlib.suppress(SystemExit):
        await http.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: Ctrl-C ends the whole demonstration, which then stops the service."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
