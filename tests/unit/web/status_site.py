"""The page of figures by itself, over a database that says what the test wants it to say."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from app.domain.duty import Downtime
from app.domain.figures import PublicFigures
from app.storage.database import DatabaseUnavailableError
from app.usecases.watch_log import LogWatch
from app.web import assets, status
from tests.unit.web.figures import NOW, OPERATORS, TODAY, some_figures


@dataclass(kw_only=True, slots=True)
class Records:
    """What is known. `away`: the database cannot be reached. `asked` are the operators whose figures were read."""

    figures: PublicFigures | None = None
    operators: Sequence[str] = OPERATORS
    ended: Sequence[Downtime] = ()
    ongoing: Sequence[Downtime] = ()
    away: bool = False

    def tell(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the page read these instead of the database's."""

        async def counted_operators(_tx: object) -> Sequence[str]:
            if self.away:
                raise DatabaseUnavailableError("away on purpose")
            return self.operators

        async def public_figures(_tx: object, *, operator: str | None, today: date) -> PublicFigures:
            return self.figures or some_figures(operator)

        async def recent_downtimes(_tx: object, *, since: datetime) -> Sequence[Downtime]:
            return self.ended

        async def ongoing(_tx: object, *, now: datetime) -> Sequence[Downtime]:
            return self.ongoing

        for told in (counted_operators, public_figures, recent_downtimes, ongoing):
            monkeypatch.setattr(status, told.__name__, told)


@asynccontextmanager
async def _transaction() -> AsyncIterator[None]:
    yield None


def status_app(*, log_public: bool = True, fault: str | None = None) -> FastAPI:
    """The page and what it loads, on TODAY, at NOW."""
    assert NOW.date() == TODAY
    app = FastAPI()
    app.include_router(status.router)
    app.include_router(assets.router)
    app.state.services = SimpleNamespace(
        database=SimpleNamespace(read=_transaction),
        surroundings=SimpleNamespace(clock=lambda: NOW),
        log_watch=LogWatch(fault=fault),
        log_public=log_public,
    )
    return app


async def get(
    query: str = "", *, method: str = "GET", log_public: bool = True, fault: str | None = None
) -> httpx.Response:
    """The page's answer."""
    transport = httpx.ASGITransport(status_app(log_public=log_public, fault=fault))
    async with httpx.AsyncClient(transport=transport, base_url="https://awizo.test") as client:
        return await client.request(method, f"/status{query}")
