"""pgbouncer in transaction mode before a server of ours, from Debian's package."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.cluster.servers import DATABASE, SUPERUSER, WAIT_SECONDS, Server
from tests.integration.api.process import reserved_port

POOL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooler:
    """It listens on `port`, and has at most POOL connections to its server, however many come."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://{SUPERUSER}@127.0.0.1:{self.port}/{DATABASE}"

    async def tell(self, command: str) -> None:
        """A command of its console: RECONNECT, KILL, RESUME."""
        console = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, database="pgbouncer", statement_cache_size=0
        )
        try:
            await console.execute(command)
        finally:
            await console.close()


@contextmanager
def pooler(server: Server) -> Iterator[Pooler]:
    """Runs until the block ends. Without the program the test fails and says how to install it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.fail("no pgbouncer: install Debian's package pgbouncer", pytrace=False)
    with reserved_port() as port:
        process = server.run(program, str(_configuration(server, port)))
        try:
            _wait_until_it_listens(port, process, server)
            yield Pooler(port=port)
        finally:
            process.kill()
            process.wait()


def _configuration(server: Server, port: int) -> Path:
    ini, users = server.home / "pgbouncer.ini", server.home / "users.txt"
    users.write_text(f'"{SUPERUSER}" ""\n')
    ini.write_text(
        f"""[databases]
{DATABASE} = host=127.0.0.1 port={server.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
admin_users = {SUPERUSER}
pool_mode = transaction
default_pool_size = {POOL}
max_client_conn = 200
server_login_retry = 1
"""
    )
    for file in (ini, users):
        file.chmod(0o644)
    return ini


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], server: Server) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        assert process.poll() is None, server.last_words()
        assert time.monotonic() < deadline, server.last_words()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
