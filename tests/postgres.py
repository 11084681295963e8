"""A PostgreSQL for the tests: the one AWIZO_TEST_PG_URL names, else our own from the installed binaries.

Our own server keeps `fsync`, `full_page_writes` and `synchronous_commit` at their durable defaults, because
the log refuses to sign without them. It listens on a random port of 127.0.0.1 and on a socket in its own
directory, which the tests have in memory where there is room: hardly a test is about the disk, and thousands wait
for it.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import URL, make_url

_SUPERUSER = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PORT_ATTEMPTS = 5
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 2 << 30


class PostgresUnavailableError(Exception):
    """Neither AWIZO_TEST_PG_URL nor PostgreSQL's binaries are there; the text says how to change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A running server. `admin_url` opens its maintenance database; `pid` is our own postmaster's, if any."""

    admin_url: str
    pid: int | None = None

    def create_database(self, *, template: str = "template0") -> str:
        """The URL (`postgresql+asyncpg://…`) of a new copy of `template`, which must have no connections."""
        name = f"awizo_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return _render(make_url(self.admin_url).set(database=name))

    def drop_database(self, url: str) -> None:
        """Remove a database that `create_database` made, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database_name(url)}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run one statement in the maintenance database, outside of any transaction."""
        _run(_execute(self.admin_url, statement))


@contextmanager
def start_postgres(*, parent: Path | None = None) -> Iterator[PostgresServer]:
    """A server for as long as the block lasts; ours is stopped and its data removed however the block ends.

    Its data is below `parent`, by default where temporary files go. Raises PostgresUnavailableError when there is
    nothing to start, RuntimeError with the server's own words when it does not start.
    """
    given = os.environ.get("AWIZO_TEST_PG_URL")
    if given:
        yield PostgresServer(admin_url=_render(make_url(given).set(drivername="postgresql+asyncpg")))
        return
    binaries = _find_binaries()
    user = _unprivileged_user()
    # realpath: initdb would resolve a link itself, and the server's socket path would then differ from ours
    with tempfile.TemporaryDirectory(prefix="awizo-pg-", dir=parent, ignore_cleanup_errors=True) as directory:
        home = Path(directory).resolve()
        if user is not None:
            os.chown(home, user.pw_uid, user.pw_gid)
        _initialise(binaries, home, user)
        process, port = _start(binaries, home, user)
        try:
            yield PostgresServer(
                admin_url=f"postgresql+asyncpg://{_SUPERUSER}@127.0.0.1:{port}/postgres", pid=process.pid
            )
        finally:
            _stop(process)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """One server for the whole run, or for each of its workers.

    Without one: a skip with the reason, or the end of the run if AWIZO_REQUIRE_PG=1. One that is there and does not
    work is the end of the run as well: thousands of tests would fail with the same words.
    """
    required = os.environ.get("AWIZO_REQUIRE_PG") == "1"
    with ExitStack() as stack:
        try:
            server = stack.enter_context(start_postgres(parent=_memory()))
            server.execute("SELECT 1")
        except PostgresUnavailableError as missing:
            reason = str(missing)
        except (OSError, RuntimeError, asyncpg.PostgresError) as broken:
            required, reason = True, f"PostgreSQL does not work: {broken}"
        else:
            yield server
            return
    if required:
        request.session.shouldfail = "no PostgreSQL"
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped after the test."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


def database_name(url: str) -> str:
    """The database that a URL names."""
    return make_url(url).database or ""


def _memory() -> Path | None:
    """A directory in memory with room for the servers of all workers, if there is one: most containers have none."""
    try:
        return _MEMORY if shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES else None
    except OSError:
        return None


def _find_binaries() -> Path:
    for directory in _candidate_directories():
        if (directory / "initdb").is_file() and (directory / "postgres").is_file():
            return directory
    raise PostgresUnavailableError(
        "no PostgreSQL: install Debian's package postgresql, or set AWIZO_TEST_PG_URL to a server "
        "on which databases may be created"
    )


def _candidate_directories() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    installed = Path("/usr/lib/postgresql")
    yield from sorted(installed.glob("*/bin"), key=_major_version, reverse=True)
    initdb = shutil.which("initdb")
    if initdb:
        yield Path(initdb).resolve().parent


def _major_version(directory: Path) -> int:
    digits = directory.parent.name.partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to become before starting a server, which refuses to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailableError("no PostgreSQL: root cannot run it, and there is no user postgres or nobody")


def _initialise(binaries: Path, home: Path, user: pwd.struct_passwd | None) -> None:
    command = [
        str(binaries / "initdb"),
        *("--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"),
        f"--username={_SUPERUSER}",
        f"--pgdata={home / 'data'}",
    ]
    with _spawn(command, home, user) as process:
        if process.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{_last_words(home)}")


def _start(binaries: Path, home: Path, user: pwd.struct_passwd | None) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_PORT_ATTEMPTS):
        port = _free_port()
        process = _spawn(_server_command(binaries, home, port), home, user)
        try:
            if _becomes_ready(process, home):
                return process, port
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    raise RuntimeError(f"PostgreSQL did not start:\n{_last_words(home)}")


def _server_command(binaries: Path, home: Path, port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(home),
        "max_connections": "200",
        "shared_buffers": "32MB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(binaries / "postgres"), "-D", str(home / "data"), *options]


def _spawn(command: Sequence[str], home: Path, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    # The server stays in our process group on purpose: a signal to the group, which is how a terminal and
    # timeout(1) end a run, then reaches it even when this process gets no chance to clean up.
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def _becomes_ready(process: subprocess.Popen[bytes], home: Path) -> bool:
    """Whether the server says so in the eighth line of its lock file before it ends or the time is up."""
    lock_file = home / "data" / "postmaster.pid"
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if lock_file.exists() and lock_file.read_text().splitlines()[7:8] == ["ready   "]:
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGQUIT)  # "immediate": the data directory is thrown away
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _last_words(home: Path) -> str:
    return (home / "log").read_text(errors="replace")[-2000:]


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(_render(make_url(url).set(drivername="postgresql")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(work: Coroutine[object, object, None]) -> None:
    """Run `work` on a thread of its own, since the caller's may have a running loop already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()
