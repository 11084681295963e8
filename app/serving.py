"""Serve HTTP, or only work, until the process is asked to stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Coroutine

import uvicorn
import uvloop

from app.bounded_http import BoundedHttp
from app.domain.role import Role
from app.main import create_app
from app.process import running
from app.settings import Settings

# An idle connection is closed after the first; the second is how long requests under way may still take at the end.
KEEP_ALIVE_SECONDS = 15
SHUTDOWN_SECONDS = 20


def server(settings: Settings, *, host: str, port: int, role: Role) -> uvicorn.Server:
    """A server for the application; it logs nothing by itself, the application logs each request once."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings, role),
            host=host,
            port=port,
            http=BoundedHttp,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )


def run_until_done(main: Coroutine[None, None, None]) -> None:
    """Run `main` on the fast event loop.

    Modules and models are left out of every garbage collection, and collections are rarer: requests make thousands of
    short-lived values that counting references frees, and looking for cycles among them took 10 to 20 % of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve_http(settings: Settings, *, host: str, port: int, role: Role) -> None:
    """Serve until SIGINT or SIGTERM, then settle what is in flight.

    Raises ListenError when the address cannot be had, and what `running` raises when the process must not start.
    """
    # Its errors repeat ours, with tracebacks that may hold values; the application logs and tells them itself.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with _listener(host, port) as listener:
        http = server(settings, host=host, port=port, role=role)
        with contextlib.suppress(SystemExit):  # how uvicorn says that the lifespan failed; we say why
            await http.serve(sockets=[listener])
    failure = http.config.app.state.start_failure  # type: ignore[union-attr] # it is our FastAPI application
    if failure is not None:
        raise failure


class ListenError(Exception):
    """The address cannot be listened on; one sentence."""


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ListenError(f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}.") from None


async def work(settings: Settings) -> None:
    """Seal and dispatch without HTTP until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with running(settings, Role.WORKER):
        await stop.wait()
