"""A PostgreSQL of our own that can be stopped as a crash stops it, and started again on what it left."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from tests import postgres
from tests.faults.asking import OUR_NAME
from tests.postgres import PostgresServer

_TERMINATE = (
    "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    f" AND pid <> pg_backend_pid() AND application_name <> '{OUR_NAME}' AND state <> 'idle' AND query ILIKE $1"
)


class OwnPostgres:
    """Port and data stay the same through every stop."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._binaries = postgres._find_binaries()
        self._user = postgres._unprivileged_user()
        if self._user is not None:
            os.chown(home, self._user.pw_uid, self._user.pw_gid)
        postgres._initialise(self._binaries, home, self._user)
        self._process, self.port = postgres._start(self._binaries, home, self._user)

    @property
    def server(self) -> PostgresServer:
        return PostgresServer(
            admin_url=f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/postgres", pid=self._process.pid
        )

    async def stop_at_once(self) -> None:
        """`immediate`: nothing is flushed, nobody is told; what follows is crash recovery."""
        self._process.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(self._process.wait, 60)

    async def start(self) -> None:
        """Start again and recover."""
        command = postgres._server_command(self._binaries, self._home, self.port)
        self._process = postgres._spawn(command, self._home, self._user)
        assert await asyncio.to_thread(postgres._becomes_ready, self._process, self._home), (
            "PostgreSQL does not recover"
        )

    async def terminate_backends(self, *, during: str, seconds: float, most: int) -> int:
        """End backends that are busy with a statement like `during`, for so long or until so many; how many."""
        connection = await asyncpg.connect(
            f"postgresql://postgres@127.0.0.1:{self.port}/postgres", server_settings={"application_name": OUR_NAME}
        )
        ended = 0
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            while ended < most and asyncio.get_running_loop().time() < deadline:
                ended += await connection.fetchval(_TERMINATE, during)
        finally:
            await connection.close()
        return ended

    def end(self) -> None:
        """For good."""
        postgres._stop(self._process)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Raises PostgresUnavailableError without PostgreSQL's programs."""
    with tempfile.TemporaryDirectory(prefix="awizo-faults-pg-", ignore_cleanup_errors=True) as directory:
        server = OwnPostgres(Path(directory).resolve())
        try:
            yield server
        finally:
            server.end()
