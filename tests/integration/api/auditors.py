"""Auditors at their page, without JavaScript, and what is on record of them."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from app.domain.access import Scope
from app.storage import facts as fact_store
from app.storage import recipients as recipient_store
from app.storage.tables import facts, sessions
from app.usecases.sessions import digest_of
from tests.integration.api.browser import Visitor, browser
from tests.integration.api.service import Service, open_service

COOKIE = "__Host-awizo-audit"
NO_ID = "01a20056-46a6-7777-b896-71029894000f"


def one_service(directory: Path) -> AbstractAsyncContextManager[Service]:
    """A running service on SQLite, for all tests of a module."""
    return open_service(f"sqlite+aiosqlite:///{directory / 'awizo.db'}", directory)


async def signed_in(service: Service, token: str | None = None) -> Visitor:
    """An auditor's browser, with a key of OPERATOR if no other is given."""
    visitor = browser(service)
    given = token or await service.token(Scope.PROOFS_READ)
    answer = await visitor.post("/audit/sign-in", {"key": given})
    assert answer.status_code == 303, answer.text
    return visitor


async def signed_in_anew(service: Service) -> tuple[Visitor, str]:
    """An auditor's browser with a key that nobody else has, and the id of that key."""
    key = await service.token(Scope.PROOFS_READ)
    return await signed_in(service, key), key.split("_")[1]


async def session_of(service: Service, visitor: Visitor) -> Any:
    """The row of that browser's session, or None."""
    digest = digest_of(visitor.client.cookies[COOKIE])
    async with service.services.database.read() as tx:
        return (await tx.execute(select(sessions).where(sessions.c.token_digest == digest))).one_or_none()


async def ask(visitor: Visitor, term: str, **fields: str) -> httpx.Response:
    """The answer to the search form, where it leads."""
    return await visitor.submit("/audit/search", {"term": term, **fields}, page="/audit")


async def readings(service: Service, actor: str) -> list[tuple[str, str | None]]:
    """Act and reason of everything that is on record as read by that key, in order."""
    async with service.services.database.read() as tx:
        rows = (
            await tx.execute(select(facts.c.id).where(facts.c.type == "access.read").order_by(facts.c.id))
        ).scalars()
        found = list((await fact_store.by_ids(tx, list(rows))).values())
        keys = await recipient_store.keys_of(tx, {fact.recipient for fact in found if fact.recipient})
    said = []
    for fact in sorted(found, key=lambda each: each.id):
        data = json.loads(fact.document)["data"]
        reason = fact.openings(keys.get(fact.recipient) if fact.recipient else None).get("reason")
        if data["actor"] == actor:
            said.append((data["act"], reason.value.decode() if reason else None))
    return said
