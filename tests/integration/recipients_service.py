"""`/v1/recipients/{operator}/{recipient}` over HTTP on a test's database, and a client to call it with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from app.api import problems, recipients
from app.api.exports import export_document
from app.api.intake import Intake
from app.api.key_limits import KeyLimits
from app.api.metrics import Metrics
from app.api.reception import Reception
from app.api.services import Services
from app.domain.access import Scope
from app.domain.key_rate import KeyRate
from app.domain.pumping import CodeLimits
from app.ports import Surroundings
from app.storage.database import Database
from app.usecases.check_credentials import Keyring
from app.usecases.create_key import create_key
from app.usecases.issue_statement import StatementIssuer
from app.usecases.watch_log import LogWatch
from app.wiring import report_parser, webhook_caller
from tests.builders import OPERATOR
from tests.doubles.document_signer import NotingSigner
from tests.integration.world import KEYS
from tests.vocabularies import BUILT_IN

PLACE = f"/v1/recipients/{OPERATOR}/customer-4711"
CONTRACT_EXAMPLE: dict[str, Any] = {
    "language": "pl",
    "time_zone": "Europe/Warsaw",
    "post_codes": ["03-729"],
    "contact_points": [
        {"channel": "sms", "value": "+48600100200", "verified": True, "method": "counter"},
        {"channel": "email", "value": "jan@example.com", "verified": False},
    ],
    "consents": [
        {
            "channel": "sms",
            "purpose": "delivery",
            "granted": True,
            "at": "2026-11-01T10:00:00+01:00",
            "method": "counter",
            "text_version": "2026-11",
        }
    ],
    "quiet_hours": {"from": "20:00", "to": "08:00"},
}


@dataclass(frozen=True, slots=True)
class Api:
    """A client of the API, and keys to call it with."""

    client: httpx.AsyncClient
    services: Services

    async def key(self, *scopes: Scope, operator: str = OPERATOR) -> dict[str, str]:
        async with self.services.database.write() as tx:
            token = await create_key(
                tx,
                name="test",
                operators=[operator],
                scopes=scopes,
                expires_at=None,
                surroundings=self.services.surroundings,
            )
        return {"Authorization": f"Bearer {token}"}

    async def put(self, body: object = CONTRACT_EXAMPLE, *, place: str = PLACE, **headers: str) -> httpx.Response:
        key = await self.key(Scope.RECIPIENTS_WRITE)
        return await self.client.put(place, json=body, headers=key | headers)

    async def get(self, scope: Scope = Scope.RECIPIENTS_WRITE) -> httpx.Response:
        return await self.client.get(PLACE, headers=await self.key(scope))

    async def delete(self) -> httpx.Response:
        return await self.client.delete(PLACE, headers=await self.key(Scope.RECIPIENTS_WRITE))


@asynccontextmanager
async def recipients_api(database: Database, surroundings: Surroundings) -> AsyncIterator[Api]:
    app = FastAPI()
    app.include_router(recipients.router)
    problems.install(app)
    intake = Intake(
        database, surroundings=surroundings, vocabularies=BUILT_IN, metrics=Metrics(), on_accepted=lambda: None
    )
    services = Services(
        database=database,
        surroundings=surroundings,
        intake=intake,
        reception=Reception(database, surroundings=surroundings, metrics=Metrics(), on_end=lambda *_: None),
        keyring=Keyring(database, surroundings),
        key_limits=KeyLimits(KeyRate()),
        log_watch=LogWatch(),
        keys=KEYS,
        receipts={},
        inbound={},
        mail_reports=report_parser(),
        webhooks=webhook_caller(),
        metrics=Metrics(),
        statements=StatementIssuer(NotingSigner()),
        operator_verified=True,
        log_public=True,
        witness_policy="",
        witness_quorum=1,
        public_url="http://awizo.test",
        code_limits=CodeLimits(),
        export_document=export_document,
    )
    app.state.services = services
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://awizo.test") as client:
        yield Api(client, services)
    await intake.close()
