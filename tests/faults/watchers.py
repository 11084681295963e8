"""Those who look on while faults happen: at published checkpoints, at statuses, at what processes take up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiohttp

from tests.faults.asking import Asking, AwayError
from tests.faults.journals import Journals, Seen

_LOOK_SECONDS = 0.25
_PAGE = 4096


class Watchers:
    """Look on from `start` until closed; a second closing does nothing."""

    def __init__(self, url: str, journals: Journals, asking: Asking) -> None:
        self._url = url
        self._journals = journals
        self._asking = asking
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, pids: Callable[[], Iterable[int]]) -> None:
        """Begin to look; `pids` are the processes that run just then."""
        looks = (self._log, self.statuses, partial(self._processes, pids))
        self._tasks = [asyncio.create_task(self._on(look)) for look in looks]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    async def _on(self, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(AwayError, aiohttp.ClientError, TimeoutError):
                await look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _log(self) -> None:
        for path in ("/log/checkpoint", "/log/vkey"):
            async with self._client.get(self._url + path) as answer:
                if answer.status == 200:
                    self._note(path, await answer.read())

    def _note(self, path: str, raw: bytes) -> None:
        if path == "/log/vkey":
            self._journals.vkeys |= set(raw.decode().split())
        elif self._journals.notes[-1:] != [raw]:
            self._journals.notes.append(raw)

    async def statuses(self) -> None:
        """Look at every notification once."""
        for row in await self._asking.rows("SELECT id, status, attempts FROM notifications"):
            seen = self._journals.seen.setdefault(str(row["id"]).replace("-", ""), Seen())
            now = (row["status"], row["attempts"])
            if seen.statuses[-1:] != [now]:
                seen.statuses.append(now)

    async def _processes(self, pids: Callable[[], Iterable[int]]) -> None:
        for pid in pids():
            with suppress(OSError, ValueError):
                self._journals.memory_max = max(self._journals.memory_max, _resident(pid))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
