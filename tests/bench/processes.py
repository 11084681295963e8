"""The processes that are measured. Each listens on loopback, is waited for, and is ended by its own id."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.deployments import Deployment
from tests.bench.load import HOST

_ROOT = Path(__file__).parents[2]
_START_SECONDS, _STOP_SECONDS = 180.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process of ours; a worker listens nowhere, and its port is unused."""

    port: int
    pid: int
    role: str


@contextmanager
def awizo(deployment: Deployment, *, role: str, more: Mapping[str, str] | None = None) -> Iterator[int]:
    """`awizo serve` for as long as the block lasts, ready when it begins; the port (of a worker: unused)."""
    with awizo_process(deployment, role=role, more=more) as process:
        yield process.port


@contextmanager
def awizo_process(deployment: Deployment, *, role: str, more: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The same, with its process id."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--host", HOST, "--port", str(port), "--role", role]
    with started(command, deployment.environment | dict(more or {})) as process:
        if role != "worker":
            wait(process, lambda: answers(port, "/readyz", 200))
        yield Running(port=port, pid=process.pid, role=role)


@contextmanager
def noop() -> Iterator[int]:
    """The floor's handler for as long as the block lasts, ready when it begins; the port."""
    port = free_port()
    with started([sys.executable, "-m", "tests.bench.noop", str(port)], {}) as process:
        wait(process, lambda: answers(port, "/", 404))
        yield port


@contextmanager
def started(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts; its last words are shown when the block fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWIZO_")}
    # In a directory of its own, so that no .env of the developer's is read. Logs go to a file there.
    with tempfile.TemporaryDirectory(prefix="awizo-bench-") as directory, (Path(directory) / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=inherited | {"PYTHONPATH": str(_ROOT)} | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        except BaseException:
            sys.stderr.write((Path(directory) / "log").read_text(errors="replace")[-2000:])
            raise
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    """Return when the process is ready. Raises RuntimeError when it ends before, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("a process of the benchmark did not start")
        time.sleep(0.05)


def answers(port: int, path: str, status: int) -> bool:
    """Whether an HTTP server answers so there."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == status
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
