"""Runs `awizo` in a process of its own that kills itself where it was told to, has another clock, or a planted bug.

The program is the product's; what a plan asks for is put around it before it starts.
"""

import asyncio
import contextvars
import ctypes
import functools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults import planted, product
from tests.faults.points import CLOCK, POINTS, SHORT_WAITS, SQLITE_ENGINE, TRANSACTION, Moment, Point

_PR_SET_PDEATHSIG = 1
_COMMIT_SECONDS_MAX = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run of `awizo arguments`. `settings` are named as in Settings; `output` gets all that is written.

    It dies at the `nth` time that it comes to `kill_at`, and writes so to `reached` before. `pages_more` is by how
    many pages SQLite's file may grow.
    """

    arguments: tuple[str, ...]
    settings: Mapping[str, str] = field(repr=False)
    directory: Path
    output: Path
    reached: Path
    kill_at: str | None = None
    nth: int = 1
    ahead: timedelta = timedelta()
    bug: str | None = None
    pages_more: int | None = None


def run(plan: Plan) -> None:
    """Be that process. Meant for a child that has imported the product and done nothing else."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # no process outlives the campaign
    os.chdir(plan.directory)
    for name in [name for name in os.environ if name.startswith("AWIZO_")]:
        del os.environ[name]
    os.environ |= {f"AWIZO_{name.upper()}": value for name, value in plan.settings.items()}
    with plan.output.open("ab", buffering=0) as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    product.load()
    prepare(plan)
    sys.argv = ["awizo", *plan.arguments]
    product.find("app.cli.main")()


def prepare(plan: Plan) -> None:
    """Put everything around the product that the plan asks for."""
    random.seed()  # a fork would draw what its siblings draw
    if plan.ahead:
        product.replace(CLOCK, lambda now: lambda: _later(now, plan.ahead))
    for dotted, waits in SHORT_WAITS.items():
        known = product.find(dotted).__kwdefaults__
        if not waits.keys() <= known.keys():
            raise product.NoSuchNameError(f"{dotted}({', '.join(waits)})")
        known.update(waits)
    if plan.pages_more is not None:
        product.replace(SQLITE_ENGINE, functools.partial(_fill_up, plan.pages_more))
    if plan.bug is not None:
        planted.BUGS[plan.bug].plant()
    if plan.kill_at is not None:
        product.replace(TRANSACTION, _watched)
        set_trap(POINTS[plan.kill_at], functools.partial(_die, plan), nth=plan.nth)


def _later(now: Callable[[], datetime], ahead: timedelta) -> datetime:
    return now() + ahead


def _die(plan: Plan) -> None:
    line = json.dumps({"point": plan.kill_at, "at": time.time()}) + "\n"
    descriptor = os.open(plan.reached, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, line.encode())
    os.fsync(descriptor)
    os.kill(os.getpid(), signal.SIGKILL)


# What is to happen when the transaction that is open in this task is being committed, and once it is.
_committing: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar(
    "_committing", default=None
)
_committed: contextvars.ContextVar[list[Callable[[], None]] | None] = contextvars.ContextVar("_committed", default=None)


def _watched(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def watched(self: Any) -> AsyncIterator[Any]:
        during: list[Callable[[], None]] = []
        after: list[Callable[[], None]] = []
        _committing.set(during)
        _committed.set(after)
        async with write(self) as tx:
            yield tx
            for act in during:
                threading.Timer(random.uniform(0, _COMMIT_SECONDS_MAX), act).start()
        for act in after:
            act()

    return watched


class _Trap:
    """Springs at the nth time that this process comes to `point`."""

    def __init__(self, point: Point, spring: Callable[[], None], *, nth: int) -> None:
        self._point = point
        self._spring = spring
        self._left = nth
        self._lock = threading.Lock()

    def come(self) -> None:
        """One more time."""
        with self._lock:
            self._left -= 1
            if self._left != 0:
                return
        self._spring()

    def enter(self) -> None:
        """The function begins."""
        if self._point.moment is Moment.BEFORE:
            self.come()

    def leave(self, result: Any) -> None:
        """It has given `result`."""
        if self._point.moment is Moment.BEFORE or not _did_something(result):
            return
        if self._point.moment is Moment.AFTER:
            self.come()
            return
        waiting = (_committing if self._point.moment is Moment.COMMITTING else _committed).get()
        assert waiting is not None, f"{self._point.name} is in no transaction"
        waiting.append(self.come)


def set_trap(point: Point, spring: Callable[[], None], *, nth: int) -> None:
    """Have `spring` called at the nth time that this process comes to `point`."""
    product.replace(point.target, lambda function: wrapped(point, spring, function, nth=nth))


def wrapped(point: Point, spring: Callable[[], None], function: Callable[..., Any], *, nth: int) -> Callable[..., Any]:
    """`function`, which does what it did, with a trap where `point` says."""
    trap = _Trap(point, spring, nth=nth)
    if asyncio.iscoroutinefunction(function):

        @functools.wraps(function)
        async def trapped(*args: Any, **named: Any) -> Any:
            trap.enter()
            result = await function(*args, **named)
            trap.leave(result)
            return result

        return trapped

    @functools.wraps(function)
    def trapped_plainly(*args: Any, **named: Any) -> Any:
        trap.enter()
        result = function(*args, **named)
        trap.leave(result)
        return result

    return trapped_plainly


def _did_something(result: Any) -> bool:
    return result is None or bool(result)


def _fill_up(pages_more: int, engine: Callable[..., Any]) -> Callable[..., Any]:
    from sqlalchemy import event

    def limited(*args: Any, **named: Any) -> Any:
        made = engine(*args, **named)

        @event.listens_for(made.sync_engine, "connect")
        def limit(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA page_count")
            (pages,) = cursor.fetchone()
            cursor.execute(f"PRAGMA max_page_count={pages + pages_more}")
            cursor.close()

        return made

    return limited
