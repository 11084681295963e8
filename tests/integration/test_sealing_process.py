"""A whole process beside a log that is not the one that was signed: it answers, and does nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.access import Scope
from app.domain.channel import Channel, Purpose
from app.domain.merge import ConsentAct, RecipientPatch, WantedContact
from app.domain.quiet_hours import NEVER_QUIET
from app.domain.shard import half_year
from app.main import create_app
from app.merkle.checkpoint import Checkpoint
from app.merkle.note import parse_vkey, sign_note
from app.process import Process, running
from app.settings import Settings
from app.usecases.create_key import create_key
from app.usecases.put_recipient import put_recipient
from app.wiring import signing_keys
from tests.builders import OPERATOR, PHONE, RECIPIENT, cloud_event
from tests.doubles.sms_gateway import SmsGateway


@dataclass(slots=True, kw_only=True)
class Deployment:
    """A process that can be stopped and started again, called over HTTP. Its gateway outlives it."""

    settings: Settings
    gateway: SmsGateway
    token: str = ""
    happened_at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=1))

    @asynccontextmanager
    async def up(self, *, sending: bool) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
        providers: dict[str, Any] = {"sms_providers": "twilio"} if sending else {}
        async with AsyncExitStack() as stack:
            process = await stack.enter_async_context(running(self.settings.model_copy(update=providers)))
            app = create_app()
            app.state.services = process.services
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://awizo.test")
            yield process, await stack.enter_async_context(client)

    async def post(self, client: httpx.AsyncClient, event_id: str) -> httpx.Response:
        news = cloud_event(id=event_id, at=self.happened_at, data={"shipment": event_id})
        return await client.post(
            "/v1/events",
            content=json.dumps(news).encode(),
            headers={"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {self.token}"},
        )


@pytest.fixture
async def deployment(database_url: str, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with SmsGateway() as gateway:
        settings = Settings(
            _env_file=None,
            database_url=database_url,
            data_dir=tmp_path / "data",
            public_url="https://awizo.test",
            twilio_account_sid="AC0",
            twilio_auth_token="secret",
            twilio_from="Awizo",
            twilio_base_url=gateway.base_url,
        )
        yield Deployment(settings=settings, gateway=gateway)


async def prepare(deployment: Deployment, process: Process) -> None:
    """A key, and somebody who agreed."""
    services = process.services
    long_ago = datetime.now(UTC) - timedelta(days=1)
    patch = RecipientPatch(
        quiet_hours=NEVER_QUIET,
        contact_points=(WantedContact(channel=Channel.SMS, value=PHONE, verified=True, method="counter"),),
        consents=(
            ConsentAct(channel=Channel.SMS, purpose=Purpose.DELIVERY, granted=True, at=long_ago, method="counter"),
        ),
    )
    given = {"surroundings": services.surroundings}
    deployment.token = await services.database.transact(
        lambda tx: create_key(tx, name="k", operators=[], scopes=[Scope.ADMIN], expires_at=None, **given)
    )
    await services.database.transact(
        lambda tx: put_recipient(tx, OPERATOR, RECIPIENT, patch, operator_verified=True, **given)
    )


async def settled(process: Process) -> None:
    """Until everything that was accepted is sealed and remembered."""
    assert process.worker is not None
    while await process.worker._sealer.turn():
        pass


async def test_a_process_whose_log_is_behind_its_mark_accepts_sends_and_signs_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    async with deployment.up(sending=False) as (process, client):
        await prepare(deployment, process)
        assert (await deployment.post(client, "first")).status_code == 202
        await settled(process)
    mark = tmp_path / "data" / "mark"
    old = mark.read_bytes()
    async with deployment.up(sending=False) as (process, client):
        assert (await deployment.post(client, "second")).status_code == 202
        await settled(process)
    newest = mark.read_bytes()
    assert newest != old
    size = int(newest.split(b"\n")[1])
    mark.write_bytes(_signed_ahead(deployment, size + 100))
    async with deployment.up(sending=True) as (process, client):
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "awizo log recover" in ready.json()["title"] + str(ready.json().get("detail"))
        refused = await deployment.post(client, "third")
        assert refused.status_code == 503
        await asyncio.sleep(1.0)  # several polls of every loop
        assert deployment.gateway.journal == []
        assert (await client.get("/healthz")).status_code == 200
        checkpoint = await client.get("/log/checkpoint")
        assert checkpoint.content == newest
    mark.write_bytes(newest)
    async with deployment.up(sending=True) as (_, client):
        assert (await client.get("/readyz")).status_code == 200
        async with asyncio.timeout(60):
            while len(deployment.gateway.journal) < 2:  # noqa: ASYNC110 – the journal of a double rings no bell
                await asyncio.sleep(0.02)


def _copy(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    return target


def _signed_ahead(deployment: Deployment, size: int) -> bytes:
    """A genuine mark of a larger tree: to it, the database is an old backup."""
    origin = f"{deployment.settings.origin_base}/{half_year(datetime.now(UTC))}"
    signer = signing_keys(deployment.settings.data_dir).newest(origin)
    text = Checkpoint(origin=origin, size=size, root=bytes(32)).text()
    return sign_note(text, vkey=parse_vkey(signer.vkey), sign=signer.sign)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_restored_backup_is_noticed_and_the_right_file_is_not(
    deployment: Deployment, database_url: str, tmp_path: Path
) -> None:
    file = Path(database_url.removeprefix("sqlite+aiosqlite:///"))
    async with deployment.up(sending=False) as (process, _):
        await prepare(deployment, process)
        await settled(process)
    backup = _copy(file, tmp_path / "backup.db")
    async with deployment.up(sending=False) as (process, client):
        assert (await deployment.post(client, "first")).status_code == 202
        await settled(process)
    right = _copy(file, tmp_path / "right.db")
    _copy(backup, file)
    async with deployment.up(sending=True) as (process, client):
        assert "behind the mark" in (process.services.log_watch.fault or "")
        assert (await deployment.post(client, "first")).status_code == 503
    _copy(right, file)
    async with deployment.up(sending=False) as (process, client):
        assert process.services.log_watch.fault is None
        assert (await deployment.post(client, "first")).json()["status"] == "duplicate"
