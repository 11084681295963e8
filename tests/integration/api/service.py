"""The real application on one database, its providers doubled, called over HTTP."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select

from app.api.services import Services
from app.domain.access import Scope
from app.main import create_app
from app.settings import Settings
from app.storage.tables import metadata
from app.usecases.check_log import Difference, check_log
from app.usecases.create_key import create_key
from app.wiring import mark_of, open_database, signing_keys
from tests.builders import EMAIL, OPERATOR, PHONE, RECIPIENT, cloud_event
from tests.doubles.sms_gateway import SmsGateway
from tests.doubles.smtp_server import SmtpServer

BASE_URL = "https://awizo.test"
TWILIO_TOKEN = "twilio-canary-auth-token-7421"
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
OTHER_OPERATOR = "inpost"


def settings_for(database_url: str, directory: Path, **changes: Any) -> Settings:
    """Settings that depend on nothing around the test: no `.env`, no variables."""
    given: dict[str, Any] = {
        "database_url": database_url,
        "data_dir": directory,
        "public_url": BASE_URL,
        "log_level": "info",
    }
    return Settings(_env_file=None, **(given | changes))


def with_providers(gateway: SmsGateway, mail: SmtpServer) -> dict[str, Any]:
    """The settings that send through the doubles."""
    return {
        "sms_providers": "twilio",
        "twilio_account_sid": "AC0",
        "twilio_auth_token": TWILIO_TOKEN,
        "twilio_from": "+48500500500",
        "twilio_base_url": gateway.base_url,
        "email_providers": "smtp",
        "smtp_url": mail.url,
        "email_from": "notices@awizo.test",
    }


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def fresh_event(kind: str = "notice_left", *, at: datetime | None = None, **changes: Any) -> dict[str, Any]:
    """A structured CloudEvent whose time is near now."""
    return cloud_event(kind, at=at or now() - timedelta(minutes=1), **changes)


def person(*, agreed: bool = True) -> dict[str, Any]:
    """The body of a PUT: verified phone and e-mail, no quiet hours; with consent to everything if `agreed`."""
    at = (now() - timedelta(days=1)).isoformat()
    return {
        "quiet_hours": None,
        "contact_points": [
            {"channel": "sms", "value": PHONE, "verified": True, "method": "counter"},
            {"channel": "email", "value": EMAIL, "verified": True, "method": "counter"},
        ],
        "consents": [
            {"channel": channel, "purpose": purpose, "granted": True, "at": at, "method": "counter"}
            for channel in ("sms", "email")
            for purpose in ("delivery", "progress")
            if agreed
        ],
    }


@dataclass(slots=True, kw_only=True)
class Service:
    """A running application. `admin` is the header of a key that may do everything."""

    app: FastAPI
    client: httpx.AsyncClient
    settings: Settings
    gateway: SmsGateway
    mail: SmtpServer
    admin: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    async def token(
        self, *scopes: Scope, operators: Sequence[str] = (OPERATOR,), expires_at: datetime | None = None
    ) -> str:
        return await self.services.database.transact(
            lambda tx: create_key(
                tx,
                name="test",
                operators=operators,
                scopes=scopes,
                expires_at=expires_at,
                surroundings=self.services.surroundings,
            )
        )

    async def key(self, *scopes: Scope, operators: Sequence[str] = (OPERATOR,)) -> dict[str, str]:
        return bearer(await self.token(*scopes, operators=operators))

    async def register(self, name: str = RECIPIENT, *, operator: str = OPERATOR, agreed: bool = True) -> None:
        answer = await self.client.put(
            f"/v1/recipients/{operator}/{name}", json=person(agreed=agreed), headers=self.admin
        )
        assert answer.status_code in {200, 201}, answer.text

    async def post(self, event: object, *, key: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        """One event in structured mode."""
        sent = {**STRUCTURED, **(self.admin if key is None else key), **headers}
        return await self.client.post("/v1/events", content=json.dumps(event).encode(), headers=sent)

    async def post_batch(self, events: Sequence[object], *, key: Mapping[str, str] | None = None) -> httpx.Response:
        sent = {**BATCH, **(self.admin if key is None else key)}
        return await self.client.post("/v1/events", content=json.dumps(events).encode(), headers=sent)

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.client.get(path, params=parameters, headers=self.admin)

    async def counts(self) -> dict[str, int]:
        """How many rows each table has, but those that move by themselves: of the log, providers, duties, webhooks."""
        moving = {"leaves", "tiles", "tree_heads", "checkpoints", "pending_entries"}
        moving |= {"providers", "provider_figures", "duties", "figures", "figure_cursors", "retention_cursors"}
        moving |= {"webhook_deliveries"}
        async with self.services.database.read() as tx:
            return {
                table.name: (await tx.execute(select(func.count()).select_from(table))).scalar_one()
                for table in metadata.sorted_tables
                if table.name not in moving
            }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def open_service(database_url: str, directory: Path, **changes: Any) -> AsyncIterator[Service]:
    """Run the application with its lifespan. When it has stopped, its whole log is verified once more."""
    async with SmsGateway() as gateway, SmtpServer() as mail:
        settings = settings_for(database_url, directory, **(with_providers(gateway, mail) | changes))
        app = create_app(settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client,
        ):
            service = Service(app=app, client=client, settings=settings, gateway=gateway, mail=mail)
            service.admin = await service.key(Scope.ADMIN, operators=())
            yield service
    await check_whole_log(settings)


async def check_whole_log(settings: Settings) -> None:
    database = open_database(settings)
    try:
        results = await check_log(
            database,
            keys=signing_keys(settings.data_dir),
            mark=mark_of(settings).read(),
            progress=lambda _count: None,
        )
    finally:
        await database.close()
    assert results
    assert not [result for result in results if isinstance(result, Difference)]
