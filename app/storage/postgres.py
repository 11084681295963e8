"""PostgreSQL, one server or several: how it is reached, and which errors mean that it cannot be worked with now.

A server that stopped being the primary is as good as gone: whoever is told so lets go of every connection, and the next
one is made to whichever host takes writes by then.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_SECONDS = 5
COMMAND_SECONDS = 30
RECYCLE_SECONDS = 1800

# Beginnings of SQLSTATEs (PostgreSQL, appendix A). Connection exceptions, also all that pgbouncer says of itself; a
# connection that is not let in; insufficient resources; an operator's intervention: shutdown, crash, still starting,
# database dropped; system errors; and what a server says that was the primary until a moment ago.
_AWAY = ("08", "28", "3D000", "53", "57P", "58", "25006")
# Given up by the server because it took too long: timeouts of statements, locks and idle transactions.
_TOO_LATE = ("57014", "55P03", "25P03")


def postgres_engine(
    url: URL,
    *,
    pool_size: int,
    pool_timeout: float,
    stall_seconds: float | None,
    command_seconds: float | None,
    is_pooled: bool,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections to the server that takes writes.

    `stall_seconds` is how long the server waits for us inside a transaction; None leaves that to its own setting.
    `is_pooled` says that a pooler in transaction mode stands in between (pgbouncer): no statement outlives its
    transaction, nothing is set when a connection begins, and finding the primary is the pooler's business.
    """
    arguments: dict[str, Any] = {
        "async_creator_fn": Hosts().connect,
        "timeout": CONNECT_SECONDS,
        "command_timeout": command_seconds,
    }
    if is_pooled:
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    elif "target_session_attrs" not in url.query:
        arguments["target_session_attrs"] = "read-write"
    if stall_seconds is not None and not is_pooled:
        milliseconds = f"{round(stall_seconds * 1000)}ms"
        arguments["server_settings"] = {"idle_in_transaction_session_timeout": milliseconds}
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        hide_parameters=True,
        connect_args=arguments,
        pool_recycle=RECYCLE_SECONDS,
    )
    event.listen(engine.sync_engine, "handle_error", _let_go)
    return engine


class Hosts:
    """Connects to the first host of a cluster that will do, beginning with the one that did last.

    Each host has its share of the time, because a machine that is gone does not answer at all: the driver would spend
    everything on the first one.
    """

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    async def connect(
        self,
        *,
        host: str | Sequence[str] | None = None,
        port: int | Sequence[int] | None = None,
        timeout: float,  # noqa: ASYNC109 – the driver's own argument, shared out among the hosts
        **arguments: Any,
    ) -> asyncpg.Connection:
        """A connection; raises what the last host that was tried had to say."""
        if host is None or isinstance(host, str):
            return await asyncpg.connect(host=host, port=port, timeout=timeout, **arguments)
        assert port is not None  # noqa: S101 – SQLAlchemy has refused several hosts without ports
        assert not isinstance(port, int)  # noqa: S101 – as many ports as hosts
        places = sorted(zip(host, port, strict=True), key=lambda place: place != self._last)
        share = timeout / len(places)
        for place in places[:-1]:
            try:
                return await self._connect(place, timeout=share, **arguments)
            except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError):
                continue
        return await self._connect(places[-1], timeout=share, **arguments)

    async def _connect(self, place: tuple[str, int], **arguments: Any) -> asyncpg.Connection:
        connection = await asyncpg.connect(host=place[0], port=place[1], **arguments)
        self._last = place
        return connection


def is_away(error: DBAPIError) -> bool:
    """Whether the database cannot be worked with at the moment, while nothing is wrong with what it was asked.

    It went, is not there yet, takes no writes, lets nobody in, or gave up because of a lock or a limit of time.
    """
    return error.connection_invalidated or _is_gone(error.driver_exception) or _state(error).startswith(_TOO_LATE)


def told_by(error: BaseException) -> str:
    """The name of the driver's error, which tells more than SQLAlchemy's; holds no values."""
    cause = error.driver_exception if isinstance(error, DBAPIError) else error
    return type(cause).__name__


def _let_go(context: ExceptionContext) -> None:
    """Have all connections made anew, not only the one that told us."""
    if _is_gone(context.original_exception.__cause__ or context.original_exception):
        context.is_disconnect = True


def _is_gone(error: BaseException | None) -> bool:
    # After our own time limit nobody knows what state the connection is in; often the other machine is gone.
    if isinstance(error, TimeoutError | asyncpg.InternalClientError):
        return True
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "").startswith(_AWAY)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
