"""PostgreSQL servers of our own: a primary and a standby that streams from it, to be killed, frozen and promoted.

Without PostgreSQL's binaries they fail and say how to install them.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL

from tests import postgres
from tests.integration.api.process import reserved_port

SUPERUSER = "postgres"
DATABASE = "awizo"
WAIT_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Server:
    """One server on a port of its own, with its files in `home`."""

    binaries: Path
    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = DATABASE) -> str:
        return url_of(self, database=database)

    def start(self) -> None:
        """Ready for connections on return."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.home),
            "max_connections": "100",
            "shared_buffers": "32MB",
            "wal_receiver_status_interval": "1s",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = self.run(str(self.binaries / "postgres"), "-D", str(self.home / "data"), *options)
        lock_file = self.home / "data" / "postmaster.pid"
        self.until(lambda: lock_file.exists() and lock_file.read_text().splitlines()[7:8] == ["ready   "])

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """A program of PostgreSQL's, as somebody who is not root."""
        user = postgres._unprivileged_user()
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                user=user.pw_uid if user else None, group=user.pw_gid if user else None,
                extra_groups=[] if user else None             )  # fmt: skip

    def call(self, *command: str) -> None:
        with self.run(*command) as process:
            assert process.wait() == 0, self.last_words()

    def kill(self) -> None:
        """Every one of its processes at once, as when the machine fails."""
        self._signal_all(signal.SIGKILL)

    def freeze(self) -> None:
        """Nobody there does anything any more, but connections stay, and new ones are taken by the system."""
        self._signal_all(signal.SIGSTOP)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            for pid in [self.process.pid, *children(self.process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def stop(self) -> None:
        """Whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.process is not None:
            self.process.wait(WAIT_SECONDS)

    async def query(self, statement: str, *, database: str = "postgres") -> Any:
        """The first value of what a statement gives."""
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user=SUPERUSER, database=database)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    def ask(self, statement: str, *, database: str = "postgres") -> Any:
        """The same, for those who run no loop."""
        answer: list[Any] = []

        async def ask() -> None:
            answer.append(await self.query(statement, database=database))

        postgres._run(ask())
        return answer[0]

    async def promote(self) -> None:
        """It takes writes on return."""
        assert await self.query("SELECT pg_promote(true, 60)")

    def until(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not happened():
            assert time.monotonic() < deadline, self.last_words()
            assert self.process is None or self.process.poll() is None, self.last_words()
            time.sleep(0.02)

    def last_words(self) -> str:
        return (self.home / "log").read_text(errors="replace")[-3000:]


def children(parent: int) -> list[int]:
    """The processes that a postmaster has begun."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@dataclass(slots=True, kw_only=True)
class Pair:
    """A primary, and a standby that has everything the primary committed, or nearly everything."""

    primary: Server
    standby: Server

    def url(self, **query: str) -> str:
        """The address of both, whichever it is that takes writes."""
        return url_of(self.primary, self.standby, **query)

    async def no_longer_streaming(self) -> None:
        """What the primary commits from now on stays with it."""
        await self.standby.query("ALTER SYSTEM SET primary_conninfo = ''")
        await self.standby.query("SELECT pg_reload_conf()")
        while await self.primary.query("SELECT count(*) FROM pg_stat_replication"):
            pass


def url_of(*servers: Server, database: str = DATABASE, **query: str) -> str:
    hosts = tuple(f"127.0.0.1:{server.port}" for server in servers)
    url = URL.create("postgresql+asyncpg", username=SUPERUSER, database=database, query={"host": hosts, **query})
    return url.render_as_string(hide_password=False)


@contextmanager
def single() -> Iterator[Server]:
    """One server with an empty database DATABASE."""
    with _homes(1) as (server,):
        _initialise(server)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def pair(*, synchronous: bool) -> Iterator[Pair]:
    """A primary with an empty database DATABASE, and its standby; if synchronous, both have what is committed."""
    with _homes(2) as (primary, standby), ExitStack() as stack:
        _initialise(primary)
        stack.callback(primary.stop)
        standby.call(
            str(standby.binaries / "pg_basebackup"), "--pgdata", str(standby.home / "data"), "--write-recovery-conf",
            "--checkpoint=fast", "--no-sync", "--dbname",
            f"host=127.0.0.1 port={primary.port} user={SUPERUSER} application_name=standby",
        )  # fmt: skip
        stack.callback(standby.stop)
        standby.start()
        streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        primary.until(lambda: primary.ask(streaming))
        if synchronous:
            primary.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            primary.ask("SELECT pg_reload_conf()")
            primary.until(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"))
        yield Pair(primary=primary, standby=standby)


@contextmanager
def _homes(count: int) -> Iterator[Sequence[Server]]:
    binaries, user = postgres._find_binaries(), postgres._unprivileged_user()
    with (
        ExitStack() as ports,
        tempfile.TemporaryDirectory(
            prefix="awizo-cluster-", dir=postgres._memory(), ignore_cleanup_errors=True
        ) as directory,
    ):
        Path(directory).chmod(0o755)
        servers = []
        for number in range(count):
            home = Path(directory).resolve() / str(number)
            home.mkdir()
            if user is not None:
                os.chown(home, user.pw_uid, user.pw_gid)
            port = ports.enter_context(reserved_port())
            servers.append(Server(binaries=binaries, home=home, port=port))
        yield servers


def _initialise(server: Server) -> None:
    server.call(
        str(server.binaries / "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C",
        f"--username={SUPERUSER}", f"--pgdata={server.home / 'data'}",
    )  # fmt: skip
    server.start()
    server.ask(f"CREATE DATABASE {DATABASE}")
