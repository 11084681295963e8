"""A deployment on a cluster: API processes and workers that share keys and mark, callers that try again, doubles."""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import text

from app.domain.access import Scope
from app.merkle.checkpoint import parse_checkpoint
from app.merkle.note import parse_note
from app.settings import Settings
from app.storage import log
from app.storage.schema import migrate_database
from app.usecases.check_log import Difference, check_log
from app.usecases.create_key import create_key
from app.wiring import mark_of, open_database, open_database_directly, real_surroundings, signing_keys
from tests.builders import OPERATOR
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer
from tests.integration.api.process import environment, reserved_port
from tests.integration.api.scene import until
from tests.integration.api.service import STRUCTURED, bearer, fresh_event, now, person, settings_for, with_providers

PATIENCE_SECONDS = 120.0
STOP_SECONDS = 60.0
PEOPLE = 8


@dataclass(slots=True, kw_only=True)
class Node:
    """One process of the service. A worker answers nobody and has no `url`."""

    url: str
    output: Path
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    async def stop(self) -> None:
        """It ends in good order, or the test fails."""
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        assert code in {0, -signal.SIGTERM}, self.said


@dataclass(slots=True, kw_only=True)
class Deployment:
    """Its settings, and what its providers and callers saw."""

    settings: Settings
    gateway: SmsGateway
    mail: SmtpServer
    client: httpx.AsyncClient
    admin: dict[str, str] = field(repr=False)
    ports: ExitStack
    nodes: list[Node] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)
    shown: set[bytes] = field(default_factory=set)
    began: datetime = field(default_factory=now)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def told(self) -> dict[str, str]:
        """The settings as a process is told them."""
        given = self.settings.model_dump(include=self.settings.model_fields_set)
        return {
            name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
            for name, value in given.items()
        }

    def start(self, role: str) -> Node:
        """Another process; it may not be ready yet."""
        output = self.settings.data_dir / f"{role}-{next(self._numbers)}.log"
        port = self.ports.enter_context(reserved_port())
        with output.open("wb") as written:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--role", role],
                cwd=self.settings.data_dir,
                env=environment(self.settings.data_dir, self.told()),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        node = Node(url="" if role == "worker" else f"http://127.0.0.1:{port}", output=output, process=process)
        self.nodes.append(node)
        return node

    async def ready(self, node: Node) -> None:
        """Return once it says that events can be accepted."""

        async def is_ready() -> bool:
            assert node.process.poll() is None, node.said
            answer = await self.asked(node, "/readyz")
            return answer is not None and answer.status_code == 200

        await until(is_ready, seconds=PATIENCE_SECONDS)

    async def asked(self, node: Node, path: str) -> httpx.Response | None:
        """Its answer, or None while it does not even listen."""
        with suppress(httpx.TransportError):
            return await self.client.get(node.url + path, headers=self.admin)
        return None

    async def register(self, node: Node) -> None:
        """PEOPLE people, each with a phone and an address of their own."""
        for number in range(PEOPLE):
            body = person()
            body["contact_points"][0]["value"], body["contact_points"][1]["value"] = contacts(number)
            path = f"{node.url}/v1/recipients/{OPERATOR}/{recipient(number)}"
            answer = await self.client.put(path, json=body, headers=self.admin)
            assert answer.status_code == 201, answer.text

    async def post(self, node: Node, number: int) -> httpx.Response:
        """The event with this number, which is always the same one."""
        event = fresh_event(
            id=f"event-{number}",
            at=self.began,
            data={"shipment": f"{number:020d}", "recipient": recipient(number % PEOPLE)},
        )
        headers = {**STRUCTURED, **self.admin}
        return await self.client.post(f"{node.url}/v1/events", content=json.dumps(event).encode(), headers=headers)

    async def post_until_accepted(self, node: Node, number: int) -> None:
        """As any source must: an event that was not answered 202 is sent again."""
        while True:
            answer = None
            with suppress(httpx.TransportError):
                answer = await self.post(node, number)
            if answer is not None and answer.status_code == 202:
                self.accepted[f"event-{number}"] = answer.json()["event"]
                return
            if answer is not None:
                self.refused.append(answer)
            await asyncio.sleep(0.1)

    async def look(self, node: Node) -> None:
        """Keep the checkpoint that a process shows."""
        answer = await self.asked(node, "/log/checkpoint")
        if answer is not None and answer.status_code == 200:
            self.shown.add(answer.content)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What a statement gives, in the database as the settings reach it."""
        database = open_database(self.settings)
        try:
            async with database.read() as tx:
                return list(await tx.execute(text(statement), values))
        finally:
            await database.close()

    async def statuses(self) -> Counter[str]:
        return Counter({row.status: row.n for row in await self.rows(STATUSES)})

    def copies(self) -> Counter[str]:
        """How often each message came to a provider, by its text, which names one shipment only."""
        sms = (taken.form["To"] + taken.form["Body"] for taken in self.gateway.journal)
        return Counter([*sms, *(message_id(letter.mime) for letter in self.mail.journal)])


STATUSES = "SELECT status, count(*) AS n FROM notifications GROUP BY status"


def recipient(number: int) -> str:
    return f"customer-{number}"


def contacts(number: int) -> tuple[str, str]:
    return f"+486001002{number:02d}", f"customer-{number}@example.com"


def message_id(mime: bytes) -> str:
    (line,) = [line for line in mime.split(b"\r\n") if line.lower().startswith(b"message-id:")]
    return line.decode()


def attempt_of(callback: str) -> str:
    return parse_qs(urlsplit(callback).query)["a"][0]


@asynccontextmanager
async def deployed(url: str, directory: Path, **changes: Any) -> AsyncIterator[Deployment]:
    """An empty deployment whose schema is there; processes that still run at the end are killed."""
    async with SmsGateway() as gateway, SmtpServer() as mail, httpx.AsyncClient(timeout=30.0) as client:
        directory.mkdir()  # noqa: ASYNC240 – once, before anything runs
        settings = settings_for(url, directory, **(with_providers(gateway, mail) | changes))
        direct = open_database_directly(settings)
        await migrate_database(direct)
        token = await direct.transact(
            lambda tx: create_key(
                tx, name="test", operators=(), scopes=(Scope.ADMIN,), expires_at=None, surroundings=real_surroundings()
            )
        )
        await direct.close()
        with ExitStack() as ports:
            deployment = Deployment(
                settings=settings, gateway=gateway, mail=mail, client=client, admin=bearer(token), ports=ports
            )
            try:
                yield deployment
            finally:
                for node in deployment.nodes:
                    if node.process.poll() is None:
                        node.process.kill()
                    node.process.wait()


async def assert_log_is_sound(deployment: Deployment) -> None:
    """The whole log verifies, and each checkpoint that was ever shown is one of its trees."""
    database = open_database(deployment.settings)
    try:
        results = await check_log(
            database,
            keys=signing_keys(deployment.settings.data_dir),
            mark=mark_of(deployment.settings).read(),
            progress=lambda _count: None,
        )
        assert results
        assert not [result for result in results if isinstance(result, Difference)]
        async with database.read() as tx:
            head = await log.current_head(tx)
            assert head is not None
            for note in deployment.shown:
                checkpoint = parse_checkpoint(parse_note(note).text)
                assert checkpoint.size <= head.range.size
                assert (await log.compact_range(tx, head.shard, checkpoint.size)).root() == checkpoint.root
    finally:
        await database.close()
