"""Where messages go: providers that take everything at once and do nothing with it, in processes of their own."""

import http.client
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.load import HOST
from tests.bench.processes import answers, free_port, started, wait

SMTP_SINK = "smtp-sink"
_BACKLOG = "100"


class SmtpSinkMissingError(Exception):
    """Postfix's smtp-sink is not installed; the text says how to change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSink:
    """Answers like Twilio, and counts."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def taken(self) -> int:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def sms_sink() -> Iterator[SmsSink]:
    """A gateway for as long as the block lasts."""
    port = free_port()
    with started([sys.executable, "-m", "tests.bench.http_sink", str(port)], {}) as process:
        wait(process, lambda: answers(port, "/", 200))
        yield SmsSink(port=port)


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink for as long as the block lasts; its port. Raises SmtpSinkMissingError."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with started([find_smtp_sink(), *user, f"{HOST}:{port}", _BACKLOG], {}) as process:
        wait(process, lambda: _listens(port))
        yield port


def find_smtp_sink() -> str:
    """Its path. Raises SmtpSinkMissingError when there is none."""
    # Debian keeps it among the administrator's programs, where an ordinary PATH does not look.
    found = shutil.which(SMTP_SINK, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SmtpSinkMissingError(
            "Postfix's smtp-sink is missing: on Debian, apt-get install postfix (it need not run)"
        )
    return found


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
