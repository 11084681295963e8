"""`awizo serve` as a process of its own, on a free port of 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS = 90.0
STOP_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeProcess:
    """A server that answers at `url`; everything that it writes goes to `output`."""

    url: str
    output: Path
    process: subprocess.Popen[bytes]


def environment(directory: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The variables of a child: nothing of our own settings, these instead."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWIZO_")}
    given = {f"AWIZO_{name.upper()}": value for name, value in settings.items()}
    return kept | {"AWIZO_DATA_DIR": str(directory), "COLUMNS": "200", "NO_COLOR": "1"} | given


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port of 127.0.0.1 that the system gives to nobody else in the block; who asks for it by number may listen."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@contextmanager
def serve(directory: Path, *, port: int | None = None, **settings: str) -> Iterator[ServeProcess]:
    """Serve until the block ends; SIGTERM must then end the process in good order."""
    output = directory / "output.log"
    with reserved_port() as reserved, output.open("wb") as written:
        port = port or reserved
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            cwd=directory,
            env=environment(directory, settings),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, output)
            yield ServeProcess(url=url, output=output, process=process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS) in {0, -signal.SIGTERM}, output.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text()
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not become ready:\n{output.read_text()}")
