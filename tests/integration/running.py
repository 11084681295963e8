"""`awizo run` in a process of its own, as an integrator has it: service, worker and sandbox, and what it prints."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.api.process import STOP_SECONDS, environment, reserved_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the terminal shows: `url` of the service, `inbox` of the sandbox, the development `key`."""

    url: str
    inbox: str
    key: str
    printed: str

    def call(self, method: str, path: str, **more: Any) -> Any:
        """What the API answers, which must be good, as JSON."""
        headers = {"Authorization": f"Bearer {self.key}"} | more.pop("headers", {})
        answer = httpx.request(method, self.url + path, headers=headers, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()


@contextmanager
def running(directory: Path) -> Iterator[Running]:
    """Run until the block ends; SIGINT must then end it."""
    database = {"database_url": f"sqlite+aiosqlite:///{directory}/awizo.db"}
    with reserved_port() as port, (directory / "log").open("wb") as log:
        command = ["run", "--port", str(port), "--sandbox-port", "0", "--sandbox-smtp-port", "0"]
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "app.cli", *command],
            cwd=directory,
            env=environment(directory, database) | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield _ready(process, f"http://127.0.0.1:{port}", directory / "log")
            process.send_signal(signal.SIGINT)
            assert process.wait(STOP_SECONDS) in {0, 130, -signal.SIGINT}, (directory / "log").read_text()
        finally:
            process.kill()
            process.communicate()


def _ready(process: subprocess.Popen[str], url: str, log: Path) -> Running:
    assert process.stdout is not None
    printed = ""
    while "Ctrl-C" not in printed:
        line = process.stdout.readline()
        assert line, log.read_text()
        printed += line
    transport = httpx.HTTPTransport(retries=10)  # it says so just before it listens
    with httpx.Client(transport=transport) as client:
        assert client.get(f"{url}/readyz").status_code == 200
    found = re.search(r"^inbox +(http\S+)/ .*^key +(awz_\S+)", printed, re.MULTILINE | re.DOTALL)
    assert found is not None, printed
    return Running(url=url, inbox=found[1], key=found[2], printed=printed)
