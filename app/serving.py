"""Serve HTTP, or only work, until the process is asked to stop."""

import asyncio
import signal

import uvicorn

from app.domain.role import Role
from app.main import create_app
from app.process import running
from app.settings import Settings

# Uvicorn's own limits keep slow and half-open clients from holding the process.
KEEP_ALIVE_SECONDS = 15
SHUTDOWN_SECONDS = 20


def server(settings: Settings, *, host: str, port: int, role: Role) -> uvicorn.Server:
    """A server for the application; it logs nothing by itself, the application logs each request once."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings, role),
            host=host,
            port=port,
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


async def serve_http(settings: Settings, *, host: str, port: int, role: Role) -> None:
    """Serve until SIGINT or SIGTERM. Settings are checked before the port is opened."""
    await server(settings, host=host, port=port, role=role).serve()


async def work(settings: Settings) -> None:
    """Seal and dispatch without HTTP until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with running(settings, Role.WORKER):
        await stop.wait()
