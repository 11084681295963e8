"""Many concurrent callers, one transaction: what waits together is committed together.

A commit costs a sync of the disk whatever is in it. While one runs, new callers gather; the next takes them all.
Those just answered are often back at once, so a commit waits a moment for as many as the last one had.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from app.storage.database import DatabaseUnavailableError

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class OverloadedError(Exception):
    """Too many callers wait already; nothing was done for this one."""


class SharedCommits(Generic[Question, Answer]):
    """Gathers questions and has `run` answer them in lists, one answer each, in order.

    When `run` fails for a list, each of its questions is run alone, so that a bad one hurts no other. A database
    that is away fails all at once.
    """

    def __init__(
        self,
        run: Callable[[list[Question]], Awaitable[list[Answer]]],
        *,
        batch_max: int = 128,
        waiting_max: int = 4096,
        runners_max: int = 1,
        gather_seconds: float = 0.004,
    ) -> None:
        self._run = run
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._runners_max = runners_max
        self._gather_seconds = gather_seconds
        self._last_size = 0
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._runners: set[asyncio.Task[None]] = set()
        self._running = 0

    async def submit(self, question: Question) -> Answer:
        """The answer, once the transaction that holds it has committed. Raises OverloadedError when it is full."""
        if len(self._waiting) >= self._waiting_max:
            raise OverloadedError
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._running < self._runners_max:
            self._running += 1
            runner = asyncio.create_task(self._drain())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._last_size:
                await asyncio.sleep(self._gather_seconds)
            self._last_size = size = min(len(self._waiting), self._batch_max)
            batch = [self._waiting.popleft() for _ in range(size)]
            batch = [(question, future) for question, future in batch if not future.done()]
            if batch:
                await self._answer(batch)
        # Here and not when the task is seen to be done: who asks in between would wait for a runner that has left.
        self._running -= 1

    async def _answer(self, batch: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._run([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001 – handed to those who asked
            if len(batch) == 1 or isinstance(error, DatabaseUnavailableError):
                _fail(batch, error)
            else:
                for single in batch:
                    await self._answer([single])
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def close(self) -> None:
        """Wait until everything that was submitted is answered."""
        while self._runners:
            await asyncio.gather(*self._runners)


def _fail(batch: list[tuple[Question, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
