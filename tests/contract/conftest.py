"""Shared fixtures of the contract suites."""

from pathlib import Path

import pytest

from tests.doubles.tls import LoopbackTls, loopback_tls


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> LoopbackTls:
    directory: Path = tmp_path_factory.mktemp("tls")
    return loopback_tls(directory)
