"""A whole awizo on this machine: service and worker on a free port, SQLite, the sandbox as its providers."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from app.domain.access import Scope
from app.domain.role import Role
from app.sandbox.server import Sandbox
from app.serving import server
from app.settings import Settings
from app.usecases.create_key import create_key
from app.wiring import open_database, real_surroundings
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, SHIPMENT
from tests.integration.api.service import (
    STRUCTURED,
    bearer,
    check_whole_log,
    fresh_event,
    person,
    settings_for,
)

HOST = "127.0.0.1"
ARRIVAL_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The running service. `client` may do everything."""

    url: str
    sandbox: Sandbox
    client: httpx.AsyncClient
    settings: Settings

    async def auditors_key(self) -> str:
        """A new key that may read OPERATOR's proofs and nothing else."""
        return await _key(self.settings, Scope.PROOFS_READ, operators=(OPERATOR,))

    @property
    def origins(self) -> tuple[str, ...]:
        """Where a page may send requests."""
        return (self.url, self.sandbox.base_url)

    async def register(
        self, name: str = RECIPIENT, *, language: str = "pl", phone: str = PHONE, email: str = EMAIL
    ) -> None:
        """Somebody who agreed to everything and has no quiet hours."""
        body = person() | {"language": language}
        for point in body["contact_points"]:
            point["value"] = phone if point["channel"] == "sms" else email
        answer = await self.client.put(f"/v1/recipients/{OPERATOR}/{name}", json=body)
        answer.raise_for_status()

    async def post(
        self, event_id: str = "first", *, shipment: str = SHIPMENT, recipient: str = RECIPIENT
    ) -> dict[str, Any]:
        """What the service answers to a notice that was left a minute ago: its notifications, by channel."""
        event = fresh_event(id=event_id, data={"shipment": shipment, "recipient": recipient})
        answer = await self.client.post("/v1/events", content=json.dumps(event).encode(), headers=STRUCTURED)
        assert answer.status_code == 202, answer.text
        return {told["channel"]: told for told in answer.json()["notifications"]}

    async def arrived(self, *, sms: int, emails: int) -> None:
        """Wait until the providers have been handed so much, and all of it is reported on."""
        inbox = self.sandbox.inbox
        async with asyncio.timeout(ARRIVAL_SECONDS):
            while len(inbox.sms) < sms or len(inbox.emails) < emails or self.sandbox.reports_pending:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(inbox.next_change(inbox.version), 0.1)
        assert (len(inbox.sms), len(inbox.emails)) == (sms, emails)

    async def unsubscribe_link(self) -> str:
        """Where the newest letter says that one can leave; one is sent when there is none."""
        if not self.sandbox.emails:
            await self.register()
            await self.post()
            await self.arrived(sms=1, emails=1)
        letter = message_from_bytes(self.sandbox.emails[-1].raw, policy=default)
        return str(letter["List-Unsubscribe"]).strip("<>")


@contextlib.asynccontextmanager
async def open_site(directory: Path) -> AsyncIterator[Site]:
    """Start the sandbox and the service; stop both. Then the whole log is verified once more."""
    with socket.create_server((HOST, 0)) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        async with Sandbox(sent_after=0.1, final_after=0.2) as sandbox:
            given = {name.removeprefix("AWIZO_").lower(): value for name, value in sandbox.connection.items()}
            database_url = f"sqlite+aiosqlite:///{directory / 'awizo.db'}"
            settings = settings_for(database_url, directory, **(given | {"public_url": url}))
            async with (
                _serving(settings, listener),
                httpx.AsyncClient(
                    base_url=url, headers=bearer(await _key(settings, Scope.ADMIN)), trust_env=False
                ) as client,
            ):
                yield Site(url=url, sandbox=sandbox, client=client, settings=settings)
    await check_whole_log(settings)


async def _key(settings: Settings, scope: Scope, *, operators: tuple[str, ...] = ()) -> str:
    database = open_database(settings)
    try:
        return await database.transact(
            lambda tx: create_key(
                tx,
                name="test",
                operators=operators,
                scopes=[scope],
                expires_at=None,
                surroundings=real_surroundings(),
            )
        )
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _serving(settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    http = _Server(server(settings, host=HOST, port=0, role=Role.ALL).config)
    serving = asyncio.create_task(http.serve(sockets=[listener]))
    try:
        while not http.started:
            assert not serving.done(), "the service did not start"
            await asyncio.sleep(0.02)
        yield
    finally:
        http.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the test run decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
