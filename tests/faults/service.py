"""Processes of the product, forked from one that has imported it already, so that hundreds can be killed."""

import asyncio
import itertools
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.faults import under_fault
from tests.faults.under_fault import Plan

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preloaded", "tests.faults.under_fault"])


class Running:
    """One process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process = _context.Process(target=under_fault.run, args=(plan,), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    async def ended(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._process.is_alive():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    async def exit_code(self) -> int:
        """The code it ends with; negative for a signal."""
        assert await self.ended(_STOP_SECONDS), f"it does not end\n{self.last_words()}"
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send(self, number: signal.Signals) -> None:
        """That signal, if it still lives."""
        if self._process.is_alive():
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, whatever it is doing; gone on return."""
        self.send(signal.SIGKILL)
        await self.exit_code()

    async def stop(self) -> None:
        """SIGTERM; it ends in good order, or this fails."""
        self.send(signal.SIGTERM)
        code = await self.exit_code()
        assert code in {0, -signal.SIGTERM}, f"exit {code}\n{self.last_words()}"

    def died_at_its_point(self) -> bool:
        """Whether it came to where it was to be killed."""
        return self.plan.reached.exists()

    def last_words(self) -> str:
        return self.plan.output.read_text(errors="replace")[-4000:]


@dataclass(slots=True, kw_only=True)
class Deployment:
    """Where a deployment's processes find everything, and how they are started."""

    directory: Path
    database_url: str
    sms_url: str
    smtp_url: str
    bug: str | None = None
    port: int = field(default_factory=lambda: free_port())  # noqa: PLW0108 – it stands below
    more: Mapping[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def data_dir(self) -> Path:
        return self.directory / "data"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "database_url": self.database_url,
            "data_dir": str(self.data_dir),
            "public_url": self.url,
            "log_origin": "awizo.test/log",
            "sms_providers": "twilio",
            "twilio_account_sid": "AC0",
            "twilio_auth_token": TWILIO_TOKEN,
            "twilio_from": "Awizo",
            "twilio_base_url": self.sms_url,
            "email_providers": "smtp",
            "smtp_url": self.smtp_url,
            "email_from": "awizo <notices@awizo.test>",
            "incident_digest_seconds": "2",
            **self.more,
        }

    def start(
        self,
        *arguments: str,
        kill_at: str | None = None,
        nth: int = 1,
        ahead: timedelta = timedelta(),
        pages_more: int | None = None,
    ) -> Running:
        """Start `awizo arguments`."""
        number = next(self._numbers)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return Running(
            Plan(
                arguments=arguments,
                settings=self.settings,
                directory=self.directory,
                output=self.directory / f"{number:05d}.out",
                reached=self.directory / f"{number:05d}.reached",
                kill_at=kill_at,
                nth=nth,
                ahead=ahead,
                bug=self.bug,
                pages_more=pages_more,
            )
        )

    async def command(self, *arguments: str) -> str:
        """What `awizo arguments` prints; it must end well."""
        process = self.start(*arguments)
        code = await process.exit_code()
        assert code == 0, process.last_words()
        return process.plan.output.read_text().strip()


TWILIO_TOKEN = "a-token-that-we-and-the-gateway-share"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
