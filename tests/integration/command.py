"""The `awizo` command, run inside the test's process."""

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from app import cli


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str = field(repr=False)
    err: str

    @property
    def sentence(self) -> str:
        """What was said on stderr, which is one line and nothing else."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        return line


Awizo = Callable[..., Ended]


@pytest.fixture
def awizo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Awizo]:
    """Runs a command in an empty directory, with these settings and no others."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> Ended:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["awizo", *arguments])
            for name, value in settings.items():
                patch.setenv(f"AWIZO_{name.upper()}", value)
            try:
                cli.main()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)

    yield run
    root.handlers, root.level = handlers, level
    structlog.configure(**config)
