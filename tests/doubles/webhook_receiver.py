"""Endpoints of other systems, in memory: what they are sent is kept, and they answer what a test says."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.ports import WebhookAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass(slots=True, kw_only=True)
class WebhookReceiver:
    """`app.ports.WebhookCaller` in memory. `failing`: how addresses fail; `waiting`: until when they say nothing."""

    calls: list[Call] = field(default_factory=list)
    failing: dict[str, str] = field(default_factory=dict)
    failing_ids: set[str] = field(default_factory=set)
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)
    at_once: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_at_once: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def refuses(self, url: str) -> str | None:
        return None

    async def call(self, url: str, *, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        call = Call(url=url, headers=dict(headers), body=body)
        self.calls.append(call)
        self._called.set()
        self.at_once[url] += 1
        self.most_at_once[url] = max(self.most_at_once[url], self.at_once[url])
        await asyncio.sleep(0)
        if url in self.waiting:
            await self.waiting[url].wait()
        self.at_once[url] -= 1
        failure = "status_500" if call.id in self.failing_ids else self.failing.get(url)
        return WebhookAnswer(failure=failure)

    async def close(self) -> None:
        return None

    async def until_called(self, url: str, times: int) -> None:
        """Return once that address was called so often."""
        while len(self.to(url)) < times:
            self._called.clear()
            await self._called.wait()

    def to(self, url: str) -> list[Call]:
        return [call for call in self.calls if call.url == url]
