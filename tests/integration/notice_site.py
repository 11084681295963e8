"""The HTTP process around a world's database, and the page of a notice whose link stood in an e-mail there."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.api.metrics import Metrics
from app.domain.channel import Channel
from app.domain.statement import Statement
from app.main import create_app
from app.storage import statements as statement_store
from app.storage.tables import facts
from app.usecases.watch_log import LogWatch
from tests.builders import event
from tests.integration.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSite:
    """A running service, its metrics, and what it knows of its log."""

    world: World
    client: httpx.AsyncClient
    log_watch: LogWatch
    metrics: Metrics

    async def tell(self, kind: str = "notice_left", **changes: Any) -> tuple[UUID, str]:
        """An event that is told by e-mail: the notification, and the path of the page that the e-mail links to."""
        answer = await self.world.accepted(event(kind, **changes))
        await self.world.dispatch()
        (letter,) = [n.id for n in answer.notifications if n.channel is Channel.EMAIL]
        return letter, self.newest_link()

    def newest_link(self) -> str:
        """The path of the page that the newest e-mail links to."""
        letter = message_from_bytes(self.world.mail.journal[-1].mime, policy=default)
        text = letter.get_body(("plain",))
        assert text is not None
        (link,) = set(re.findall(r"https://awizo\.test(/n/[A-Za-z0-9_-]{43})\b", text.get_content()))
        return link

    async def say(self, link: str, answer: str, **options: Any) -> httpx.Response:
        """Push a button and be led on."""
        return await self.client.post(link, data={"answer": answer}, follow_redirects=True, **options)

    async def statements(self, letter: UUID) -> list[Statement]:
        async with self.world.database.read() as tx:
            return (await statement_store.of_notifications(tx, [letter])).get(letter, [])


@asynccontextmanager
async def notice_site(world: World) -> AsyncIterator[NoticeSite]:
    log_watch, metrics, app = LogWatch(), Metrics(), create_app()
    app.state.services = SimpleNamespace(
        database=world.database, surroundings=world.surroundings, log_watch=log_watch, metrics=metrics
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://awizo.test") as client:
        yield NoticeSite(world=world, client=client, log_watch=log_watch, metrics=metrics)


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


async def documents(site: NoticeSite) -> list[dict[str, Any]]:
    """Every fact so far, oldest first."""
    async with site.world.database.read() as tx:
        rows = await tx.execute(select(facts.c.document).order_by(facts.c.id))
        return [json.loads(document) for document in rows.scalars()]
